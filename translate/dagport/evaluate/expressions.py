"""Evaluation of expressions: one function a kind of node, found by the node's type."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagport.evaluate import operators
from dagport.evaluate.attributes import get_attribute, get_item
from dagport.evaluate.domain import (
    Anything,
    CallSite,
    External,
    Frame,
    Function,
    Generated,
    PyRaise,
    Scope,
    Spread,
    Unknown,
    first_unknown,
    is_plain,
)

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
        place = place.parent
    if name in scope.module.names:
        return scope.module.names[name]
    from dagport.evaluate.builtins import is_builtin

    if is_builtin(name):
        return machine.external(f"builtins.{name}")
    if "*" in scope.module.names:
        return machine.unknown("it may come from a star import that can't be read", CallSite(node, scope), unseen=True)
    raise PyRaise("NameError", f"name '{name}' is not defined")


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
            if not isinstance(value, dict):
                return machine.unknown(_why(value, "what is unpacked isn't known"), CallSite(node, scope))
            result.update(value)
            continue
        key = evaluate(machine, key_node, scope)
        if isinstance(key, Unknown):
            return machine.unknown(key.why, CallSite(node, scope))
        try:
            result[key] = value
        except TypeError as error:
            raise PyRaise("TypeError", str(error)) from None
    return result


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
        right = evaluate(machine, right_node, scope)
        result = operators.compare(machine, operators.COMPARE[type(op)], left, right, CallSite(node, scope))
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
    parts: list[str] = []
    lost: Unknown | None = None
    for part in node.values:
        text = str(part.value) if isinstance(part, ast.Constant) else _formatted(machine, part, scope)
        if isinstance(text, Unknown):
            lost = lost or text
        else:
            parts.append(text)
    if lost is not None:
        return machine.unknown(lost.why, CallSite(node, scope), clock=lost.clock)
    machine.check_text(sum(map(len, parts)))
    return "".join(parts)


def _formatted(machine: Machine, node: Any, scope: Scope) -> str | Unknown:
    value = evaluate(machine, node.value, scope)
    spec = "" if node.format_spec is None else evaluate(machine, node.format_spec, scope)
    site = CallSite(node.value, scope)
    if isinstance(spec, Unknown):
        return spec
    if node.conversion == ord("r") or node.conversion == ord("a"):
        if not is_plain(value):
            lost = first_unknown([value])
            return machine.unknown(lost.why if lost else "the text of the object isn't known", site)
        value = repr(value) if node.conversion == ord("r") else ascii(value)
    elif node.conversion == ord("s") or not spec:
        text = machine.to_text(value, site)
        if isinstance(text, Unknown) or not spec:
            return text
        value = text
    return _with_spec(machine, value, spec, site)


def _with_spec(machine: Machine, value: Anything, spec: str, site: CallSite) -> str | Unknown:
    if not spec:
        return str(value)
    from dagport.evaluate.methods import lookup as method

    if isinstance(value, Unknown) or not is_plain(value):
        return machine.unknown(_why(value, "the text of the object isn't known"), site)
    native = method("", "format")
    assert native is not None  # noqa: S101 - str.format is always modelled
    result: str | Unknown = native(machine, ["{:" + spec + "}", value], {}, site)
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
    from dagport.evaluate.calls import SuperProxy, call

    machine.step()
    site = CallSite(node, scope)
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name == "super" and not node.args and (frame := _method_frame(scope)) is not None and frame.owner:
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


def _method_frame(scope: Scope | None) -> Frame | None:
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
        if keyword.arg is not None:
            kwargs[keyword.arg] = value
        elif isinstance(value, dict) and all(isinstance(key, str) for key in value):
            for key in value:
                if key in kwargs:
                    raise PyRaise("TypeError", f"got multiple values for keyword argument '{key}'")
            kwargs.update(value)
        else:
            site = CallSite(keyword.value, scope)
            kwargs["**"] = Spread(_why(value, "what is unpacked isn't known"), site.text, site.span)
    return args, kwargs


def _comprehension(machine: Machine, node: Any, scope: Scope, add: Callable[[Scope], None]) -> Unknown | None:
    inner = Scope(scope.module, {}, scope)
    return _generate(machine, node, 0, inner, add)


def _generate(machine: Machine, node: Any, index: int, scope: Scope, add: Callable[[Scope], None]) -> Unknown | None:
    if index == len(node.generators):
        machine.step()
        add(scope)
        return None
    from dagport.evaluate.statements import assign

    generator = node.generators[index]
    # The first iterable belongs to the scope around, which matters in a class body.
    home = scope.parent if index == 0 and scope.parent is not None else scope
    items = machine.iterate(evaluate(machine, generator.iter, home), CallSite(generator.iter, scope))
    if isinstance(items, Unknown):
        return _unknown_pass(machine, node, index, scope, items)
    for item in items:
        machine.step()
        assign(machine, generator.target, item, scope)
        for test in generator.ifs:
            known = machine.truth(evaluate(machine, test, scope))
            if known is None:
                return machine.unknown(
                    f"the condition `{machine.module.text(test)}` isn't known", CallSite(node, scope)
                )
            if not known:
                break
        else:
            lost = _generate(machine, node, index + 1, scope, add)
            if lost is not None:
                return lost
    return None


def _unknown_pass(machine: Machine, node: Any, index: int, scope: Scope, lost: Unknown) -> Unknown:
    """Follow the element once with an unknown item, to notice what it would create."""
    from dagport.evaluate.conditions import follow
    from dagport.evaluate.statements import assign

    def once() -> None:
        assign(machine, node.generators[index].target, lost, scope)
        for later in node.generators[index + 1 :]:
            assign(machine, later.target, lost, scope)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            evaluate(machine, part, scope)

    follow(machine, node.generators[index].iter, scope, [once], code="DP203")
    return machine.unknown(lost.why, CallSite(node, scope), clock=lost.clock)


def _list_comprehension(machine: Machine, node: ast.ListComp | ast.GeneratorExp, scope: Scope) -> Anything:
    result: list[Anything] = []

    def add(inner: Scope) -> None:
        result.append(evaluate(machine, node.elt, inner))
        if len(result) & 255 == 0:
            machine.check_items(len(result))

    return _comprehension(machine, node, scope, add) or result


def _generator_expression(machine: Machine, node: ast.GeneratorExp, scope: Scope) -> Anything:
    with machine.watch() as owners:
        items = _list_comprehension(machine, node, scope)
    return Generated(items, owners) if owners and isinstance(items, list) else items


def _set_comprehension(machine: Machine, node: ast.SetComp, scope: Scope) -> Anything:
    result: set[Any] = set()
    lost = _comprehension(machine, node, scope, lambda inner: result.add(evaluate(machine, node.elt, inner)))
    return lost or result


def _dict_comprehension(machine: Machine, node: ast.DictComp, scope: Scope) -> Anything:
    result: dict[Any, Anything] = {}
    unknown_keys: list[Unknown] = []

    def add(inner: Scope) -> None:
        key = evaluate(machine, node.key, inner)
        value = evaluate(machine, node.value, inner)
        if isinstance(key, Unknown):
            unknown_keys.append(key)
        else:
            result[key] = value

    lost = _comprehension(machine, node, scope, add) or next(iter(unknown_keys), None)
    return machine.unknown(lost.why, CallSite(node, scope)) if lost is not None else result


def _walrus(machine: Machine, node: ast.NamedExpr, scope: Scope) -> Anything:
    from dagport.evaluate.statements import assign

    value = evaluate(machine, node.value, scope)
    assign(machine, node.target, value, scope)
    return value


def _starred(machine: Machine, node: ast.Starred, scope: Scope) -> Anything:
    return evaluate(machine, node.value, scope)


def _yield(machine: Machine, node: ast.Yield, scope: Scope) -> Anything:
    value = None if node.value is None else evaluate(machine, node.value, scope)
    give(machine, value, scope)
    return None


def give(machine: Machine, value: Anything, scope: Scope) -> None:
    """Hand a yielded value to whoever runs the generator."""
    frame = _method_frame(scope)
    if frame is None or frame.yields is None:
        return
    if isinstance(frame.yields, list):
        frame.yields.append(value)
        machine.check_items(len(frame.yields))
    else:
        frame.yields(value)


def _yield_from(machine: Machine, node: ast.YieldFrom, scope: Scope) -> Anything:
    items = machine.iterate(evaluate(machine, node.value, scope), CallSite(node, scope))
    for item in [items] if isinstance(items, Unknown) else items:
        give(machine, item, scope)
    return None


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
    ast.ListComp: _list_comprehension,
    ast.GeneratorExp: _generator_expression,
    ast.SetComp: _set_comprehension,
    ast.DictComp: _dict_comprehension,
    ast.NamedExpr: _walrus,
    ast.Starred: _starred,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
    ast.Await: _await,
}
