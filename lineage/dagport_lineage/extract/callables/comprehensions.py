"""Comprehensions and generator expressions."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagport_lineage.extract.callables import folding, libraries
from dagport_lineage.extract.callables.access import as_data
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
    Method,
    OwnClass,
    Qualified,
    Value,
    is_object,
    some,
    some_entries,
)
from dagport_lineage.extract.callables.frames import Frame

if TYPE_CHECKING:
    from dagport_lineage.extract.callables.walker import Walker

MAX_UNROLLED = 100


def comprehension(kind: str) -> Callable[[Walker, Any], Value]:
    """The rule for one kind of comprehension."""

    def rule(walker: Walker, node: Any) -> Value:
        results: list[tuple[Value, Value]] = []
        outer = walker.frame
        names = frozenset(
            item.id
            for generator in node.generators
            for item in ast.walk(generator.target)
            if isinstance(item, ast.Name)
        )
        inner = Frame(outer.module, {}, names, outer, is_comprehension=True)
        walker.frames.append(inner)
        try:
            is_known = _generate(walker, node, list(node.generators), results)
        finally:
            walker.frames.pop()
        return _collected(walker, kind, results, is_known=is_known)

    return rule


def _generate(walker: Walker, node: Any, generators: list[Any], results: list[tuple[Value, Value]]) -> bool:
    """Follow the loops of a comprehension; whether all that it gives is known to be given."""
    from dagport_lineage.extract.callables.loops import items_of
    from dagport_lineage.extract.callables.statements import assign

    if not generators:
        if isinstance(node, ast.DictComp):
            results.append((as_data(walker.value(node.key)), walker.value(node.value)))
        else:
            results.append((NONE, walker.value(node.elt)))
        return True
    first, *rest = generators
    iterable = walker.value(first.iter)
    known = items_of(walker, iterable)
    if known is not None and len(known) <= MAX_UNROLLED:
        found = [_one(walker, node, first, item, rest, results) for item in known]  # each of them is followed
        return all(found)
    if isinstance(iterable, Foreign):
        walker.gap("both", "callable", f"what a loop over {iterable.text} does isn't known", first.iter)
    with walker.branch():
        assign(walker, first.target, iterated(walker, iterable), first.iter)
        _one(walker, node, first, None, rest, results)
    return False


def _one(
    walker: Walker, node: Any, generator: Any, item: Value | None, rest: list[Any], results: list[tuple[Value, Value]]
) -> bool:
    from dagport_lineage.extract.callables.statements import assign

    if item is not None:
        assign(walker, generator.target, item, generator.iter)
    for test in generator.ifs:
        known = folding.truth(as_data(walker.value(test)))
        if known is False:
            return True
        if known is None:
            with walker.branch():
                _generate(walker, node, rest, results)
            return False
    return _generate(walker, node, rest, results)


def iterated(walker: Walker, value: Value) -> Value:
    """What a loop gives whose items aren't known one by one."""
    value = as_data(value)
    if isinstance(value, Handle):
        rule = libraries.kind(value.kind).iterated
        return rule(value) if rule is not None else Data(None, value.origins)
    if isinstance(value, Foreign):
        return Foreign("an item of " + value.text)
    if isinstance(value, Function | OwnClass | Qualified | Method):
        return Foreign("an item of a value that isn't known")
    if isinstance(value, Items) and value.items is None and value.element is not None:
        return value.element
    if isinstance(value, Items | Entries) and is_object(value):
        return folding.element(value) if isinstance(value, Items) and value.items else Foreign("an item of a list")
    return LOST if isinstance(value, Lost) else folding.element(value)


def _collected(walker: Walker, kind: str, results: list[tuple[Value, Value]], *, is_known: bool) -> Value:
    values = [value for _, value in results]
    if kind == "dict":
        keys = [key for key, _ in results]
        if is_known and all(isinstance(key, Known) for key in keys):
            return Entries({key.value: value for key, value in results if isinstance(key, Known)}, region=walker.region)
        return some_entries([*keys, *values], walker.region)
    return Items(kind, values, region=walker.region) if is_known else some(kind, values, walker.region)
