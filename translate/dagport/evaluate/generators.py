"""Generators of the project: a body that stops at each ``yield`` and goes on when the next item is asked for.

The machine runs statements by calling functions, which can't stop halfway. So the statements that hold a ``yield``
have a second executor here, each a generator of Python; statements without one run as everywhere else.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from dagport.evaluate import statements
from dagport.evaluate.conditions import doubt_effects
from dagport.evaluate.contexts import enter_context
from dagport.evaluate.domain import (
    Anything,
    CallSite,
    Frame,
    Function,
    LimitHit,
    NativeFunction,
    PyRaise,
    Scope,
    Spread,
    Unknown,
)
from dagport.evaluate.expressions import evaluate
from dagport.evaluate.iterators import END, Stream, Untold, each
from dagport.evaluate.statements import BREAK, Return, Signal

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

Steps = Generator[Anything, Anything, Signal | None]
"""A block under way: it gives what is yielded, takes what is sent, and ends with the block's signal."""
AFTER_LOSS = 100  # further items that are made once nobody knows which they are


class _Enough(LimitHit):
    """A generator whose items aren't known was followed far enough."""


class GeneratorObject(Stream):
    """What calling a generator function gives."""

    __slots__ = ("frame", "function", "result", "running", "scope", "started")

    def __init__(self, machine: Machine, function: Function, scope: Scope, frame: Frame) -> None:
        super().__init__(machine, (), "generator")
        self.function = function
        self.scope = scope
        self.frame = frame
        self.result: Anything = None  # of `return`
        self.started = False
        self.running = False
        self.source: Any = run_block(machine, getattr(function.node, "body", []), scope)

    def next_item(self, machine: Machine, site: CallSite) -> Anything:
        """Run to the next ``yield``. Raises ``Untold``."""
        return self._resume(machine, site, lambda: next(self.source))

    def _resume(self, machine: Machine, site: CallSite, go: Callable[[], Anything]) -> Anything:
        from dagport.evaluate.calls import deeper

        if self.running:
            raise PyRaise("ValueError", "generator already executing")
        self.running = self.started = True
        try:
            with deeper(machine, site):
                item = go()
        except StopIteration as stop:
            self.result = stop.value.value if isinstance(stop.value, Return) else None
            return END
        except PyRaise as error:
            if error.name == "StopIteration":
                raise PyRaise("RuntimeError", "generator raised StopIteration") from None
            raise
        finally:
            self.running = False
        if isinstance(item, Spread) or self.frame.exits:
            lost = item if isinstance(item, Spread) else machine.unknown("when the generator ends isn't known", site)
            self._drain(machine, lost, site)
            raise Untold(lost)
        return item

    def _drain(self, machine: Machine, lost: Unknown, site: CallSite) -> None:
        """Nobody knows what comes next; whatever the rest of the body changes is doubtful."""
        with machine.watch() as owners, machine.under(lost.text or "generator"):
            try:
                for count, _ in enumerate(self.source):
                    if count > AFTER_LOSS:
                        raise _Enough("items of a generator", AFTER_LOSS)
            except _Enough:
                owners.append(None)
            except PyRaise as error:
                machine.doubt("DP202", f"the generator `{self.function.name}` may raise {error}", site)
        doubt_effects(machine, owners, site, f"{self.function.name}()", "DP203")
        self.frame.finish(machine, None, site)

    def send(self, machine: Machine, value: Anything, site: CallSite) -> Anything:
        """``generator.send(value)``: the next item, or ``END``. Raises ``Untold``."""
        if self.lost is not None:
            raise Untold(self.lost)
        if not self.started and value is not None:
            raise PyRaise("TypeError", "can't send non-None value to a just-started generator")
        machine.effect_of(self)
        return self._resume(machine, site, lambda: self.source.send(value))

    def throw(self, machine: Machine, error: PyRaise, site: CallSite) -> Anything:
        """``generator.throw(error)``: the next item, or ``END``. Raises ``Untold``."""
        if self.lost is not None:
            raise Untold(self.lost)
        machine.effect_of(self)
        return self._resume(machine, site, lambda: self.source.throw(error))

    def close(self, machine: Machine, site: CallSite) -> None:
        """``generator.close()``."""
        if not self.started:
            self.source.close()
            return
        try:
            if self.throw(machine, PyRaise("GeneratorExit"), site) is not END:
                raise PyRaise("RuntimeError", "generator ignored GeneratorExit")
        except Untold:
            return
        except PyRaise as error:
            if error.name not in ("GeneratorExit", "StopIteration"):
                raise

    def dispose(self, machine: Machine, site: CallSite) -> None:
        """What stands in ``finally`` still runs."""
        if not self.running:
            self.close(machine, site)

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``send``, ``throw``, ``close``, and what every iterator has."""
        methods = {"send": _send, "throw": _throw, "close": _close}
        if name in methods:
            run = methods[name]
            return NativeFunction(name, lambda machine, args, kwargs, site: run(machine, self, args, site))
        return super().attr(machine, name, site)


def _given(machine: Machine, generator: GeneratorObject, site: CallSite, go: Callable[[], Anything]) -> Anything:
    from dagport.evaluate.exceptions import ended

    try:
        item = go()
    except Untold as untold:
        generator.lost = untold.value
        return machine.unknown(untold.value.why, site, clock=untold.value.clock)
    if item is END:
        raise ended(generator.result)
    return item


def _send(machine: Machine, generator: GeneratorObject, args: list[Anything], site: CallSite) -> Anything:
    return _given(machine, generator, site, lambda: generator.send(machine, args[0] if args else None, site))


def _throw(machine: Machine, generator: GeneratorObject, args: list[Anything], site: CallSite) -> Anything:
    from dagport.evaluate.exceptions import raised_by

    error = raised_by(machine, args[1] if len(args) > 1 and args[1] is not None else args[0], site)
    return _given(machine, generator, site, lambda: generator.throw(machine, error, site))


def _close(machine: Machine, generator: GeneratorObject, args: list[Anything], site: CallSite) -> None:
    generator.close(machine, site)


# Which statements have to stop


def suspends(node: ast.AST) -> bool:
    """Whether a statement or an expression holds a ``yield`` of its own function."""
    known = getattr(node, "_suspends", None)
    if known is None:
        known = isinstance(node, ast.Yield | ast.YieldFrom) or (
            not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef)
            and any(suspends(child) for child in ast.iter_child_nodes(node))
        )
        node._suspends = known  # type: ignore[attr-defined]
    return bool(known)


class _Lift(ast.NodeTransformer):
    """Takes the ``yield`` expressions out of a statement, in the order in which they are evaluated."""

    def __init__(self) -> None:
        self.found: list[tuple[str, ast.Yield | ast.YieldFrom]] = []
        self.calls = 0
        self.certain = True  # nothing else is evaluated before them, or it doesn't matter

    def visit_Yield(self, node: ast.Yield | ast.YieldFrom) -> ast.AST:
        before = self.calls
        self.generic_visit(node)
        self.calls = before
        self.certain = self.certain and not before
        name = f".yield{len(self.found)}"
        self.found.append((name, node))
        return ast.copy_location(ast.Name(name, ast.Load()), node)

    visit_YieldFrom = visit_Yield  # noqa: N815

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        self.calls += 1
        return node

    def _choice(self, node: ast.BoolOp | ast.IfExp) -> ast.AST:
        parts: list[ast.expr] = node.values[1:] if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
        if any(map(suspends, parts)):
            self.certain = False
        return self.generic_visit(node)

    visit_BoolOp = visit_IfExp = _choice  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node


def _lifted(node: Any) -> tuple[Any, _Lift]:
    known = getattr(node, "_lifted", None)
    if known is None:
        lift = _Lift()
        known = (lift.visit(copy.deepcopy(node)), lift)
        node._lifted = known
    result: tuple[Any, _Lift] = known
    return result


def _settle(machine: Machine, node: Any, scope: Scope) -> Generator[Anything, Anything, Any]:
    """Do the yields of a statement or an expression; what is left of it can be evaluated as usual."""
    if not suspends(node):
        return node
    left, lift = _lifted(node)
    if not lift.certain:
        machine.doubt("DP206", "a `yield` in the middle of an expression isn't followed", CallSite(node, scope))
    for name, item in lift.found:
        scope.names[name] = yield from _yielded(machine, item, scope)
    return left


def _yielded(
    machine: Machine, node: ast.Yield | ast.YieldFrom, scope: Scope
) -> Generator[Anything, Anything, Anything]:
    value = None if node.value is None else evaluate(machine, node.value, scope)
    if isinstance(node, ast.YieldFrom):
        return (yield from _delegated(machine, value, CallSite(node, scope)))
    return (yield value)


def _delegated(machine: Machine, source: Anything, site: CallSite) -> Generator[Anything, Anything, Anything]:
    """``yield from source``."""
    try:
        if not isinstance(source, GeneratorObject):
            yield from each(machine, source, site)
            return None
        item = source.take(machine, site)
        while item is not END:
            try:
                sent = yield item
            except PyRaise as error:
                if error.name == "GeneratorExit":
                    source.close(machine, site)
                    raise
                item = source.throw(machine, error, site)
                continue
            item = source.send(machine, sent, site)
    except Untold as untold:
        yield _lost(untold.value, site)
        return machine.unknown(untold.value.why, site)
    return source.result


def _lost(value: Unknown, site: CallSite) -> Spread:
    return Spread(value.why, site.text, site.span, clock=value.clock)


# Statements


def run_block(machine: Machine, body: list[ast.stmt], scope: Scope) -> Steps:
    """Run statements in order, stopping at each ``yield``."""
    for statement in body:
        machine.step()
        try:
            if suspends(statement):
                signal = yield from LAZY.get(type(statement), _simple)(machine, statement, scope)
            else:
                signal = statements.STATEMENTS[type(statement)](machine, statement, scope)
        except (PyRaise, LimitHit) as stop:
            stop.site = stop.site or CallSite(statement, scope)
            raise
        if signal is not None:
            return signal
    return None


def _simple(machine: Machine, node: ast.stmt, scope: Scope) -> Steps:
    left = yield from _settle(machine, node, scope)
    return statements.STATEMENTS[type(node)](machine, left, scope)


def _header(machine: Machine, node: ast.expr, scope: Scope) -> Generator[Anything, Anything, Anything]:
    left = yield from _settle(machine, node, scope)
    return evaluate(machine, left, scope)


def _without_order(
    machine: Machine, node: ast.AST, scope: Scope, value: Anything, run: Callable[[], Signal | None]
) -> Steps:
    """Code with a ``yield`` that may not run: from here on no item is known."""
    site = CallSite(node, scope)
    why = value.why if isinstance(value, Unknown) else f"it depends on `{site.text}`"
    yield Spread(why, site.text, site.span)
    frame = statements.frame_of(scope)
    if frame is not None:
        frame.yields = _Sink()
    return run()


class _Sink:
    """Takes what is yielded where nobody knows whether it is."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, value: Anything) -> Anything:
        self.count += 1
        if self.count > AFTER_LOSS:
            raise _Enough("items of a generator", AFTER_LOSS)
        return Unknown("what is sent to the generator isn't known")


