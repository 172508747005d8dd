"""Execution of statements: one function a kind of node, found by the node's type."""

from __future__ import annotations

import ast
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any

from dagport.evaluate import operators
from dagport.evaluate.attributes import delete_attribute, get_attribute, set_attribute
from dagport.evaluate.domain import (
    Anything,
    CallSite,
    Frame,
    LimitHit,
    Model,
    PyRaise,
    Scope,
    Unknown,
)
from dagport.evaluate.expressions import evaluate, make_function
from dagport.evaluate.imports import absolute_name, attribute_of_packages, import_from, import_name, import_star
from dagport.evaluate.items import delete_item, get_item, set_item
from dagport.evaluate.iterators import Stream, Untold, collected, each
from dagport.evaluate.listing import Listing, Table

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


class Signal:
    """How a block ended early."""


class Return(Signal):
    """``return value``."""

    __slots__ = ("value",)

    def __init__(self, value: Anything) -> None:
        self.value = value


BREAK = Signal()
CONTINUE = Signal()
Executor = Callable[["Machine", Any, Scope], Signal | None]


def execute_block(machine: Machine, body: list[ast.stmt], scope: Scope) -> Signal | None:
    """Run statements in order; the signal tells why the block ended early."""
    for statement in body:
        machine.step()
        try:
            signal = STATEMENTS[type(statement)](machine, statement, scope)
        except (PyRaise, LimitHit) as stop:
            stop.site = stop.site or CallSite(statement, scope)
            raise
        if signal is not None:
            return signal
    return None


def _expression(machine: Machine, node: ast.Expr, scope: Scope) -> None:
    evaluate(machine, node.value, scope)


def _assign(machine: Machine, node: ast.Assign, scope: Scope) -> None:
    value = evaluate(machine, node.value, scope)
    for target in node.targets:
        assign(machine, target, value, scope)


def assign(machine: Machine, target: ast.expr, value: Anything, scope: Scope) -> None:
    """Bind a target to a value."""
    if isinstance(target, ast.Name):
        bind(machine, target.id, value, scope)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(machine, target, value, scope)
    elif isinstance(target, ast.Attribute):
        owner = evaluate(machine, target.value, scope)
        set_attribute(machine, owner, target.attr, value, CallSite(target, scope))
    elif isinstance(target, ast.Subscript):
        owner = evaluate(machine, target.value, scope)
        set_item(machine, owner, evaluate(machine, target.slice, scope), value, CallSite(target, scope))
    elif isinstance(target, ast.Starred):
        assign(machine, target.value, value, scope)


def bind(machine: Machine, name: str, value: Anything, scope: Scope) -> None:
    """Bind a name where ``global`` and ``nonlocal`` say, else in the scope (a comprehension's walrus: around it)."""
    if scope.declared and name in scope.declared:
        machine.effect()
        scope.declared[name][name] = value
    else:
        scope.names[name] = value


def _unpack(machine: Machine, target: ast.Tuple | ast.List, value: Anything, scope: Scope) -> None:
    wanted = len(target.elts)
    star = next((index for index, item in enumerate(target.elts) if isinstance(item, ast.Starred)), None)
    items = _taken(machine, value, None if star is not None else wanted + 1, CallSite(target, scope))
    if isinstance(items, Unknown):
        for item in target.elts:
            assign(machine, item, items, scope)
        return
    if star is None:
        if len(items) > wanted:
            raise PyRaise("ValueError", f"too many values to unpack (expected {wanted})")
        if len(items) < wanted:
            raise PyRaise("ValueError", f"not enough values to unpack (expected {wanted}, got {len(items)})")
    elif len(items) < wanted - 1:
        text = f"not enough values to unpack (expected at least {wanted - 1}, got {len(items)})"
        raise PyRaise("ValueError", text)
    else:
        after = wanted - star - 1
        items = [*items[:star], items[star : len(items) - after], *items[len(items) - after :]]
    for item, part in zip(target.elts, items, strict=True):
        assign(machine, item, part, scope)


def _taken(machine: Machine, value: Anything, most: int | None, site: CallSite) -> list[Anything] | Unknown:
    """The items of a value, no more than asked for."""
    if isinstance(value, int | float | type(None)):
        raise PyRaise("TypeError", f"cannot unpack non-iterable {type(value).__name__} object")
    if not isinstance(value, Model) or most is None:
        return machine.iterate(value, site)
    try:
        return collected(machine, islice(each(machine, value, site), most))
    except Untold as untold:
        return untold.value


def _annotated(machine: Machine, node: ast.AnnAssign, scope: Scope) -> None:
    if node.value is not None:
        assign(machine, node.target, evaluate(machine, node.value, scope), scope)


def _augmented(machine: Machine, node: ast.AugAssign, scope: Scope) -> None:
    site = CallSite(node, scope)
    value_node = node.target
    if isinstance(value_node, ast.Subscript):
        owner = evaluate(machine, value_node.value, scope)
        key = evaluate(machine, value_node.slice, scope)
        old = get_item(machine, owner, key, site)
        new = operators.augmented(machine, type(node.op), old, evaluate(machine, node.value, scope), site)
        set_item(machine, owner, key, new, site)
    elif isinstance(value_node, ast.Attribute):
        owner = evaluate(machine, value_node.value, scope)
        old = get_attribute(machine, owner, value_node.attr, site)
        new = operators.augmented(machine, type(node.op), old, evaluate(machine, node.value, scope), site)
        set_attribute(machine, owner, value_node.attr, new, site)
    else:
        old = evaluate(machine, value_node, scope)
        new = operators.augmented(machine, type(node.op), old, evaluate(machine, node.value, scope), site)
        bind(machine, value_node.id, new, scope)


