"""EmptyOperator where it can't be folded: an asset that does nothing, as the task does."""

from __future__ import annotations

from dagport.graph import Task
from dagport.writers.dagster.edges import EMPTY_OPERATORS
from dagport.writers.dagster.inputs import Inputs
from dagport.writers.dagster.model import NOTHING, Function, Inspection
from dagport.writers.dagster.scope import Scope

OPERATORS = EMPTY_OPERATORS
ARGUMENTS = frozenset[str]()
BODY = '"""Do nothing: as in Airflow, it only orders others."""'


def inspect(task: Task, scope: Scope) -> Inspection:
    """It hands over nothing."""
    return Inspection(result=NOTHING)


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """An asset's function without an effect."""
    name = scope.names[task.id].function
    return Inputs(scope, task, ()), Function(text=f"def {name}() -> None:\n    {'pass' if task.doc else BODY}")