def _if(machine: Machine, node: ast.If, scope: Scope) -> Steps:
    test = yield from _header(machine, node.test, scope)
    known = machine.truth(test)
    if known is not None:
        return (yield from run_block(machine, node.body if known else node.orelse, scope))
    return (yield from _undecided(machine, node.test, scope, test, [node.body, node.orelse]))


def _undecided(
    machine: Machine, condition: ast.expr, scope: Scope, value: Anything, bodies: list[list[ast.stmt]]
) -> Steps:
    def run() -> Signal | None:
        return statements.undecided(machine, condition, scope, bodies)

    return _without_order(machine, condition, scope, value, run)


def _for(machine: Machine, node: ast.For, scope: Scope) -> Steps:
    source = yield from _header(machine, node.iter, scope)
    site = CallSite(node.iter, scope)
    try:
        items = each(machine, source, site)
        while (item := next(items, END)) is not END:
            machine.step()
            statements.assign(machine, node.target, item, scope)
            signal = yield from run_block(machine, node.body, scope)
            if signal is BREAK or isinstance(signal, Return):
                statements.dispose(machine, node, source, scope)
                return signal if isinstance(signal, Return) else None
    except Untold as untold:
        lost = untold.value
        return (
            yield from _without_order(
                machine, node.iter, scope, lost, lambda: statements.for_unknown(machine, node, lost, scope)
            )
        )
    return (yield from run_block(machine, node.orelse, scope))


