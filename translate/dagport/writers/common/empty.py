"""EmptyOperator where it can't be folded: a function that does nothing, as the task does."""

from __future__ import annotations

from dagport.graph import Task
from dagport.writers.common.edges import EMPTY_OPERATORS
from dagport.writers.common.inputs import Inputs
from dagport.writers.common.model import NOTHING, Function, Inspection
from dagport.writers.common.scope import Scope

OPERATORS = EMPTY_OPERATORS
ARGUMENTS = frozenset[str]()
BODY = '"""Do nothing: as in Airflow, it only orders others."""'


def inspect(task: Task, scope: Scope) -> Inspection:
    """It hands over nothing."""
    return Inspection(result=NOTHING)


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """A function without an effect."""
    name = scope.names[task.id].function
    return scope.inputs(task), Function(text=f"def {name}() -> None:\n    {'pass' if task.doc else BODY}")
