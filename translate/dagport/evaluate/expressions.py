"""Evaluation of expressions: one function a kind of node, found by the node's type."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from dagport.evaluate import comparison, operators
from dagport.evaluate.attributes import get_attribute
from dagport.evaluate.domain import (
    Anything,
    CallSite,
    External,
    Frame,
    Function,
    Instance,
    Model,
    PyRaise,
    Scope,
    SourceFile,
    Spread,
    Unknown,
    check_key,
    first_unknown,
)
from dagport.evaluate.files import as_text
from dagport.evaluate.items import get_item
from dagport.evaluate.iterators import Stream, Untold, each
from dagport.evaluate.library.support import raised
from dagport.evaluate.listing import Listing, Table
from dagport.evaluate.located import concatenated

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

Evaluator = Callable[["Machine", Any, Scope], Anything]
DYNAMIC = {"eval", "exec", "compile"}


def evaluate(machine: Machine, node: ast.expr, scope: Scope) -> Anything:
    """The value of an expression."""
    return EXPRESSIONS[type(node)](machine, node, scope)


def _constant(machine: Machine, node: ast.Constant, scope: Scope) -> Anything:
    return node.value


def _name(machine: Machine, node: ast.Name, scope: Scope) -> Anything:
    return lookup(machine, node.id, scope, node)


def lookup(machine: Machine, name: str, scope: Scope, node: ast.AST) -> Anything:
    """The value of a name: its own scope, the enclosing functions, the module, the builtins."""
    if scope.declared and name in scope.declared and name in scope.declared[name]:
        return scope.declared[name][name]
    place: Scope | None = scope
    while place is not None:
        if name in place.names and (not place.is_class or place is scope):
            return place.names[name]
        frame = place.frame
        if frame is not None and frame.function is not None and name in local_names(frame.function.node):
            raise _unbound(name, place is scope)
        place = place.parent
    if name in scope.module.names:
        return scope.module.names[name]
    from dagport.evaluate.builtins import is_builtin

    if is_builtin(name):
        constant = BUILTIN_CONSTANTS.get(name, NotImplemented)
        return machine.external(f"builtins.{name}") if constant is NotImplemented else constant
    if "*" in scope.module.names:
        return machine.unknown("it may come from a star import that can't be read", CallSite(node, scope), unseen=True)
    raise PyRaise("NameError", f"name '{name}' is not defined")


BUILTIN_CONSTANTS = {"Ellipsis": ..., "__debug__": True}


def _unbound(name: str, here: bool) -> PyRaise:
    if here:
        text = f"cannot access local variable '{name}' where it is not associated with a value"
        return PyRaise("UnboundLocalError", text)
    text = f"cannot access free variable '{name}' where it is not associated with a value in enclosing scope"
    return PyRaise("NameError", text)


def local_names(node: ast.AST) -> frozenset[str]:
    """The names that a function binds anywhere in its body, and that are therefore its own."""
    known: frozenset[str] | None = getattr(node, "_local_names", None)
    if known is None:
        found: set[str] = set()
        shared: set[str] = set()
        for statement in body if isinstance(body := getattr(node, "body", None), list) else []:
            _note_names(statement, found, shared)
        known = frozenset(found - shared)
        node._local_names = known  # type: ignore[attr-defined]
    return known


COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _note_names(node: ast.AST, found: set[str], shared: set[str], inner: bool = False) -> None:
    if isinstance(node, ast.Global | ast.Nonlocal):
        shared.update(node.names)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        found.add(node.name)
        return
    elif isinstance(node, ast.Lambda):
        return
    elif isinstance(node, ast.Name) and not inner and not isinstance(node.ctx, ast.Load):
        found.add(node.id)
    elif isinstance(node, ast.NamedExpr):
        found.add(node.target.id)
    elif isinstance(node, ast.alias):
        found.add((node.asname or node.name).partition(".")[0])
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        found.add(node.name)
    elif isinstance(node, ast.MatchMapping) and node.rest:
        found.add(node.rest)
    for child in ast.iter_child_nodes(node):
        _note_names(child, found, shared, inner or isinstance(node, COMPREHENSIONS))


def _attribute(machine: Machine, node: ast.Attribute, scope: Scope) -> Anything:
    return get_attribute(machine, evaluate(machine, node.value, scope), node.attr, CallSite(node, scope))


def _subscript(machine: Machine, node: ast.Subscript, scope: Scope) -> Anything:
    owner = evaluate(machine, node.value, scope)
    return get_item(machine, owner, evaluate(machine, node.slice, scope), CallSite(node, scope))


def _slice(machine: Machine, node: ast.Slice, scope: Scope) -> Anything:
    parts = [None if part is None else evaluate(machine, part, scope) for part in (node.lower, node.upper, node.step)]
    lost = first_unknown(parts)
    return lost if lost is not None else slice(*parts)


def _list(machine: Machine, node: ast.List, scope: Scope) -> Anything:
    return _items(machine, node.elts, scope)


def _tuple(machine: Machine, node: ast.Tuple, scope: Scope) -> Anything:
    items = _items(machine, node.elts, scope)
    return items if isinstance(items, Unknown) else tuple(items)


def _set(machine: Machine, node: ast.Set, scope: Scope) -> Anything:
    items = _items(machine, node.elts, scope)
    if isinstance(items, Unknown):
        return items
    for item in items:
        machine.check_key(item)
    try:
        return set(items)
    except TypeError as error:
        raise PyRaise("TypeError", str(error)) from None


def _items(machine: Machine, nodes: list[ast.expr], scope: Scope) -> list[Anything] | Unknown:
    items: list[Anything] = []
    for node in nodes:
        if isinstance(node, ast.Starred):
            inner = machine.iterate(evaluate(machine, node.value, scope), CallSite(node.value, scope))
            if isinstance(inner, Unknown):
                return inner
            items.extend(inner)
            machine.check_items(len(items))
        else:
            items.append(evaluate(machine, node, scope))
    machine.step(len(nodes))
    return items


def _dict(machine: Machine, node: ast.Dict, scope: Scope) -> Anything:
    result: dict[Any, Anything] = {}
    machine.step(len(node.keys))
    for key_node, value_node in zip(node.keys, node.values, strict=True):
        value = evaluate(machine, value_node, scope)
        if key_node is None:
            if isinstance(value, Instance) and value.cls.lookup("keys") is not NotImplemented:
                value = _mapping(machine, value, CallSite(node, scope))
            if not isinstance(value, dict):
                return machine.unknown(_why(value, "what is unpacked isn't known"), CallSite(node, scope))
            machine.charge(value)
            machine.check_size(len(result) + len(value))
            result.update(value)
            continue
        key = evaluate(machine, key_node, scope)
        if isinstance(key, Unknown):
            return machine.unknown(key.why, CallSite(node, scope))
        machine.check_key(key)
        try:
            result[key] = value
        except TypeError as error:
            raise PyRaise("TypeError", str(error)) from None
    return result


def _mapping(machine: Machine, value: Anything, site: CallSite) -> Anything:
    from dagport.evaluate.builtins import mapping_of

    return mapping_of(machine, value, site)


def _why(value: Anything, otherwise: str) -> str:
    return value.why if isinstance(value, Unknown) else otherwise


def _binary(machine: Machine, node: ast.BinOp, scope: Scope) -> Anything:
    left = evaluate(machine, node.left, scope)
    right = evaluate(machine, node.right, scope)
    return operators.binary(machine, type(node.op), left, right, CallSite(node, scope))


def _unary(machine: Machine, node: ast.UnaryOp, scope: Scope) -> Anything:
    value = evaluate(machine, node.operand, scope)
    return operators.unary(machine, type(node.op), value, CallSite(node, scope))


def _compare(machine: Machine, node: ast.Compare, scope: Scope) -> Anything:
    left = evaluate(machine, node.left, scope)
    result: Anything = True
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        if isinstance(op, ast.In | ast.NotIn):
            machine.looked_into = right_node
        right = evaluate(machine, right_node, scope)
        result = comparison.compare(machine, operators.COMPARE[type(op)], left, right, CallSite(node, scope))
        if machine.truth(result) is not True:
            return result
        left = right
    return result


def _bool(machine: Machine, node: ast.BoolOp, scope: Scope) -> Anything:
    stop_at = isinstance(node.op, ast.Or)
    value: Anything = None
    for index, part in enumerate(node.values):
        value = evaluate(machine, part, scope)
        known = machine.truth(value)
        if known is None and index < len(node.values) - 1:
            return _undecided_bool(machine, node, index, value, scope)
        if known is stop_at:
            return value
    return value


def _undecided_bool(machine: Machine, node: ast.BoolOp, index: int, value: Anything, scope: Scope) -> Anything:
    from dagport.evaluate.conditions import follow

    rest = node.values[index + 1 :]
    follow(machine, node.values[index], scope, [lambda: [evaluate(machine, part, scope) for part in rest]])
    clock = isinstance(value, Unknown) and value.clock
    return machine.unknown(_why(value, "the condition isn't known"), CallSite(node, scope), clock=clock)


def _conditional(machine: Machine, node: ast.IfExp, scope: Scope) -> Anything:
    test = evaluate(machine, node.test, scope)
    known = machine.truth(test)
    if known is not None:
        return evaluate(machine, node.body if known else node.orelse, scope)
    from dagport.evaluate.conditions import follow, merged

    values = follow(
        machine,
        node.test,
        scope,
        [lambda: evaluate(machine, node.body, scope), lambda: evaluate(machine, node.orelse, scope)],
    )
    return merged(machine, values, CallSite(node, scope), machine.module.text(node.test))


def _joined(machine: Machine, node: ast.JoinedStr, scope: Scope) -> Anything:
    parts: list[Any] = []
    lost: Unknown | None = None
    for part in node.values:
        text = str(part.value) if isinstance(part, ast.Constant) else _formatted(machine, part, scope)
        if isinstance(text, Unknown):
            lost = lost or text
        else:
            parts.append(text)
    if lost is not None:
        return machine.unknown(lost.why, CallSite(node, scope), clock=lost.clock)
    if any(isinstance(part, SourceFile) for part in parts):
        return concatenated(machine, parts, CallSite(node, scope))
    machine.check_text(sum(map(len, parts)))
    return "".join(parts)


def _formatted(machine: Machine, node: Any, scope: Scope) -> str | SourceFile | Unknown:
    value = evaluate(machine, node.value, scope)
    if isinstance(value, Model) and node.format_spec is None and node.conversion in (-1, ord("s")):
        value = as_text(value)
        if isinstance(value, SourceFile) and value.rest is not None:
            return value
    spec = "" if node.format_spec is None else evaluate(machine, node.format_spec, scope)
    site = CallSite(node.value, scope)
    if isinstance(spec, Unknown):
        return spec
    if node.conversion == ord("r") or node.conversion == ord("a"):
        from dagport.evaluate.shown import represent

        value = represent(machine, value, site)
        if isinstance(value, str) and node.conversion == ord("a"):
            value = value.encode("ascii", "backslashreplace").decode("ascii")
    elif node.conversion == ord("s") or (not spec and not isinstance(value, Instance)):
        text = machine.to_text(value, site)
        if isinstance(text, Unknown) or not spec:
            return text
        value = text
    return _with_spec(machine, value, spec, site)


def _with_spec(machine: Machine, value: Anything, spec: str, site: CallSite) -> str | Unknown:
    from dagport.evaluate.shown import format_value

    if isinstance(value, str) and not spec:
        return value
    result: str | Unknown = format_value(machine, value, spec, site)
    return result


def _lambda(machine: Machine, node: ast.Lambda, scope: Scope) -> Anything:
    return make_function(machine, node, scope)


def make_function(
    machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope
) -> Function:
    """The function that a ``def`` or a ``lambda`` makes."""
    defaults = [evaluate(machine, item, scope) for item in node.args.defaults]
    kw_defaults = [NotImplemented if item is None else evaluate(machine, item, scope) for item in node.args.kw_defaults]
    home = scope
    while home.is_class and home.parent is not None:
        home = home.parent
    return Function(node, home, defaults, kw_defaults)


def _call(machine: Machine, node: ast.Call, scope: Scope) -> Anything:
    from dagport.evaluate.calls import call
    from dagport.evaluate.supers import SuperProxy

    machine.step()
    site = CallSite(node, scope)
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name == "super" and not node.args and (frame := method_frame(scope)) is not None and frame.owner:
        return SuperProxy(frame.owner, frame.argument)
    if name in ("locals", "vars", "globals") and not node.args and name not in scope.names:
        return scope.module.names if name == "globals" or scope.parent is None else scope.names
    callee = evaluate(machine, node.func, scope)
    if isinstance(callee, External) and callee.name.removeprefix("builtins.") in DYNAMIC:
        machine.doubt("DP206", f"`{callee.name}` runs code that is made while the file is read", site)
    args, kwargs = arguments(machine, node, scope)
    try:
        return call(machine, callee, args, kwargs, site)
    except PyRaise as raised:
        raised.site = raised.site or site
        raise


def method_frame(scope: Scope | None) -> Frame | None:
    """The call of a function that a scope is part of."""
    while scope is not None:
        if scope.frame is not None:
            return scope.frame
        scope = scope.parent
    return None


def arguments(machine: Machine, node: ast.Call, scope: Scope) -> tuple[list[Anything], dict[str, Anything]]:
    """The arguments of a call; what an unknown ``*`` or ``**`` adds is a ``Spread``."""
    args: list[Anything] = []
    for item in node.args:
        if isinstance(item, ast.Starred):
            inner = machine.iterate(evaluate(machine, item.value, scope), CallSite(item.value, scope))
            args.extend([Spread(inner.why, inner.text, inner.span)] if isinstance(inner, Unknown) else inner)
        else:
            args.append(evaluate(machine, item, scope))
    kwargs: dict[str, Anything] = {}
    for keyword in node.keywords:
        value = evaluate(machine, keyword.value, scope)
        if keyword.arg is None and isinstance(value, Instance) and value.cls.lookup("keys") is not NotImplemented:
            value = _mapping(machine, value, CallSite(keyword.value, scope))
        if keyword.arg is not None:
            kwargs[keyword.arg] = value
        elif isinstance(value, dict) and all(isinstance(key, str) for key in value):
            for key in value:
                if key in kwargs:
                    raise PyRaise("TypeError", f"got multiple values for keyword argument '{key}'")
            machine.step(len(value))
            kwargs.update(value)
        else:
            site = CallSite(keyword.value, scope)
            kwargs["**"] = Spread(_why(value, "what is unpacked isn't known"), site.text, site.span)
    return args, kwargs


def _comprehension(machine: Machine, node: Any, scope: Scope, add: Callable[[Scope], None]) -> Unknown | None:
    """Call ``add`` for each element of a comprehension; gives why the elements aren't all known, if so."""
    inner = Scope(scope.module, {}, scope)
    try:
        for _ in _rounds(machine, node, 0, inner):
            add(inner)
    except Untold as untold:
        return untold.value
    return None


