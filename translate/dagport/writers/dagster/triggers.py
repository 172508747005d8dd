"""Tasks that start another DAG of the project: an asset, at whose every update a sensor starts that DAG's job.

Source: ``TriggerDagRunOperator.execute``: without ``wait_for_completion`` the task succeeds as soon as the run is made.
The run has no dates but the moment at which it is made, so a job whose runs are partitions isn't started like that.
"""

from __future__ import annotations

from dagport.graph import Pipeline, Task
from dagport.writers.common import starting
from dagport.writers.common.code import docstring
from dagport.writers.common.inputs import Inputs
from dagport.writers.common.model import NOTHING, Function, Inspection, Refused
from dagport.writers.common.starting import OPERATORS, started_by
from dagport.writers.dagster.partitions import partitions_of
from dagport.writers.dagster.scope import Scope

__all__ = ["ARGUMENTS", "OPERATORS", "inspect", "target_of", "write"]
ARGUMENTS = starting.ARGUMENTS


def inspect(task: Task, scope: Scope) -> Inspection:
    """It hands over nothing. Raises ``Refused`` where more than a plain run is asked for."""
    target_of(task, scope)
    return Inspection(result=NOTHING)


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """A function without an effect: its asset's update counts."""
    target = target_of(task, scope)
    inputs = scope.inputs(task)
    inputs.notes["DP403", f"a sensor starts the DAG {target.id!r} after the task {task.id!r}: turn it on"] = None
    body = "pass" if task.doc else docstring(f"Start the job of the DAG {target.id}: a sensor waits for this update.")
    name = scope.names[task.id].function
    return inputs, Function(text=f"def {name}() -> None:\n    {body or 'pass'}")


def target_of(task: Task, scope: Scope) -> Pipeline:
    """The pipeline that a task starts. Raises ``Refused``."""
    target = started_by(task, scope.pipeline, scope.project.pipelines)
    if scope.graphs.job:
        raise Refused(f"it starts the DAG {target.id!r}, and no sensor sees an op")
    dates = partitions_of(target, scope.project.package)
    if not isinstance(dates, str) and dates.definition is not None:
        raise Refused(f"it starts the DAG {target.id!r}, whose runs may be partitions")
    return target