def _function(machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
    decorators = [(item, evaluate(machine, item, scope)) for item in node.decorator_list]
    value: Anything = make_function(machine, node, scope)
    for item, decorator in reversed(decorators):
        value = machine.call(decorator, [value], {}, CallSite(item, scope))
    bind(machine, node.name, value, scope)


def _return(machine: Machine, node: ast.Return, scope: Scope) -> Signal:
    return Return(None if node.value is None else evaluate(machine, node.value, scope))


def _if(machine: Machine, node: ast.If, scope: Scope) -> Signal | None:
    known = machine.truth(evaluate(machine, node.test, scope))
    if known is not None:
        return execute_block(machine, node.body if known else node.orelse, scope)
    return undecided(machine, node.test, scope, [node.body, node.orelse])


def undecided(
    machine: Machine,
    condition: ast.AST,
    scope: Scope,
    bodies: list[list[ast.stmt]],
    text: str | None = None,
    *,
    is_test: bool = True,
) -> Signal | None:
    """Follow the blocks of which one will run, nobody knows which; how they end."""
    from dagport.evaluate.conditions import Raised, follow, merged

    def branch(body: list[ast.stmt]) -> Callable[[], Signal | None]:
        return lambda: execute_block(machine, body, scope)

    branches = [branch(body) for body in bodies]
    outcomes = follow(machine, condition, scope, branches, optional=False, text=text, is_test=is_test)
    signals = [outcome for outcome in outcomes if not isinstance(outcome, Raised)]
    text = text or scope.module.text(condition)
    if signals and all(isinstance(signal, Return) for signal in signals):
        return Return(merged(machine, [signal.value for signal in signals], CallSite(condition, scope), text))
    if signals and all(signal is signals[0] for signal in signals):
        return signals[0] if isinstance(signals[0], Signal) else None
    for signal in signals:
        if isinstance(signal, Return):
            _maybe_return(machine, signal, scope, CallSite(condition, scope), text)
        elif signal is not None:
            machine.doubt("DP202", f"a loop may end early, depending on `{text}`", CallSite(condition, scope))
    return None


def _maybe_return(machine: Machine, signal: Return, scope: Scope, site: CallSite, text: str) -> None:
    frame = frame_of(scope)
    if frame is not None:
        frame.may_have_returned(machine, signal.value, site, text)


def frame_of(scope: Scope | None) -> Frame | None:
    """The call of a function that a scope is part of."""
    while scope is not None and scope.frame is None:
        scope = scope.parent
    return None if scope is None else scope.frame


def _for(machine: Machine, node: ast.For, scope: Scope) -> Signal | None:
    source = evaluate(machine, node.iter, scope)
    if isinstance(source, Listing | Table) and not source.settled:
        from dagport.evaluate.passes import run_for

        return run_for(machine, node, source, scope)
    simple = node.target.id if isinstance(node.target, ast.Name) and not scope.declared else None
    try:
        for item in each(machine, source, CallSite(node.iter, scope)):
            machine.step()
            if simple is None:
                assign(machine, node.target, item, scope)
            else:
                scope.names[simple] = item
            signal = execute_block(machine, node.body, scope)
            if signal is BREAK or isinstance(signal, Return):
                dispose(machine, node, source, scope)
                return signal if isinstance(signal, Return) else None
    except Untold as untold:
        return for_unknown(machine, node, untold.value, scope)
    return execute_block(machine, node.orelse, scope)


def dispose(machine: Machine, node: ast.For, source: Anything, scope: Scope) -> None:
    """A generator that nobody else holds is closed when its loop is left."""
    if isinstance(node.iter, ast.Call) and isinstance(source, Stream):
        source.dispose(machine, CallSite(node.iter, scope))


def for_unknown(machine: Machine, node: ast.For, items: Unknown, scope: Scope) -> Signal | None:
    """A loop over something that isn't known: the body is followed once."""
    from dagport.evaluate.conditions import Raised, follow

    def once() -> Signal | None:
        assign(
            machine,
            node.target,
            machine.unknown(items.why, CallSite(node.iter, scope), clock=items.clock),
            scope,
        )
        return execute_block(machine, node.body, scope)

    outcome = follow(machine, node.iter, scope, [once], code="DP203")[0]
    if not isinstance(outcome, Raised) and isinstance(outcome, Return):
        _maybe_return(machine, outcome, scope, CallSite(node.iter, scope), scope.module.text(node.iter))
    return execute_block(machine, node.orelse, scope)


def _while(machine: Machine, node: ast.While, scope: Scope) -> Signal | None:
    while True:
        known = machine.truth(evaluate(machine, node.test, scope))
        machine.step()
        if known is None:
            return undecided(machine, node.test, scope, [node.body, []])
        if not known:
            return execute_block(machine, node.orelse, scope)
        signal = execute_block(machine, node.body, scope)
        if signal is BREAK:
            return None
        if isinstance(signal, Return):
            return signal


def _with(machine: Machine, node: ast.With, scope: Scope) -> Signal | None:
    return _with_items(machine, node, 0, scope)


def _with_items(machine: Machine, node: ast.With, index: int, scope: Scope) -> Signal | None:
    if index == len(node.items):
        return execute_block(machine, node.body, scope)
    from dagport.evaluate.contexts import run_with

    item = node.items[index]
    manager = evaluate(machine, item.context_expr, scope)

    def body(value: Anything) -> Signal | None:
        if item.optional_vars is not None:
            assign(machine, item.optional_vars, value, scope)
        return _with_items(machine, node, index + 1, scope)

    return run_with(machine, manager, CallSite(item.context_expr, scope), body)


def _import(machine: Machine, node: ast.Import, scope: Scope) -> None:
    site = CallSite(node, scope)
    for alias in node.names:
        value = import_name(machine, alias.name, site)
        if alias.asname is None and "." in alias.name:
            value = import_name(machine, alias.name.partition(".")[0], site)
        elif "." in alias.name:
            value = attribute_of_packages(machine, alias.name, value)
        bind(machine, alias.asname or alias.name.partition(".")[0], value, scope)


def _import_from(machine: Machine, node: ast.ImportFrom, scope: Scope) -> None:
    if node.module == "__future__":
        return
    site = CallSite(node, scope)
    module = absolute_name(machine, node, scope)
    for alias in node.names:
        if alias.name == "*":
            import_star(machine, module, scope, site)
        else:
            bind(machine, alias.asname or alias.name, import_from(machine, module, alias.name, site), scope)


def _global(machine: Machine, node: ast.Global, scope: Scope) -> None:
    scope.declared = scope.declared or {}
    scope.declared.update(dict.fromkeys(node.names, scope.module.names))


def _nonlocal(machine: Machine, node: ast.Nonlocal, scope: Scope) -> None:
    scope.declared = scope.declared or {}
    for name in node.names:
        place = scope.parent
        while place is not None and (place.is_class or name not in place.names):
            place = place.parent
        if place is not None:
            scope.declared[name] = place.names


def _delete(machine: Machine, node: ast.Delete, scope: Scope) -> None:
    for target in node.targets:
        _delete_target(machine, target, scope)


def _delete_target(machine: Machine, target: ast.expr, scope: Scope) -> None:
    if isinstance(target, ast.Name):
        if not unbind(machine, target.id, scope):
            raise PyRaise("NameError", f"name '{target.id}' is not defined")
    elif isinstance(target, ast.Subscript):
        owner = evaluate(machine, target.value, scope)
        delete_item(machine, owner, evaluate(machine, target.slice, scope), CallSite(target, scope))
    elif isinstance(target, ast.Attribute):
        delete_attribute(machine, evaluate(machine, target.value, scope), target.attr, CallSite(target, scope))
    elif isinstance(target, ast.Tuple | ast.List):
        for item in target.elts:
            _delete_target(machine, item, scope)


def unbind(machine: Machine, name: str, scope: Scope) -> bool:
    """``del name``; whether it was bound."""
    if scope.declared and name in scope.declared:
        machine.effect()
        return scope.declared[name].pop(name, NotImplemented) is not NotImplemented
    return scope.names.pop(name, NotImplemented) is not NotImplemented


def _assert(machine: Machine, node: ast.Assert, scope: Scope) -> None:
    known = machine.truth(evaluate(machine, node.test, scope))
    if known is False:
        message = () if node.msg is None else (evaluate(machine, node.msg, scope),)
        shown = message[0] if message and isinstance(message[0], str) else ""
        raise PyRaise("AssertionError", shown, arguments=message)
    if known is None:
        text = scope.module.text(node.test)
        machine.doubt("DP202", f"the file may raise AssertionError, depending on `{text}`", CallSite(node, scope))


def _raise(machine: Machine, node: ast.Raise, scope: Scope) -> None:
    from dagport.evaluate.exceptions import run_raise

    raise run_raise(machine, node, scope)


def _try(machine: Machine, node: ast.Try, scope: Scope) -> Signal | None:
    from dagport.evaluate.exceptions import run_try

    return run_try(machine, node, scope)


def _match(machine: Machine, node: ast.Match, scope: Scope) -> Signal | None:
    from dagport.evaluate.patterns import chosen_case

    subject = evaluate(machine, node.subject, scope)
    case = chosen_case(machine, node, subject, scope)
    if case is None or isinstance(case, ast.match_case):
        return None if case is None else execute_block(machine, case.body, scope)
    return undecided(machine, node.subject, scope, [*(later.body for later in case), []])


def _class(machine: Machine, node: ast.ClassDef, scope: Scope) -> None:
    from dagport.evaluate.definitions import define_class

    bind(machine, node.name, define_class(machine, node, scope), scope)


def _pass(machine: Machine, node: ast.stmt, scope: Scope) -> None:
    return None


def _break(machine: Machine, node: ast.Break, scope: Scope) -> Signal:
    return BREAK


def _continue(machine: Machine, node: ast.Continue, scope: Scope) -> Signal:
    return CONTINUE


def _not_followed(machine: Machine, node: ast.stmt, scope: Scope) -> None:
    kind = type(node).__name__
    machine.doubt("DP206", f"the statement `{kind}` isn't followed", CallSite(node, scope))


STATEMENTS: dict[type, Executor] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Return: _return,
    ast.If: _if,
    ast.For: _for,
    ast.While: _while,
    ast.With: _with,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    ast.Delete: _delete,
    ast.Assert: _assert,
    ast.Raise: _raise,
    ast.Try: _try,
    ast.Match: _match,
    ast.Pass: _pass,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.AsyncFor: _not_followed,
    ast.AsyncWith: _not_followed,
    ast.TryStar: _not_followed,
}
if hasattr(ast, "TypeAlias"):
    STATEMENTS[ast.TypeAlias] = _pass
