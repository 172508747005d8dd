"""What statements do to variables, and which code they lead to."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dagport_lineage.extract.callables import folding, libraries
from dagport_lineage.extract.callables.access import as_data, item_of, text_of_callee
from dagport_lineage.extract.callables.comprehensions import iterated
from dagport_lineage.extract.callables.domain import (
    LOST,
    NONE,
    Data,
    Entries,
    Foreign,
    Function,
    Handle,
    Items,
    Known,
    Lost,
    Value,
    forget,
    is_object,
    is_within,
    origins_of,
    take_in,
    union,
)
from dagport_lineage.extract.callables.expressions import combine
from dagport_lineage.extract.callables.loops import for_loop, items_of, while_loop
from dagport_lineage.extract.callables.modules import Binding
from dagport_lineage.extract.callables.site import Site

if TYPE_CHECKING:
    from dagport_lineage.extract.callables.walker import Walker


# Names and assignments


def assign(walker: Walker, target: ast.expr, value: Value, node: ast.AST) -> None:
    """``target = value``."""
    if isinstance(target, ast.Name):
        walker.frame.env[target.id] = value
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(walker, target.elts, value, node)
    elif isinstance(target, ast.Starred):
        assign(walker, target.value, Items("list", None, origins_of(value), walker.region, is_object(value)), node)
    elif isinstance(target, ast.Subscript):
        _set_item(walker, target, value)
    elif isinstance(target, ast.Attribute):
        _set_attribute(walker, target, value)


def _unpack(walker: Walker, targets: list[ast.expr], value: Value, node: ast.AST) -> None:
    known = items_of(walker, value)
    if known is not None and len(known) == len(targets) and not any(isinstance(t, ast.Starred) for t in targets):
        for target, item in zip(targets, known, strict=True):
            assign(walker, target, item, node)
        return
    part = iterated(walker, value)
    for target in targets:
        assign(walker, target, part, node)


def _set_item(walker: Walker, target: ast.Subscript, value: Value) -> None:
    base = as_data(walker.value(target.value))
    key = as_data(walker.value(target.slice))
    walker.mix(base, value)
    if isinstance(base, Items | Entries):
        certain = walker.mutate(base) and not is_within(base, value)
        if certain and isinstance(base, Entries) and base.entries is not None and isinstance(key, Known):
            base.entries[key.value] = value
            return
        forget(base)
        base.origins = union([base.origins, origins_of(value)])
        if isinstance(base, Items):
            take_in(base, value)
        base.holds_objects = base.holds_objects or is_object(value)
    elif isinstance(base, Foreign) or (isinstance(base, Handle) and not libraries.kind(base.kind).assignable):
        walker.gap("both", "callable", f"what setting `{text_of_callee(target)}` does isn't known", target)


def _set_attribute(walker: Walker, target: ast.Attribute, value: Value) -> None:
    base = as_data(walker.value(target.value))
    walker.mix(base, value)
    if isinstance(base, Lost | Data):
        return
    if isinstance(base, Handle):
        kind = libraries.kind(base.kind)
        if kind.assignable or target.attr in kind.settable:
            return
        walker.spoiled.append((base.kind, base.data))
    walker.gap("both", "callable", f"what setting `{text_of_callee(target)}` does isn't known", target)


def _assign(walker: Walker, node: ast.Assign) -> None:
    value = walker.value(node.value)
    for target in node.targets:
        assign(walker, target, value, node)


def _annotated(walker: Walker, node: ast.AnnAssign) -> None:
    if node.value is not None:
        assign(walker, node.target, walker.value(node.value), node)


def _augmented(walker: Walker, node: ast.AugAssign) -> None:
    if isinstance(node.target, ast.Name):
        old: Value = walker.value(ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target))
    elif isinstance(node.target, ast.Subscript):
        base, key = walker.value(node.target.value), as_data(walker.value(node.target.slice))
        old = item_of(walker, base, key, text_of_callee(node.target))
    else:
        old = Data(None, None)
    added = as_data(walker.value(node.value))
    if isinstance(old, Items | Entries):  # in place, for all who hold it
        walker.mix(old, added)
        objects = is_object(added)
        forget(old)
        old.origins = union([old.origins, origins_of(added)])
        if objects:
            old.holds_objects = True
            if isinstance(old, Items):
                old.element = None
        return
    assign(walker, node.target, combine(walker, node.op, as_data(old), added, node), node)


def _delete(walker: Walker, node: ast.Delete) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name):
            walker.frame.env.pop(target.id, None)
        elif isinstance(target, ast.Subscript):
            _set_item(walker, target, NONE)
        else:
            walker.value(target)


def _import(walker: Walker, node: ast.Import | ast.ImportFrom) -> None:
    for alias in node.names:
        shown = alias.asname or alias.name.partition(".")[0]
        walker.frame.env[shown] = walker.project.imported(walker.frame.module, Binding("import", node, alias))


def _function(walker: Walker, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    for default in [*node.args.defaults, *(item for item in node.args.kw_defaults if item is not None)]:
        walker.value(default)
    walker.frame.env[node.name] = Function(node, walker.frame.module, walker.frame)


def _class(walker: Walker, node: ast.ClassDef) -> None:
    walker.frame.env[node.name] = Foreign(f"`{node.name}`, a class")


def _expression(walker: Walker, node: ast.Expr) -> bool | None:
    if isinstance(node.value, ast.Constant):
        return None
    walker.value(node.value)
    return None


def _nothing(walker: Walker, node: ast.stmt) -> None:
    pass


# Leaving


def _return(walker: Walker, node: ast.Return) -> bool:
    value = NONE if node.value is None else walker.value(node.value)
    walker.frame.results.append(as_data(value))
    return False


def _raise(walker: Walker, node: ast.Raise) -> bool:
    for item in (node.exc, node.cause):
        if item is not None:
            walker.value(item)
    return False


def _break(walker: Walker, node: ast.Break) -> bool:
    walker.frame.loops[-1].breaks.append(dict(walker.frame.env))
    return False


def _continue(walker: Walker, node: ast.Continue) -> bool:
    walker.frame.loops[-1].continues.append(dict(walker.frame.env))
    return False


def _assert(walker: Walker, node: ast.Assert) -> None:
    walker.value(node.test)
    if node.msg is not None:
        walker.value(node.msg)


# Branches


def _if(walker: Walker, node: ast.If) -> bool:
    known = folding.truth(as_data(walker.value(node.test)))
    if known is not None:
        return walker.block(node.body if known else node.orelse)
    return _ways(walker, [node.body, node.orelse])


def _ways(walker: Walker, bodies: list[list[ast.stmt]]) -> bool:
    """Follow several blocks of which one is executed."""
    before = walker.frame.env
    ends: list[dict[str, Value]] = []
    for body in bodies:
        walker.frame.env = dict(before)
        with walker.branch():
            if walker.block(body):
                ends.append(walker.frame.env)
    walker.frame.env = dict(before)
    return walker.merge(ends)


def _match(walker: Walker, node: ast.Match) -> bool:
    subject = as_data(walker.value(node.subject))
    before = walker.frame.env
    ends: list[dict[str, Value]] = [before]
    for case in node.cases:
        walker.frame.env = dict(before)
        with walker.branch():
            for item in ast.walk(case.pattern):
                name = getattr(item, "name", None) or getattr(item, "rest", None)
                if isinstance(name, str):
                    is_data = isinstance(subject, Known | Data) or not is_object(subject)
                    walker.frame.env[name] = Data(None, origins_of(subject)) if is_data else Foreign(f"`{name}`")
            if case.guard is not None:
                walker.value(case.guard)
            if walker.block(case.body):
                ends.append(walker.frame.env)
    walker.frame.env = dict(before)
    return walker.merge(ends)


def _try(walker: Walker, node: ast.Try) -> bool:
    before = dict(walker.frame.env)
    ends: list[dict[str, Value]] = []
    with walker.branch():
        falls = walker.block(node.body) and walker.block(node.orelse)
    if falls:
        ends.append(walker.frame.env)
    for handler in node.handlers:
        walker.frame.env = dict(before)
        walker.havoc(node.body)
        if handler.name:
            walker.frame.env[handler.name] = Data(None, None)
        with walker.branch():
            if walker.block(handler.body):
                ends.append(walker.frame.env)
    walker.frame.env = dict(before)
    if not walker.merge(ends):
        walker.havoc(node.body)
        walker.block(node.finalbody)
        return False
    return walker.block(node.finalbody)


def _with(walker: Walker, node: ast.With | ast.AsyncWith) -> bool:
    swallows = False
    before = dict(walker.frame.env)
    for item in node.items:
        manager = walker.value(item.context_expr)
        value, quiet = _entered(walker, manager, item.context_expr)
        swallows = swallows or quiet
        if item.optional_vars is not None:
            assign(walker, item.optional_vars, value, node)
    if not swallows:
        return walker.block(node.body)
    with walker.branch():
        falls = walker.block(node.body)
    after = walker.frame.env
    walker.frame.env = dict(before)
    walker.havoc(node.body)
    return walker.merge([walker.frame.env, after] if falls else [walker.frame.env])


def _entered(walker: Walker, manager: Value, node: ast.expr) -> tuple[Value, bool]:
    """What ``with`` binds, and whether it may swallow an exception."""
    if isinstance(manager, Handle):
        rule = libraries.kind(manager.kind).enter
        call = node if isinstance(node, ast.Call) else ast.copy_location(ast.Call(node, [], []), node)
        return (rule(Site(walker, call, text_of_callee(node), receiver=manager)) if rule else manager), False
    if isinstance(manager, Lost):
        return LOST, True
    if isinstance(manager, Data):
        return manager, True
    shown = text_of_callee(node)
    return walker.gap("both", "callable", f"what `with {shown}` does isn't known", node), True


# Loops


STATEMENTS: Mapping[type[ast.stmt], Callable[[Walker, Any], bool | None]] = {
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Delete: _delete,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Expr: _expression,
    ast.Pass: _nothing,
    ast.Global: _nothing,
    ast.Nonlocal: _nothing,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.Assert: _assert,
    ast.If: _if,
    ast.Match: _match,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.For: for_loop,
    ast.AsyncFor: for_loop,
    ast.While: while_loop,
}
