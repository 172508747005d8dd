"""The ids that a branch may return: Airflow fails for one that isn't there, and so does the generated task."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Iterator

from dagport.graph import Pipeline, Task
from dagport.passes.control import Control
from dagport.writers.common.model import Function
from dagport.writers.prefect.scope import Scope


def choices_of(task: Task, control: Control, function: Function, scope: Scope) -> list[str]:
    """Those that lead on; and all others of the DAG, unless the function returns none of them for certain."""
    ways = list(control.ways)
    text = scope.segment(task) if task.callable is not None and task.callable.span is not None else function.text
    returned = returned_ids(text)
    if returned is not None and returned <= {*ways}:
        return ways
    return list(dict.fromkeys([*ways, *_ids(scope.pipeline)]))


def returned_ids(text: str) -> frozenset[str] | None:
    """The ids that a function's ``return`` statements, or a lambda, have as constants; ``None`` if they have others."""
    try:
        tree = ast.parse(textwrap.dedent(text)).body[0]
    except (SyntaxError, IndexError):
        return None
    if not isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    found: set[str] = set()
    for value in _returned(tree):
        ids = _constants(value)
        if ids is None:
            return None
        found |= ids
    return frozenset(found)


def _returned(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr]:
    left: list[ast.AST] = list(function.body)
    for node in left:  # grows
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            left += ast.iter_child_nodes(node)


def _constants(value: ast.expr) -> frozenset[str] | None:
    if isinstance(value, ast.Constant):
        if isinstance(value.value, str):
            return frozenset({value.value})
        return frozenset() if value.value is None else None
    if isinstance(value, ast.IfExp):
        return _union([value.body, value.orelse])
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return _union(value.elts)
    return None


def _union(values: Iterable[ast.expr]) -> frozenset[str] | None:
    found = [_constants(one) for one in values]
    return None if None in found else frozenset().union(*(one for one in found if one))


def _ids(pipeline: Pipeline) -> Iterator[str]:
    yield from (task.id for task in pipeline.tasks)
    yield from (group.id for group in pipeline.groups)
