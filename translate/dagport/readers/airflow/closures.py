"""Names that a task's function takes from enclosing functions or from loops, with their values when it runs."""

from __future__ import annotations

import ast

from dagport.evaluate.domain import Function, Scope, Unknown
from dagport.readers.airflow.convert import to_value
from dagport.values import Code, Value

_NAMES = "_free_names"


def closure_of(function: Function) -> dict[str, Value]:
    """Names of enclosing functions that the body reads, with the values they end up with.

    A task runs long after its file was imported, so a closure sees the last value that a name got.
    """
    if function.scope.parent is None and function.scope.names is function.scope.module.names:
        return {}
    found: dict[str, Value] = {}
    for name in sorted(free_names(function.node)):
        place: Scope | None = function.scope
        while place is not None and place.names is not place.module.names:
            if name in place.names:
                value = place.names[name]
                found[name] = Code(value.text, value.why) if isinstance(value, Unknown) else to_value(value)
                break
            place = place.parent
    return found


def free_names(node: ast.AST) -> frozenset[str]:
    """Names that a function reads and doesn't bind itself; kept on the node, which several tasks may share."""
    known = getattr(node, _NAMES, None)
    if known is None:
        names: dict[type, set[str]] = {ast.Load: set(), ast.Store: set(), ast.Del: set()}
        for item in ast.walk(node):
            if isinstance(item, ast.Name):
                names[type(item.ctx)].add(item.id)
            elif isinstance(item, ast.arg):
                names[ast.Store].add(item.arg)
        known = frozenset(names[ast.Load] - names[ast.Store])
        setattr(node, _NAMES, known)
    return frozenset(known)
