"""What expressions give."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dagport_lineage.extract.callables import folding, libraries
from dagport_lineage.extract.callables.access import (
    as_data,
    attribute,
    constant_of,
    item_of,
    lookup,
    path_text,
    text_of_callee,
)
from dagport_lineage.extract.callables.comprehensions import comprehension
from dagport_lineage.extract.callables.domain import (
    LOST,
    NONE,
    PURE,
    Data,
    Entries,
    Foreign,
    Function,
    Handle,
    Items,
    Known,
    Lost,
    Value,
    data_of,
    joined,
    origins_of,
    some,
    some_entries,
)

if TYPE_CHECKING:
    from dagport_lineage.extract.callables.walker import Walker

MAX_UNROLLED = 100


# Names


def _name(walker: Walker, node: ast.Name) -> Value:
    return constant_of(walker, lookup(walker, node.id))


def _constant(walker: Walker, node: ast.Constant) -> Value:
    return Known(node.value) if not isinstance(node.value, complex | type(...)) else PURE


def _attribute(walker: Walker, node: ast.Attribute) -> Value:
    return attribute(walker, walker.value(node.value), node.attr, text_of_callee(node))


# Data


def _sequence(kind: str) -> Callable[[Walker, Any], Value]:
    def rule(walker: Walker, node: ast.List | ast.Tuple | ast.Set) -> Value:
        items: list[Value] = []
        is_known = True
        for item in node.elts:
            value = walker.value(item.value if isinstance(item, ast.Starred) else item)
            if not isinstance(item, ast.Starred):
                items.append(value)
            elif isinstance(value, Items) and value.items is not None and value.kind != "set":
                items += value.items
            else:
                items.append(value)
                is_known = False
        if is_known:
            return Items(kind, items, region=walker.region)
        return some(kind, items, walker.region)

    return rule


def _dict(walker: Walker, node: ast.Dict) -> Value:
    entries: dict[Any, Value] = {}
    lost: list[Value] = []
    for key, item in zip(node.keys, node.values, strict=True):
        value = walker.value(item)
        if key is None:
            if isinstance(value, Entries) and value.entries is not None:
                entries.update(value.entries)
            else:
                lost.append(value)
            continue
        known = walker.value(key)
        if isinstance(known, Known):
            entries[known.value] = value
        else:
            lost += [known, value]
    if lost:
        return some_entries([*lost, *entries.values()], walker.region)
    return Entries(entries, region=walker.region)


def _joined_str(walker: Walker, node: ast.JoinedStr) -> Value:
    parts: list[tuple[Value, str | None, bool]] = []
    for item in node.values:
        if isinstance(item, ast.FormattedValue):
            value = as_data(walker.value(item.value))
            if item.format_spec is not None:
                walker.value(item.format_spec)
            is_plain = item.conversion == -1 and item.format_spec is None
            parts.append((path_text(value) if is_plain else value, text_of_callee(item.value), is_plain))
        else:
            parts.append((walker.value(item), None, True))
    in_scratch = scratch_text([value for value, _, _ in parts])
    return in_scratch if in_scratch is not None else folding.f_string(parts, walker.region)


def scratch_text(parts: list[Value]) -> Value | None:
    """A text that begins with the path of something temporary, and goes on below it."""
    first, *rest = parts or [NONE]
    if not (isinstance(first, Handle) and first.kind == "files.scratch"):
        return None
    texts = [folding.plain(part) for part in rest]
    is_below = all(isinstance(text, str | int) and ".." not in str(text) for text in texts)
    return first if is_below else None


def _binary(walker: Walker, node: ast.BinOp) -> Value:
    left, right = as_data(walker.value(node.left)), as_data(walker.value(node.right))
    return combine(walker, node.op, left, right, node)


def combine(walker: Walker, op: ast.operator, left: Value, right: Value, node: ast.AST) -> Value:
    """``left op right``."""
    if isinstance(left, Lost) or isinstance(right, Lost):
        return LOST
    if isinstance(op, ast.Div):
        from dagport_lineage.extract.callables.libraries.paths import divided

        path = divided(left, right)
        if path is not None:
            return path
    in_scratch = scratch_text([left, right]) if isinstance(op, ast.Add) else None
    if in_scratch is not None:
        return in_scratch
    if isinstance(op, ast.Mod) and isinstance(left, Known) and isinstance(left.value, str):
        return _percent(left, right, walker.region)
    for value in (left, right):
        if isinstance(value, Handle) and libraries.kind(value.kind).has_fields:
            return Handle(value.kind, value.data, origins_of(data_of([left, right])))
    if isinstance(left, Foreign) or isinstance(right, Foreign):
        return Foreign("a value that is computed")
    return folding.binary(op, left, right, walker.region)


def _percent(left: Known, right: Value, region: int) -> Value:
    if isinstance(right, Entries) or folding.plain(right) is not NotImplemented:
        return folding.binary(ast.Mod(), left, right, region)
    text = left.value.replace("%s", "{}").replace("%d", "{}")
    if "%" in text or "{" in left.value or "}" in left.value:
        return data_of([right])
    args = right.items if isinstance(right, Items) and right.kind == "tuple" else [right]
    return data_of([right]) if args is None else folding.text_method(text, "format", list(args), {}, region)


def _unary(walker: Walker, node: ast.UnaryOp) -> Value:
    value = as_data(walker.value(node.operand))
    if isinstance(node.op, ast.Not):
        known = folding.truth(value)
        return data_of([value]) if known is None else Known(not known)
    if isinstance(value, Known) and isinstance(value.value, int | float) and isinstance(node.op, ast.USub):
        return Known(-value.value)
    return value if isinstance(value, Handle) else data_of([value])


def _bool(walker: Walker, node: ast.BoolOp) -> Value:
    """``and`` and ``or``: what comes after the first may not be evaluated."""
    is_and = isinstance(node.op, ast.And)
    value = as_data(walker.value(node.values[0]))
    for item in node.values[1:]:
        known = folding.truth(value)
        if known is not None:
            if known != is_and:
                return value
            value = as_data(walker.value(item))
            continue
        with walker.branch():
            value = joined(value, as_data(walker.value(item)))
    return value


def _compare(walker: Walker, node: ast.Compare) -> Value:
    left = as_data(walker.value(node.left))
    results: list[bool | None] = []
    values = [left]
    for op, item in zip(node.ops, node.comparators, strict=True):
        right = as_data(walker.value(item))
        results.append(folding.compare(op, left, right))
        values.append(right)
        left = right
    frame = next((v for v in values if isinstance(v, Handle) and libraries.kind(v.kind).has_fields), None)
    if frame is not None:
        return Handle(frame.kind, frame.data, origins_of(data_of(values)))
    if None in results:
        return data_of(values)
    return Known(all(results))


def _if_exp(walker: Walker, node: ast.IfExp) -> Value:
    known = folding.truth(as_data(walker.value(node.test)))
    if known is not None:
        return walker.value(node.body if known else node.orelse)
    with walker.branch():
        first = walker.value(node.body)
    with walker.branch():
        return joined(first, walker.value(node.orelse))


def _subscript(walker: Walker, node: ast.Subscript) -> Value:
    base = walker.value(node.value)
    key = as_data(walker.value(node.slice))
    return item_of(walker, base, key, text_of_callee(node))


def _slice(walker: Walker, node: ast.Slice) -> Value:
    return data_of([walker.value(item) for item in (node.lower, node.upper, node.step) if item is not None])


def _lambda(walker: Walker, node: ast.Lambda) -> Value:
    return Function(node, walker.frame.module, walker.frame)


def _named(walker: Walker, node: ast.NamedExpr) -> Value:
    """``(name := value)``; within an expression that may not be evaluated, the name may keep what it had."""
    value = walker.value(node.value)
    frame = walker.frame
    while frame.is_comprehension and frame.parent is not None:
        frame = frame.parent
    name = node.target.id
    if walker.region == walker.statement_region:
        frame.env[name] = value
    else:
        frame.env[name] = joined(frame.env.get(name, Foreign(f"`{name}`, which may not be set")), value)
    return value


def _inner(walker: Walker, node: ast.Await | ast.Starred | ast.FormattedValue) -> Value:
    return walker.value(node.value)


def _yield(walker: Walker, node: ast.Yield | ast.YieldFrom) -> Value:
    value = NONE if node.value is None else walker.value(node.value)
    walker.frame.yielded.append(as_data(value))
    return Data(None, None)  # what is sent


# Comprehensions


def _call(walker: Walker, node: ast.Call) -> Value:
    from dagport_lineage.extract.callables.calls import call

    return call(walker, node)


EXPRESSIONS: Mapping[type[ast.expr], Callable[[Walker, Any], Value]] = {
    ast.Name: _name,
    ast.Constant: _constant,
    ast.Attribute: _attribute,
    ast.List: _sequence("list"),
    ast.Tuple: _sequence("tuple"),
    ast.Set: _sequence("set"),
    ast.Dict: _dict,
    ast.JoinedStr: _joined_str,
    ast.FormattedValue: _inner,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _bool,
    ast.Compare: _compare,
    ast.IfExp: _if_exp,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.Lambda: _lambda,
    ast.NamedExpr: _named,
    ast.Await: _inner,
    ast.Starred: _inner,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.ListComp: comprehension("list"),
    ast.SetComp: comprehension("set"),
    ast.GeneratorExp: comprehension("tuple"),
    ast.DictComp: comprehension("dict"),
    ast.Call: _call,
}