def _while(machine: Machine, node: ast.While, scope: Scope) -> Steps:
    while True:
        test = yield from _header(machine, node.test, scope)
        known = machine.truth(test)
        machine.step()
        if known is None:
            return (yield from _undecided(machine, node.test, scope, test, [node.body, []]))
        if not known:
            return (yield from run_block(machine, node.orelse, scope))
        signal = yield from run_block(machine, node.body, scope)
        if signal is BREAK:
            return None
        if isinstance(signal, Return):
            return signal


def _with(machine: Machine, node: ast.With, scope: Scope) -> Steps:
    return _with_items(machine, node, 0, scope)


def _with_items(machine: Machine, node: ast.With, index: int, scope: Scope) -> Steps:
    if index == len(node.items):
        return (yield from run_block(machine, node.body, scope))
    item = node.items[index]
    manager = yield from _header(machine, item.context_expr, scope)
    entered = enter_context(machine, manager, CallSite(item.context_expr, scope))
    try:
        if item.optional_vars is not None:
            statements.assign(machine, item.optional_vars, entered.value, scope)
        signal = yield from _with_items(machine, node, index + 1, scope)
    except PyRaise as error:
        if not entered.leave(machine, error):
            raise
        return None
    entered.leave(machine, None)
    return signal


def _try(machine: Machine, node: ast.Try, scope: Scope) -> Steps:
    from dagport.evaluate.exceptions import try_steps

    return try_steps(machine, node, scope, run_block)


def _match(machine: Machine, node: ast.Match, scope: Scope) -> Steps:
    from dagport.evaluate.patterns import chosen_case

    subject = yield from _header(machine, node.subject, scope)
    case = chosen_case(machine, node, subject, scope)
    if case is None:
        return None
    if isinstance(case, ast.match_case):
        return (yield from run_block(machine, case.body, scope))
    return (yield from _undecided(machine, node.subject, scope, subject, [*(later.body for later in case), []]))


LAZY: dict[type, Callable[[Machine, Any, Scope], Steps]] = {
    ast.If: _if,
    ast.For: _for,
    ast.While: _while,
    ast.With: _with,
    ast.Try: _try,
    ast.Match: _match,
}
