"""Loops: unrolled where their items are known, else followed until their variables no longer change."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from dagport_lineage.extract.callables import folding
from dagport_lineage.extract.callables.comprehensions import MAX_UNROLLED, iterated
from dagport_lineage.extract.callables.domain import Entries, Foreign, Items, Known, Value, joined, same

if TYPE_CHECKING:
    from dagport_lineage.extract.callables.walker import Walker


MAX_PASSES = 4


def items_of(walker: Walker, value: Value) -> list[Value] | None:
    """What a loop over a value gives, one by one; ``None`` where that isn't known."""
    if isinstance(value, Items):
        return None if value.items is None or (value.kind == "set" and len(value.items) > 1) else list(value.items)
    if isinstance(value, Entries) and value.entries is not None:
        return [folding.to_value(key, walker.region) for key in value.entries]
    if isinstance(value, Known) and isinstance(value.value, str) and len(value.value) <= MAX_UNROLLED:
        return [Known(letter) for letter in value.value]
    return None


def for_loop(walker: Walker, node: ast.For | ast.AsyncFor) -> bool:
    """``for``."""
    from dagport_lineage.extract.callables.statements import assign

    iterable = walker.value(node.iter)
    known = items_of(walker, iterable)
    if known is not None and len(known) <= MAX_UNROLLED:
        return _unrolled(walker, node, known)
    if isinstance(iterable, Foreign):
        walker.gap("both", "callable", f"what a loop over {iterable.text} does isn't known", node.iter)

    def begin() -> None:
        assign(walker, node.target, iterated(walker, iterable), node)

    return _unknown_loop(walker, node, begin)


def _unrolled(walker: Walker, node: ast.For | ast.AsyncFor, items: list[Value]) -> bool:
    from dagport_lineage.extract.callables.statements import assign

    loop = walker.loop()
    falls = True
    for item in items:
        assign(walker, node.target, item, node)
        loop.continues.clear()
        falls = walker.block(node.body)
        ways = [*loop.continues, *([walker.frame.env] if falls else [])]
        falls = walker.merge(ways)
        if not falls:
            break
    walker.frame.loops.pop()
    if falls:
        falls = walker.block(node.orelse)
    return walker.merge([*loop.breaks, *([walker.frame.env] if falls else [])])


def while_loop(walker: Walker, node: ast.While) -> bool:
    """``while``."""

    def begin() -> None:
        walker.value(node.test)

    return _unknown_loop(walker, node, begin)


def _unknown_loop(walker: Walker, node: ast.For | ast.AsyncFor | ast.While, begin: Callable[[], None]) -> bool:
    """A loop that runs any number of times: followed until its variables no longer change, then noted."""
    from dagport_lineage.extract.callables.walker import Record

    record = walker.record
    before = dict(walker.frame.env)
    for attempt in range(MAX_PASSES):
        walker.frame.env = dict(before)
        walker.record = Record()
        after, _ = _pass(walker, node, begin)
        tried, walker.record = walker.record, record
        record.mixed = record.mixed or tried.mixed
        record.gaps = {**tried.gaps, **record.gaps}  # what is lost there stays lost
        if all(same(before[name], after[name]) for name in before if name in after):
            break
        before = {name: joined(value, after.get(name)) for name, value in before.items()}
        if attempt == MAX_PASSES - 2:
            walker.frame.env = before
            walker.havoc([node])
            before = dict(walker.frame.env)
    walker.frame.env = dict(before)
    after, breaks = _pass(walker, node, begin)
    walker.frame.env = dict(before)
    walker.merge([before, after])
    falls = not (isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and node.test.value)
    with walker.branch():
        falls = falls and walker.block(node.orelse)
    return walker.merge([*breaks, *([walker.frame.env] if falls else [])])


def _pass(
    walker: Walker, node: ast.For | ast.AsyncFor | ast.While, begin: Callable[[], None]
) -> tuple[dict[str, Value], list[dict[str, Value]]]:
    """The body once: the variables after it, and at each ``break``."""
    loop = walker.loop()
    before = dict(walker.frame.env)
    with walker.branch():
        begin()
        falls = walker.block(node.body)
        walker.merge([before, *loop.continues, *([walker.frame.env] if falls else [])])
    walker.frame.loops.pop()
    return walker.frame.env, loop.breaks
