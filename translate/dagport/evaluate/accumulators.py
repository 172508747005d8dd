"""What a loop does to names, by its syntax: those it binds, and the collections that it only fills.

Such a collection is empty just before the loop, and nothing but added to inside. Nobody else can hold it, so its
content after the loop is that of all passes, in the order of the passes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from dagport.evaluate.domain import Scope

EMPTY_CALLS: dict[str, type] = {"list": list, "dict": dict, "set": set}
ADDING: dict[type, frozenset[str]] = {
    list: frozenset({"append", "extend"}),
    dict: frozenset(),
    set: frozenset({"add", "update"}),
}


def accumulators(loop: ast.For, scope: Scope) -> dict[str, type]:
    """Name -> type of the collections of a scope that a loop of it only fills."""
    body = _body(scope)
    blocks = list(_enclosing_blocks(body, loop)) if body is not None else []
    found: dict[str, type] = {}
    for block, index in blocks:
        for place in range(index):
            name, kind = _empty_collection(block[place])
            if kind is None or name is None or type(scope.names.get(name)) not in _kinds(kind):
                continue
            found.pop(name, None)
            if all(_only_fills(statement, name, kind) for statement in block[place + 1 : index + 1]):
                found[name] = kind
    return {name: kind for name, kind in found.items() if not _is_in_function(body or [], name)}


def _kinds(kind: type) -> tuple[type, ...]:
    from dagport.evaluate.listing import Listing, Table

    others: dict[type, type] = {list: Listing, dict: Table}
    return (kind, others.get(kind, kind))


def _body(scope: Scope) -> list[ast.stmt] | None:
    if scope.is_class:
        return None
    if scope.frame is not None and scope.frame.function is not None:
        body = scope.frame.function.node.body
        return body if isinstance(body, list) else None
    return scope.module.body if scope.parent is None else None


def _enclosing_blocks(body: list[ast.stmt], loop: ast.For) -> Iterator[tuple[list[ast.stmt], int]]:
    """The blocks around a statement, outermost first, and where in each it is."""
    for index, statement in enumerate(body):
        if statement is loop:
            yield body, index
            return
        if not (statement.lineno <= loop.lineno <= (statement.end_lineno or statement.lineno)):
            continue
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for inner in _blocks(statement):
            below = list(_enclosing_blocks(inner, loop))
            if below:
                yield body, index
                yield from below
                return


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if isinstance(block, list):
            yield block
    for handler in getattr(statement, "handlers", []):
        yield handler.body


def _empty_collection(statement: ast.stmt) -> tuple[str | None, type | None]:
    """``name = []`` and its like."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, value = statement.target, statement.value
    else:
        return None, None
    if not isinstance(target, ast.Name):
        return None, None
    if isinstance(value, ast.List) and not value.elts:
        return target.id, list
    if isinstance(value, ast.Dict) and not value.keys:
        return target.id, dict
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and not value.args and not value.keywords:
        return target.id, EMPTY_CALLS.get(value.func.id)
    return target.id, None


def _only_fills(statement: ast.AST, name: str, kind: type) -> bool:
    """Whether a statement mentions a collection in no other way than to add to it."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        method = call.func
        if isinstance(method, ast.Attribute) and isinstance(method.value, ast.Name) and method.value.id == name:
            return method.attr in ADDING[kind] and not any(
                _mentions(part, name) for part in (*call.args, *(keyword.value for keyword in call.keywords))
            )
    if kind is dict and isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id == name:
            return not _mentions(target.slice, name) and not _mentions(statement.value, name)
    if isinstance(statement, ast.Name):
        return statement.id != name
    return all(_only_fills(child, name, kind) for child in ast.iter_child_nodes(statement))


def _mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(child, ast.Name) and child.id == name for child in ast.walk(node))


def _is_in_function(body: list[ast.stmt], name: str) -> bool:
    """Whether a function or class that is defined there mentions a name: it could see the collection half filled."""
    scopes = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    definitions = [node for statement in body for node in ast.walk(statement) if isinstance(node, scopes)]
    return any(_mentions(node, name) for node in definitions)


def bound_names(nodes: Iterable[ast.AST]) -> dict[str, None]:
    """The names that statements bind in their own scope."""
    found: dict[str, None] = {}
    todo = list(nodes)
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found[node.id] = None
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = None
            continue
        elif isinstance(node, ast.alias):
            found[node.asname or node.name.partition(".")[0]] = None
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found[node.name] = None
        elif isinstance(node, ast.Lambda):
            continue
        todo.extend(ast.iter_child_nodes(node))
    return found