def _rounds(machine: Machine, node: Any, index: int, scope: Scope, items: Any = None) -> Iterator[None]:
    """Stops once for each element, with the names bound. Raises ``Untold``."""
    from dagport.evaluate.statements import assign

    generator = node.generators[index]
    if generator.is_async:
        raise Untold(machine.unknown("coroutines aren't followed", CallSite(node, scope)))
    last = index == len(node.generators) - 1
    simple = generator.target.id if isinstance(generator.target, ast.Name) else None
    try:
        for item in _source(machine, node, index, scope) if items is None else items:
            machine.step()
            if simple is None:
                assign(machine, generator.target, item, scope)
            else:
                scope.names[simple] = item
            if generator.ifs and not _passes(machine, node, index, scope):
                continue
            if last:
                yield None
            else:
                yield from _rounds(machine, node, index + 1, scope)
    except Untold as untold:
        if isinstance(untold, _Passed) and untold.node is node:
            raise
        raise _Passed(_unknown_pass(machine, node, index, scope, untold.value), node) from None


class _Passed(Untold):
    """Why the elements of a comprehension aren't known, of which one was followed already."""

    def __init__(self, value: Unknown, node: ast.AST) -> None:
        super().__init__(value)
        self.node = node


def _source(machine: Machine, node: Any, index: int, scope: Scope) -> Iterator[Anything]:
    """The items of one ``for`` of a comprehension; the first belongs to the scope around. Raises ``Untold``."""
    home = scope.parent if index == 0 and scope.parent is not None else scope
    iterable = node.generators[index].iter
    value = evaluate(machine, iterable, home)
    if index == 0 and node is machine.looked_into and isinstance(value, set | frozenset):
        items = machine.iterate(value, CallSite(iterable, scope), ordered=False)
        if isinstance(items, list) and len(items) > 1:
            raise Unordered(Listing(items))  # `in` doesn't ask for the order
    if isinstance(value, Listing | Table) and not value.settled:
        if index == 0:
            raise Unordered(value)
        if isinstance(scope, AnyOrder) and isinstance(value, Listing):
            scope.is_mixed = True
            return each(machine, value, CallSite(iterable, scope), ordered=False)
    return each(machine, value, CallSite(iterable, scope))


