"""Tasks that start another DAG of the project: a run of its deployment is made, and not waited for.

With ``timeout=0`` Prefect's ``run_deployment`` returns as soon as the run is made. It isn't a subflow, which would end
with the run that has started it.
"""

from __future__ import annotations

from dagport.graph import Task
from dagport.writers.common import starting
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import NOTHING, Function, Inspection, Refused
from dagport.writers.common.starting import OPERATORS, started_by
from dagport.writers.prefect.inputs import Inputs
from dagport.writers.prefect.naming import BANNED, GENERATED
from dagport.writers.prefect.scope import Scope

__all__ = ["ARGUMENTS", "OPERATORS", "inspect", "write"]
ARGUMENTS = starting.ARGUMENTS
RUN = "run_deployment"


def inspect(task: Task, scope: Scope) -> Inspection:
    """It hands over nothing. Raises ``Refused`` where more than a plain run is asked for."""
    _deployment(task, scope)
    return Inspection(result=NOTHING)


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """A function that makes the run. Raises ``Refused``."""
    deployment = _deployment(task, scope)
    inputs = scope.inputs(task, {RUN})
    inputs.imports[GENERATED[RUN]] = None
    call = f"{RUN}({text_literal(deployment)}, timeout=0, as_subflow=False)"
    return inputs, Function(text=f"def {scope.names[task.id].function}() -> None:\n    {call}")


def _deployment(task: Task, scope: Scope) -> str:
    """The deployment of the flow that is started. Raises ``Refused``."""
    target = started_by(task, scope.pipeline, scope.project.pipelines)
    if BANNED.search(target.id):
        raise Refused(f"it starts the DAG {target.id!r}, whose flow has another name")
    if task.arguments.get("fail_when_dag_is_paused"):
        raise Refused(f"it starts the DAG {target.id!r} with `fail_when_dag_is_paused`")
    return f"{target.id}/{target.id}"
