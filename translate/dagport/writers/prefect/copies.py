"""Whether a function may change what it is given: tasks of one process share the objects that they hand on.

Airflow gives every task a copy of a result. So does the generated code where several tasks take one result and the code
of one of them changes objects. What a library does with an argument isn't looked at.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

from dagport.source import parsed

CHANGING = frozenset(
    {
        "append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "update", "setdefault", "popitem",
        "add", "discard", "difference_update", "intersection_update", "symmetric_difference_update", "appendleft",
        "popleft",
    }
)  # fmt: skip
FRESH = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.Constant, ast.JoinedStr, ast.BinOp)


def may_change(text: str) -> bool:
    """Whether a piece of code changes an object that it hasn't made itself, as far as its form shows."""
    try:
        tree = parsed(textwrap.dedent(text))
    except SyntaxError:
        return True
    fresh = _fresh(tree)
    return any(root is None or root not in fresh for root in _changed(tree))


def _changed(tree: ast.AST) -> Iterator[str | None]:
    """The names whose objects, or parts of these, are changed; ``None`` for one that has no name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            yield _root(node)
        elif isinstance(node, ast.AugAssign):
            yield _root(node.target)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING:
            yield _root(node.func)


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _fresh(tree: ast.AST) -> frozenset[str]:
    """Names that are only ever bound to what the code makes there."""
    bound: dict[str, bool] = {}
    for name, is_fresh in _bindings(tree):
        bound[name] = bound.get(name, True) and is_fresh
    return frozenset(name for name, is_fresh in bound.items() if is_fresh)


def _bindings(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """Each binding of a name, and whether it is to a new object."""
    new = set(_new(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node in new
        elif isinstance(node, ast.arg):
            yield node.arg, False


def _new(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, FRESH):
            yield from node.targets
        elif isinstance(node, ast.AnnAssign) and isinstance(node.value, FRESH):
            yield node.target
        elif isinstance(node, ast.AugAssign):
            yield node.target  # it is what it was before
