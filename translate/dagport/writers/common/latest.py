"""LatestOnlyOperator: a function that asks whether the run is the latest of its schedule.

Source: ``LatestOnlyOperator`` of the standard provider 1.21. A run that is started by hand always goes on; one of a
schedule does between its logical date and that of the next. So it is with Airflow 3 and the timetables that a cron
expression or an interval makes there, whose data intervals have no length.
"""

from __future__ import annotations

from dagport.graph import Task
from dagport.writers.common.inputs import Inputs
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import VALUE, Function, Inspection, Refused
from dagport.writers.common.scope import Scope

OPERATORS = frozenset(
    {
        "airflow.operators.latest_only.LatestOnlyOperator",
        "airflow.providers.standard.operators.latest_only.LatestOnlyOperator",
    }
)
ARGUMENTS: frozenset[str] = frozenset()


def inspect(task: Task, scope: Scope) -> Inspection:
    """It asks for the run's date. Raises ``Refused``."""
    if scope.pipeline.engine_version != "3":
        raise Refused("which of its runs is the latest is another matter before Airflow 3")
    if scope.pipeline.schedule.kind not in ("cron", "interval"):
        raise Refused(f"which run is the latest isn't known of a schedule of the kind {scope.pipeline.schedule.kind}")
    if task.arguments.get("do_xcom_push") is False:
        raise Refused("its result isn't stored")
    scope.inputs(task, ()).check_date("logical_date")
    return Inspection(result=VALUE, context=frozenset({"logical_date"}))


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """The function that returns the ids of the tasks after it, or none of them. Raises ``Refused``."""
    inputs = scope.inputs(task, {"is_latest"})
    condition = inputs.latest()
    after = sorted({edge.downstream for edge in scope.pipeline.edges if edge.upstream == task.id})
    head = f"def {scope.names[task.id].function}({', '.join(inputs.signature())}):"
    return inputs, Function(text=f"{head}\n    return [{', '.join(map(text_literal, after))}] if {condition} else []")