def _passes(machine: Machine, node: Any, index: int, scope: Scope) -> bool:
    """Whether the conditions hold for the present item. Raises ``_Passed`` when it isn't known."""
    for test in node.generators[index].ifs:
        value = evaluate(machine, test, scope)
        known = machine.truth(value)
        if known is False:
            return False
        if known is None:
            text = f"the condition `{scope.module.text(test)}` isn't known"
            clock = isinstance(value, Unknown) and value.clock
            lost = machine.unknown(text, CallSite(node, scope), clock=clock)
            _follow_element(machine, node, index, scope, lost, test, "DP202")
            raise _Passed(lost, node)
    return True


def _unknown_pass(machine: Machine, node: Any, index: int, scope: Scope, lost: Unknown) -> Unknown:
    """Follow the element once with an unknown item, to notice what it would create."""
    from dagport.evaluate.statements import assign

    assign(machine, node.generators[index].target, lost, scope)
    _follow_element(machine, node, index, scope, lost, node.generators[index].iter, "DP203")
    return machine.unknown(lost.why, CallSite(node, scope), clock=lost.clock)


def _follow_element(
    machine: Machine, node: Any, index: int, scope: Scope, lost: Unknown, place: ast.expr, code: str
) -> None:
    from dagport.evaluate.conditions import follow
    from dagport.evaluate.statements import assign

    def once() -> None:
        for later in node.generators[index + 1 :]:
            assign(machine, later.target, lost, scope)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            evaluate(machine, part, scope)

    follow(machine, place, scope, [once], code=code)


