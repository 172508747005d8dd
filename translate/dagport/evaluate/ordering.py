"""``sorted``, ``min``, ``max`` and ``list.sort``: by keys that may be objects of the project."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, Native, Unknown, first_unknown, is_plain
from dagport.evaluate.iterators import Untold
from dagport.evaluate.library.support import applied, lost

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


class _Key:
    """A value that is compared by the rules of the machine. Raises ``Untold`` when the order isn't known."""

    __slots__ = ("machine", "site", "value")

    def __init__(self, machine: Machine, value: Anything, site: CallSite) -> None:
        self.machine = machine
        self.value = value
        self.site = site

    def __lt__(self, other: _Key) -> bool:
        return self._asked("<", other)

    def __gt__(self, other: _Key) -> bool:
        return self._asked(">", other)

    def _asked(self, symbol: str, other: _Key) -> bool:
        result = self.machine.compare(symbol, self.value, other.value, self.site)
        known = self.machine.truth(result)
        if known is None:
            cause = first_unknown([result])
            why = cause.why if cause else "the order of these objects isn't known"
            raise Untold(self.machine.unknown(why, self.site, clock=cause is not None and cause.clock))
        return known


def keys_of(machine: Machine, items: list[Anything], key: Anything, site: CallSite) -> list[Any]:
    """What the items are ordered by, as something that Python can compare."""
    return comparable(machine, items if key is None else [machine.call(key, [item], {}, site) for item in items], site)


def comparable(machine: Machine, keys: list[Anything], site: CallSite) -> list[Any]:
    """Keys as something that Python can compare."""
    return keys if is_plain(keys) else [_Key(machine, item, site) for item in keys]


def in_order(
    machine: Machine, items: list[Anything], key: Anything, reverse: Anything, site: CallSite
) -> list[Anything] | Unknown:
    """``sorted(items, key=key, reverse=reverse)``."""
    down = machine.truth(reverse)
    if down is None:
        return lost(machine, [reverse], site, "the direction isn't known")
    return by_keys(items, keys_of(machine, items, key, site), down)


def by_keys(items: list[Anything], keys: list[Any], down: bool) -> list[Anything] | Unknown:
    """The items in the order of their keys."""
    try:
        order = applied(sorted, [range(len(items))], {"key": keys.__getitem__, "reverse": down})
    except Untold as untold:
        return untold.value
    return [items[index] for index in order]


def _sorted(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    items = machine.iterate(args[0], site, ordered=kwargs.get("key") is not None)
    if isinstance(items, Unknown):
        return items
    machine.check_items(len(items))
    return in_order(machine, items, kwargs.get("key"), kwargs.get("reverse", False), site)


def _extreme(real: Callable[..., Any]) -> Native:
    def pick(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        ordered = kwargs.get("key") is not None
        items = machine.iterate(args[0], site, ordered=ordered) if len(args) == 1 else args
        if isinstance(items, Unknown):
            return items
        if not items and "default" in kwargs:
            return kwargs["default"]
        keys = keys_of(machine, items, kwargs.get("key"), site)
        if not items:
            return applied(real, [[]], {})
        try:
            return items[applied(real, [range(len(items))], {"key": keys.__getitem__})]
        except Untold as untold:
            return untold.value

    return pick


FUNCTIONS: dict[str, Native] = {"sorted": _sorted, "min": _extreme(min), "max": _extreme(max)}
