"""What a function takes from the objects that the context and the connections give it."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from dagport.rewrite.scopes import Scope
from dagport.rewrite.tree import Tree
from dagport.rewrite.usage import ConnectionUse, ContextUse, Usage

INDEX = "[]"
ANYTHING = "*"
TEXT = "str"
"""Only its text is taken: in an f-string, by ``str`` or by ``print``."""


def attributes_of(tree: Tree, usage: Usage) -> dict[str, frozenset[str]]:
    """Context entry, or "conn.ID" -> the attributes used; ``*`` where the object itself goes elsewhere."""
    found: dict[str, set[str]] = {}
    for use in usage.uses:
        if isinstance(use, ContextUse):
            found.setdefault(use.meaning.entry, set()).update(_taken(tree, usage.scope, use.node))
        elif isinstance(use, ConnectionUse):
            found.setdefault(f"conn.{use.id}", set()).update(_taken(tree, usage.scope, use.node))
    for name, entry in usage.bound.items():
        for read in usage.scope.reads_of(name):
            found.setdefault(entry, set()).update(_taken(tree, usage.scope, read))
    return {entry: frozenset(found[entry]) for entry in sorted(found)}


def _taken(tree: Tree, scope: Scope, node: cst.BaseExpression) -> Iterator[str]:
    parent = tree.parent(node)
    if isinstance(parent, cst.Attribute) and parent.value is node:
        yield parent.attr.value
    elif isinstance(parent, cst.Subscript) and parent.value is node:
        yield INDEX
    elif isinstance(parent, cst.Assign) and len(parent.targets) == 1:
        yield from _taken_by_name(tree, scope, parent.targets[0].target)
    else:
        yield TEXT if _is_shown(tree, scope, node) else ANYTHING


def _is_shown(tree: Tree, scope: Scope, node: cst.BaseExpression) -> bool:
    parent = tree.parent(node)
    if isinstance(parent, cst.FormattedStringExpression):
        return parent.conversion is None and parent.format_spec is None and parent.equal is None
    call = tree.parent(parent) if isinstance(parent, cst.Arg) and not parent.star and parent.keyword is None else None
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Name):
        return False
    return call.func.value in ("print", "str") and scope.owner(call.func.value) is None


def _taken_by_name(tree: Tree, scope: Scope, target: cst.BaseExpression) -> Iterator[str]:
    if not isinstance(target, cst.Name) or len(scope.bindings.get(target.value, [])) != 1:
        yield ANYTHING
        return
    for read in scope.reads_of(target.value):
        parent = tree.parent(read)
        if isinstance(parent, cst.Attribute) and parent.value is read:
            yield parent.attr.value
        else:
            shown = TEXT if _is_shown(tree, scope, read) else ANYTHING
            yield INDEX if isinstance(parent, cst.Subscript) and parent.value is read else shown
