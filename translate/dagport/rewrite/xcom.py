"""The arguments of ``xcom_pull`` and ``xcom_push``.

Sources: ``RuntimeTaskInstance`` in ``airflow.sdk.execution_time.task_runner`` (3.3), ``TaskInstance`` in
``airflow.models.taskinstance`` (2.11 and 1.10).
"""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from dagport.rewrite.context import RETURN_KEY
from dagport.rewrite.model import Pull, Refusal
from dagport.rewrite.names import Names
from dagport.rewrite.tree import Tree

PULL_ORDER = ("task_ids", "dag_id", "key", "include_prior_dates")
PUSH_ORDER = ("key", "value")
DEFAULTS: Mapping[str, str] = {
    "dag_id": "None",
    "include_prior_dates": "False",
    "map_indexes": "None",
    "default": "None",
    "run_id": "None",
    "session": "None",
}
"""Further arguments of a pull; only their defaults mean "from this very run"."""


def read_pull(tree: Tree, names: Names, call: cst.Call) -> Pull | Refusal:
    """What a pull asks for, or why that isn't known."""
    given = _arguments(call, PULL_ORDER)
    span = tree.span(call)
    if given is None:
        return Refusal("xcom_pull is called with arguments that aren't known", span)
    for name, default in DEFAULTS.items():
        value = given.pop(name, None)
        if value is not None and not (isinstance(value.value, cst.Name) and value.value.value == default):
            return Refusal(f"xcom_pull is given {name}: it may read another run or another DAG", span)
    tasks, key_arg = given.pop("task_ids", None), given.pop("key", None)
    if given:
        return Refusal(f"xcom_pull has no argument {min(given)}", span)
    key = RETURN_KEY if key_arg is None else names.text(key_arg.value)
    if key is None:
        return Refusal("xcom_pull is given a key that is known only when it runs", span)
    if tasks is None:
        return Refusal("xcom_pull names no task", span)
    one, many = names.text(tasks.value), names.texts(tasks.value)
    if one is None and not many:
        return Refusal("xcom_pull is given task ids that are known only when it runs", span)
    return Pull((one,) if one is not None else many or (), one is None, key, span)


def read_push(tree: Tree, names: Names, call: cst.Call) -> tuple[str, cst.Arg] | Refusal:
    """The key and the value of a push, or why they aren't known."""
    given = _arguments(call, PUSH_ORDER)
    if given is None or set(given) != set(PUSH_ORDER):
        return Refusal("xcom_push is called with arguments that aren't known", tree.span(call))
    key = names.text(given["key"].value)
    if key is None:
        return Refusal("xcom_push is given a key that is known only when it runs", tree.span(call))
    if key == RETURN_KEY:
        return Refusal("xcom_push replaces the returned value", tree.span(call))
    return key, given["value"]


def _arguments(call: cst.Call, order: tuple[str, ...]) -> dict[str, cst.Arg] | None:
    given: dict[str, cst.Arg] = {}
    for index, arg in enumerate(call.args):
        if arg.star or (arg.keyword is None and index >= len(order)):
            return None
        name = order[index] if arg.keyword is None else arg.keyword.value
        if name in given:
            return None
        given[name] = arg
    return given
