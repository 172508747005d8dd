"""Results that a task takes by ``xcom_pull``, in its callable or in Jinja; Airflow makes no edge for those."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dagport.evaluate.domain import Anything, Function, Scope, walk
from dagport.graph import DataFlow
from dagport.passes import templates
from dagport.readers.airflow.nodes import RETURN_KEY, Dag, Task
from dagport.readers.airflow.taskflow import TaskFactory

_PULLS = "_xcom_pulls"


def data_flows(task: Task, dag: Dag) -> Iterator[DataFlow]:
    """All results that a task takes from tasks of its DAG."""
    for upstream, keys in task.results.items():
        if isinstance(upstream.task_id, str):
            for key in keys:
                yield DataFlow(upstream=upstream.task_id, downstream=task.task_id, key=key)
    for task_id, key in (*_in_callable(task), *_in_templates(task.arguments, dag.id)):
        if task_id in dag.tasks:
            yield DataFlow(upstream=task_id, downstream=task.task_id, key=key)


def _in_callable(task: Task) -> Iterator[tuple[str, str]]:
    function = task.function if task.function is not None else task.fields.get("python_callable")
    function = function.function if isinstance(function, TaskFactory) else function
    if not isinstance(function, Function) or "xcom_pull" not in function.scope.module.source.text:
        return
    for task_ids, key in _pulls(function):
        for task_id in task_ids:
            yield task_id, key


def _pulls(function: Function) -> list[tuple[list[str], str]]:
    calls = getattr(function.node, _PULLS, None)
    if calls is None:
        calls = [
            node
            for node in ast.walk(function.node)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "xcom_pull"
        ]
        setattr(function.node, _PULLS, calls)
    return [pull for call in calls if (pull := _pull(call, function.scope)) is not None]


def _pull(call: ast.Call, scope: Scope) -> tuple[list[str], str] | None:
    arguments: dict[str, ast.expr] = dict(zip(("task_ids", "dag_id", "key"), call.args, strict=False))
    arguments.update({keyword.arg: keyword.value for keyword in call.keywords if keyword.arg})
    task_ids = _constant(arguments.get("task_ids"), scope)
    key = _constant(arguments["key"], scope) if "key" in arguments else RETURN_KEY
    if isinstance(task_ids, str):
        task_ids = [task_ids]
    if not isinstance(task_ids, list | tuple) or not all(isinstance(item, str) for item in task_ids):
        return None
    return (list(task_ids), str(key)) if isinstance(key, str) else None


def _constant(node: ast.expr | None, scope: Scope) -> Anything:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        return [_constant(item, scope) for item in node.elts]
    if isinstance(node, ast.Name):
        place: Scope | None = scope
        while place is not None:
            if node.id in place.names:
                return place.names[node.id]
            place = place.parent
        return scope.module.names.get(node.id)
    return None


def _in_templates(values: Anything, dag_id: Anything) -> Iterator[tuple[str, str]]:
    for value in walk([values]):
        if isinstance(value, str):
            yield from _in_text(value, dag_id)


def _in_text(text: str, dag_id: Anything) -> Iterator[tuple[str, str]]:
    if "xcom_pull" not in text or not templates.has_template(text):
        return
    # The text of an `XComArg` names its own DAG.
    text = text.replace(f", dag_id='{dag_id}'", "")
    try:
        found = templates.refs(text) or ()
    except templates.TooLarge:
        return  # the argument itself is a doubt
    for ref in found:
        if ref.startswith("xcom:"):
            task_id, _, key = ref.removeprefix("xcom:").rpartition(".")
            yield task_id, key
