"""Tasks that the original engine goes on running: what is handed to them."""

from __future__ import annotations

from dagport.graph import Task
from dagport.writers.common.inputs import RETURN_KEY, Inputs
from dagport.writers.common.scope import Scope


def is_opaque(task: Task, scope: Scope) -> bool:
    """Whether a task may read results that the graph doesn't know of: its code can't be seen, or not all of it."""
    if task.callable is None:
        return not task.operator.startswith("airflow.")
    return task.callable.span is None or bool(scope.module.facts(task.callable).refusals)


def handed(task_id: str, inputs: Inputs) -> str | None:
    """The source of the results of a task by their keys, as Airflow has them; ``None``: it has none."""
    result = inputs.scope.results.get(task_id)
    if result is None or result.kind in ("nothing", "unknown"):
        return None
    name = inputs.parameter(task_id)
    if result.kind == "value":
        return f'{{"{RETURN_KEY}": {name}}}'
    if result.kind == "outputs":
        return f'{{"{RETURN_KEY}": {name}, **{name if result.returns else f"({name} or {{}})"}}}'
    return name
