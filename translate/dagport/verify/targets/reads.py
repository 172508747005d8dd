"""Which results a function reads, in the order of its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from dagport.verify.targets.code import Function


def reads_of(function: Function, takes: Mapping[str, str]) -> tuple[str, ...]:
    """``task`` for a result as a whole, ``task.key`` for one item of it."""
    found: list[tuple[tuple[int, int], str]] = []
    inner: set[int] = set()
    for node in ast.walk(function):
        item = _item(node)
        if item is not None and item[0].id in takes:
            inner.add(id(item[0]))
            found.append((_position(item[0]), f"{takes[item[0].id]}.{item[1]}"))
    for node in _names(function):
        if id(node) not in inner and node.id in takes:
            found.append((_position(node), takes[node.id]))
    return tuple(text for _, text in sorted(found))


def _names(function: Function) -> Iterator[ast.Name]:
    return (node for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))


def _item(node: ast.AST) -> tuple[ast.Name, str] | None:
    """``rows["key"]`` and ``rows.get("key", ...)``."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        return _keyed(node.value, node.slice)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "get":
        return None
    return _keyed(node.func.value, node.args[0]) if isinstance(node.func.value, ast.Name) and node.args else None


def _keyed(name: ast.Name, key: ast.expr) -> tuple[ast.Name, str] | None:
    return (name, key.value) if isinstance(key, ast.Constant) and isinstance(key.value, str) else None


def _position(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset
