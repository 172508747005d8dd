"""``collections.deque``."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, BoundMethod, CallSite, Model, Native, NativeFunction, PyRaise, Unknown
from dagport.evaluate.iterators import Stream
from dagport.evaluate.library.support import applied, bound, lost

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


class Deque(Model):
    """A deque; its items are kept in a real one."""

    __slots__ = ("items",)
    type_name = "collections.deque"

    def __init__(self, items: collections.deque[Any]) -> None:
        self.items = items

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """A method, or ``maxlen``."""
        if name == "maxlen":
            return self.items.maxlen
        native = METHODS.get(name)
        if native is not None:
            return BoundMethod(NativeFunction(name, native), self)
        if name == "__repr__":
            return NativeFunction(name, self._text)
        raise PyRaise("AttributeError", f"'collections.deque' object has no attribute '{name}'")

    def _text(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        from dagport.evaluate.shown import represent

        text = represent(machine, list(self.items), site)
        if isinstance(text, Unknown):
            return text
        return f"deque({text}" + ("" if self.items.maxlen is None else f", maxlen={self.items.maxlen}") + ")"

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """``self[index]``."""
        return applied(lambda: self.items[key], [], {}) if isinstance(key, int) else lost(machine, [key], site)

    def set_item(self, machine: Machine, key: Anything, value: Anything, site: CallSite) -> None:
        """``self[index] = value``."""
        machine.effect()
        if isinstance(key, int):
            applied(self.items.__setitem__, [key, value], {})
        else:
            machine.doubt("DP201", f"`{site.text}` sets an entry whose index isn't known", site)

    def iterate(self, machine: Machine, site: CallSite) -> Any:
        """The items."""
        return list(self.items)

    def truth(self, machine: Machine) -> bool | None:
        """Whether there are items."""
        return bool(self.items)

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """Equality with another deque."""
        if operator in ("==", "!=") and isinstance(other, Deque):
            return machine.compare(operator, list(self.items), list(other.items), site)
        return False if operator == "==" and not isinstance(other, Unknown) else NotImplemented


def _make(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    source, most = bound(args, kwargs, iterable=(), maxlen=None)
    items = machine.iterate(source, site)
    if isinstance(items, Unknown) or isinstance(most, Unknown):
        return lost(machine, [items, most], site)
    return Deque(applied(collections.deque, [items, most], {}))


def _changing(name: str) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        machine.effect()
        owner, *rest = args
        if name in ("extend", "extendleft") and rest:
            items = machine.iterate(rest[0], site)
            if isinstance(items, Unknown):
                machine.doubt("DP201", f"`{site.text}` adds items that aren't known: {items.why}", site)
                return None
            machine.check_items(len(owner.items) + len(items))
            rest = [items]
        machine.check_items(len(owner.items) + 1)
        return applied(getattr(owner.items, name), rest, kwargs)

    return run


def _as_list(name: str) -> Native:
    """A method that lists have too, on the items."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        items = list(args[0].items)
        result = machine.call(machine.attribute(items, name, site), args[1:], kwargs, site)
        if name == "remove":
            args[0].items.clear()
            args[0].items.extend(items)
        return result

    return run


def _copy(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return Deque(args[0].items.copy())


def _reversed(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return Stream(machine, list(args[0].items)[::-1], "deque_reverse_iterator")


CHANGES = "append appendleft clear extend extendleft pop popleft reverse rotate insert"
METHODS: dict[str, Native] = {
    **{name: _changing(name) for name in CHANGES.split()},
    **{name: _as_list(name) for name in ("count", "index", "remove")},
    "copy": _copy,
    "__reversed__": _reversed,
}
FUNCTIONS: dict[str, Native] = {"collections.deque": _make}
