"""Execution of statements: one function a kind of node, found by the node's type."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagport.evaluate import operators
from dagport.evaluate.attributes import delete_item, get_attribute, get_item, set_attribute, set_item
from dagport.evaluate.domain import (
    Anything,
    CallSite,
    External,
    LimitHit,
    PyRaise,
    Scope,
    Unknown,
    UserClass,
)
from dagport.evaluate.expressions import evaluate, make_function

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
    items = machine.iterate(value, CallSite(target, scope))
    wanted = len(target.elts)
    star = next((index for index, item in enumerate(target.elts) if isinstance(item, ast.Starred)), None)
    if isinstance(items, Unknown):
        for item in target.elts:
            assign(machine, item, items, scope)
        return
    if star is None:
        if len(items) != wanted:
            raise PyRaise("ValueError", f"expected {wanted} values to unpack, got {len(items)}")
    elif len(items) < wanted - 1:
        raise PyRaise("ValueError", f"expected at least {wanted - 1} values to unpack, got {len(items)}")
    else:
        after = wanted - star - 1
        items = [*items[:star], items[star : len(items) - after], *items[len(items) - after :]]
    for item, part in zip(target.elts, items, strict=True):
        assign(machine, item, part, scope)


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


def _class(machine: Machine, node: ast.ClassDef, scope: Scope) -> None:
    from dagport.evaluate.calls import adopt
    from dagport.evaluate.domain import Symbolic

    bases: list[Anything] = []
    for item in node.bases:
        base = evaluate(machine, item, scope)
        if not isinstance(base, UserClass | External):
            why = base.why if isinstance(base, Unknown) else "the base class isn't known"
            base = External(base.name) if isinstance(base, Symbolic) else machine.unknown(why, CallSite(item, scope))
        bases.append(base)
    decorators = [(item, evaluate(machine, item, scope)) for item in node.decorator_list]
    body_scope = Scope(scope.module, {}, scope, is_class=True)
    doc = ast.get_docstring(node, clean=False)
    if doc is not None:
        body_scope.names["__doc__"] = doc
    execute_block(machine, node.body, body_scope)
    cls = UserClass(node.name, node, scope, bases, body_scope.names)
    adopt(cls)
    _tell_base(machine, cls, node, scope)
    value: Anything = cls
    for item, decorator in reversed(decorators):
        value = machine.call(decorator, [value], {}, CallSite(item, scope))
    bind(machine, node.name, value, scope)


def _tell_base(machine: Machine, cls: UserClass, node: ast.ClassDef, scope: Scope) -> None:
    """``__init_subclass__`` of the nearest base class of the project."""
    hooks = (base.members.get("__init_subclass__") for base in cls.mro[1:] if isinstance(base, UserClass))
    hook = next((item for item in hooks if item is not None), None)
    function = getattr(hook, "function", hook)  # it may be decorated with @classmethod, which it is anyway
    if function is None:
        return
    kwargs = {item.arg: evaluate(machine, item.value, scope) for item in node.keywords if item.arg != "metaclass"}
    machine.call(function, [cls], {name or "**": value for name, value in kwargs.items()}, CallSite(node, scope))


def _return(machine: Machine, node: ast.Return, scope: Scope) -> Signal:
    return Return(None if node.value is None else evaluate(machine, node.value, scope))


def _if(machine: Machine, node: ast.If, scope: Scope) -> Signal | None:
    known = machine.truth(evaluate(machine, node.test, scope))
    if known is not None:
        return execute_block(machine, node.body if known else node.orelse, scope)
    return _undecided(machine, node.test, scope, [node.body, node.orelse])


def _undecided(
    machine: Machine,
    condition: ast.AST,
    scope: Scope,
    bodies: list[list[ast.stmt]],
    text: str | None = None,
) -> Signal | None:
    from dagport.evaluate.conditions import Raised, follow, merged

    def branch(body: list[ast.stmt]) -> Callable[[], Signal | None]:
        return lambda: execute_block(machine, body, scope)

    outcomes = follow(machine, condition, scope, [branch(body) for body in bodies], optional=False, text=text)
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
    place: Scope | None = scope
    while place is not None and place.frame is None:
        place = place.parent
    if place is not None and place.frame is not None:
        place.frame.may_have_returned(machine, signal.value, site, text)


def _for(machine: Machine, node: ast.For, scope: Scope) -> Signal | None:
    items = machine.iterate(evaluate(machine, node.iter, scope), CallSite(node.iter, scope))
    if isinstance(items, Unknown):
        return _for_unknown(machine, node, items, scope)
    for item in items:
        machine.step()
        assign(machine, node.target, item, scope)
        signal = execute_block(machine, node.body, scope)
        if signal is BREAK:
            return None
        if isinstance(signal, Return):
            return signal
    return execute_block(machine, node.orelse, scope)


def _for_unknown(machine: Machine, node: ast.For, items: Unknown, scope: Scope) -> Signal | None:
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
            return _undecided(machine, node.test, scope, [node.body, []])
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
    from dagport.evaluate.calls import run_with

    item = node.items[index]
    manager = evaluate(machine, item.context_expr, scope)

    def body(value: Anything) -> Signal | None:
        if item.optional_vars is not None:
            assign(machine, item.optional_vars, value, scope)
        return _with_items(machine, node, index + 1, scope)

    return run_with(machine, manager, CallSite(item.context_expr, scope), body)


def _import(machine: Machine, node: ast.Import, scope: Scope) -> None:
    for alias in node.names:
        name = alias.name if alias.asname else alias.name.partition(".")[0]
        parts = alias.name.split(".")
        machine.modules.update(".".join(parts[: count + 1]) for count in range(len(parts)))
        bind(machine, alias.asname or name, machine.external(name), scope)


def _import_from(machine: Machine, node: ast.ImportFrom, scope: Scope) -> None:
    if node.module == "__future__":
        return
    module = "." * node.level + (node.module or "")
    for alias in node.names:
        if alias.name == "*":
            machine.hooks.star_import(machine, module, scope, CallSite(node, scope))
            continue
        separator = "" if module.endswith(".") else "."
        bind(machine, alias.asname or alias.name, machine.external(f"{module}{separator}{alias.name}"), scope)


def _global(machine: Machine, node: ast.Global, scope: Scope) -> None:
    scope.declared = scope.declared or {}
    scope.declared.update(dict.fromkeys(node.names, scope.module.names))


def _nonlocal(machine: Machine, node: ast.Nonlocal, scope: Scope) -> None:
    scope.declared = scope.declared or {}
    for name in node.names:
        place = scope.parent
        while place is not None and name not in place.names:
            place = place.parent
        if place is not None:
            scope.declared[name] = place.names


def _delete(machine: Machine, node: ast.Delete, scope: Scope) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name):
            scope.names.pop(target.id, None)
        elif isinstance(target, ast.Subscript):
            owner = evaluate(machine, target.value, scope)
            delete_item(machine, owner, evaluate(machine, target.slice, scope), CallSite(target, scope))
        else:
            machine.effect()


def _assert(machine: Machine, node: ast.Assert, scope: Scope) -> None:
    known = machine.truth(evaluate(machine, node.test, scope))
    if known is False:
        raise PyRaise("AssertionError")
    if known is None:
        text = scope.module.text(node.test)
        machine.doubt("DP202", f"the file may raise AssertionError, depending on `{text}`", CallSite(node, scope))


def _raise(machine: Machine, node: ast.Raise, scope: Scope) -> None:
    from dagport.evaluate.exceptions import raised_by

    value = None if node.exc is None else evaluate(machine, node.exc, scope)
    raise raised_by(machine, value, CallSite(node, scope))


def _try(machine: Machine, node: ast.Try, scope: Scope) -> Signal | None:
    from dagport.evaluate.exceptions import run_try

    return run_try(machine, node, scope)


def _match(machine: Machine, node: ast.Match, scope: Scope) -> Signal | None:
    subject = evaluate(machine, node.subject, scope)
    for index, case in enumerate(node.cases):
        known = _matches(machine, case.pattern, subject, scope)
        if known and case.guard is not None:
            known = machine.truth(evaluate(machine, case.guard, scope))
        if known is None:
            bodies = [later.body for later in node.cases[index:]]
            return _undecided(machine, node.subject, scope, [*bodies, []])
        if known:
            return execute_block(machine, case.body, scope)
    return None


def _matches(machine: Machine, pattern: ast.pattern, subject: Anything, scope: Scope) -> bool | None:
    site = CallSite(pattern, scope)
    if isinstance(pattern, ast.MatchValue):
        return machine.truth(machine.compare("==", subject, evaluate(machine, pattern.value, scope), site))
    if isinstance(pattern, ast.MatchSingleton):
        return machine.truth(machine.compare("is", subject, pattern.value, site))
    if isinstance(pattern, ast.MatchOr):
        results = [_matches(machine, item, subject, scope) for item in pattern.patterns]
        return True if True in results else None if None in results else False
    if isinstance(pattern, ast.MatchAs):
        known = True if pattern.pattern is None else _matches(machine, pattern.pattern, subject, scope)
        if pattern.name is not None:
            bind(machine, pattern.name, subject, scope)
        return known
    return None


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