class AnyOrder(Scope):
    """The scope of a comprehension whose elements are in an order that isn't known."""

    __slots__ = ("is_mixed",)
    is_mixed: bool  # a later ``for`` of it is over such items, too


class Unordered(Exception):  # noqa: N818 - a way out
    """The first ``for`` of a comprehension is over items in an order that isn't known."""

    def __init__(self, listing: Listing | Table) -> None:
        super().__init__()
        self.listing = listing


def _in_any_order(evaluator: Evaluator) -> Evaluator:
    """A comprehension, whose first ``for`` may be over items in an order that isn't known."""

    def run(machine: Machine, node: Any, scope: Scope) -> Anything:
        try:
            return evaluator(machine, node, scope)
        except Unordered as found:
            from dagport.evaluate.passes import elements

            return elements(machine, node, found.listing, scope)

    return run


def _list_comprehension(machine: Machine, node: ast.ListComp, scope: Scope) -> Anything:
    result: list[Anything] = []

    def add(inner: Scope) -> None:
        result.append(evaluate(machine, node.elt, inner))
        if len(result) & 255 == 0:
            machine.check_size(len(result))

    lost = _comprehension(machine, node, scope, add)
    return result if lost is None else lost


def _generator_expression(machine: Machine, node: ast.GeneratorExp, scope: Scope) -> Anything:
    inner = Scope(scope.module, {}, scope)
    try:
        items = _source(machine, node, 0, inner)
    except Untold as untold:
        return _unknown_pass(machine, node, 0, inner, untold.value)
    elements = (evaluate(machine, node.elt, inner) for _ in _rounds(machine, node, 0, inner, items))
    return Stream(machine, elements, "generator")


def _set_comprehension(machine: Machine, node: ast.SetComp, scope: Scope) -> Anything:
    result: set[Any] = set()
    lost = _comprehension(machine, node, scope, lambda inner: keyed(result.add, evaluate(machine, node.elt, inner)))
    return result if lost is None else lost


def _dict_comprehension(machine: Machine, node: ast.DictComp, scope: Scope) -> Anything:
    result: dict[Any, Anything] = {}
    unknown_keys: list[Unknown] = []

    def add(inner: Scope) -> None:
        key = evaluate(machine, node.key, inner)
        value = evaluate(machine, node.value, inner)
        if isinstance(key, Unknown):
            unknown_keys.append(key)
        else:
            keyed(result.__setitem__, key, value)

    lost = _comprehension(machine, node, scope, add) or next(iter(unknown_keys), None)
    return machine.unknown(lost.why, CallSite(node, scope), clock=lost.clock) if lost is not None else result


def keyed(change: Callable[..., object], *values: Anything) -> None:
    """Put something into a dict or a set. Raises ``PyRaise`` where the key can't be hashed."""
    check_key(values[0])
    try:
        change(*values)
    except TypeError as error:
        raise raised(error) from None


def _walrus(machine: Machine, node: ast.NamedExpr, scope: Scope) -> Anything:
    from dagport.evaluate.statements import assign

    value = evaluate(machine, node.value, scope)
    home = scope
    while home.frame is None and not home.is_class and home.parent is not None:
        home = home.parent  # the name belongs to what is around a comprehension
    assign(machine, node.target, value, home)
    return value


def _starred(machine: Machine, node: ast.Starred, scope: Scope) -> Anything:
    return evaluate(machine, node.value, scope)


def _yield(machine: Machine, node: ast.Yield, scope: Scope) -> Anything:
    """A ``yield`` in code that may not run; all others are done by ``generators``."""
    value = None if node.value is None else evaluate(machine, node.value, scope)
    return _give(machine, value, CallSite(node, scope))


def _give(machine: Machine, value: Anything, site: CallSite) -> Anything:
    frame = method_frame(site.scope)
    if frame is None or frame.yields is None:
        return machine.unknown("this `yield` isn't followed", site)
    return frame.yields(value)


def _yield_from(machine: Machine, node: ast.YieldFrom, scope: Scope) -> Anything:
    site = CallSite(node, scope)
    items = machine.iterate(evaluate(machine, node.value, scope), site)
    for item in [items] if isinstance(items, Unknown) else items:
        _give(machine, item, site)
    return machine.unknown("what the inner generator returns isn't known", site)


def _await(machine: Machine, node: ast.Await, scope: Scope) -> Anything:
    return machine.unknown("coroutines aren't followed", CallSite(node, scope))


EXPRESSIONS: dict[type, Evaluator] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.List: _list,
    ast.Tuple: _tuple,
    ast.Set: _set,
    ast.Dict: _dict,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BoolOp: _bool,
    ast.IfExp: _conditional,
    ast.JoinedStr: _joined,
    ast.FormattedValue: _formatted,
    ast.Lambda: _lambda,
    ast.Call: _call,
    ast.ListComp: _in_any_order(_list_comprehension),
    ast.GeneratorExp: _in_any_order(_generator_expression),
    ast.SetComp: _in_any_order(_set_comprehension),
    ast.DictComp: _in_any_order(_dict_comprehension),
    ast.NamedExpr: _walrus,
    ast.Starred: _starred,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
    ast.Await: _await,
}
