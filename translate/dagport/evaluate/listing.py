"""Lists whose order isn't known: the folder listings of the operating system, and what is made from them.

The items are kept sorted. What depends on their order raises a doubt with the advice to sort; what doesn't is known.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    CallSite,
    Model,
    Native,
    NativeFunction,
    PyRaise,
    SourceFile,
    Unknown,
    is_plain,
)
from dagport.evaluate.library.support import applied, bound, lost

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

ORDER = "the order of a folder's entries changes from machine to machine, and it is used here: use sorted(...)"
CACHED = "whether Python's `__pycache__` lies in the folder isn't known: leave it out by its name"


class Listing(Model):
    """Items in an order that isn't known, or that may or may not hold the entries ``maybe``."""

    __slots__ = ("items", "maybe", "once", "ordered")
    type_name = "builtins.list"

    def __init__(
        self, items: list[Anything], maybe: list[Anything] | None = None, *, ordered: bool = False, once: bool = False
    ) -> None:
        self.items = items
        self.maybe = maybe or []
        self.ordered = ordered or len(items) + len(self.maybe) < 2
        self.once = once  # an iterator: used up by the first that asks

    def take(self, machine: Machine, site: CallSite, *, ordered: bool = True) -> list[Anything] | Unknown:
        """All items, for a use that depends on their order or doesn't."""
        if self.maybe:
            return machine.unknown(CACHED, site)
        if ordered and not self.ordered:
            machine.doubt("DP211", ORDER, site)
        items = list(self.items)
        self.use_up()
        return items

    @property
    def why(self) -> str:
        """Why it has no certain value."""
        return CACHED if self.maybe else ORDER

    @property
    def settled(self) -> bool:
        """Whether the items and their order are known."""
        return self.ordered and not self.maybe

    def use_up(self) -> None:
        """An iterator gives its items once."""
        if self.once:
            self.items, self.maybe, self.ordered = [], [], True

    def alike(self, items: list[Anything], maybe: list[Anything]) -> Listing:
        """Items made from these, one by one."""
        return Listing(items, maybe, ordered=self.ordered)

    def iterate(self, machine: Machine, site: CallSite) -> Anything:
        """The items, where their order matters."""
        return self.take(machine, site)

    def contains(self, machine: Machine, item: Anything, site: CallSite) -> Anything:
        """``item in listing``."""
        found = machine.compare("in", item, list(self.items), site)
        return found if found is True or not self.maybe else machine.unknown(CACHED, site)

    def truth(self, machine: Machine) -> bool | None:
        """Whether there are any."""
        return True if self.once or self.items else None if self.maybe else False

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """Methods of a list that don't depend on the order."""
        if self.once or name not in METHODS:
            return machine.unknown(ORDER if not self.once else f"`{name}` of a listing isn't followed", site)

        def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
            return METHODS[name](machine, [self, *args], kwargs, site)

        return NativeFunction(name, run)

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """``listing[0]``: known where there is only one, or where they are sorted."""
        if self.once:
            raise PyRaise("TypeError", "'generator' object is not subscriptable")
        if self.maybe or not self.ordered or not is_plain(key):
            return machine.unknown(CACHED if self.maybe else ORDER, site)
        return applied(self.items.__getitem__, [key], {})

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """``listing + list``."""
        if operator == "+" and not self.once and isinstance(other, list | Listing):
            more = other if isinstance(other, list) else other.items
            maybe = self.maybe if isinstance(other, list) else [*self.maybe, *other.maybe]
            return Listing([*more, *self.items] if reflected else [*self.items, *more], maybe)
        return machine.unknown(ORDER, site)

    def enter(self, machine: Machine, site: CallSite) -> Anything:
        """``with os.scandir(...) as entries``."""
        return self if self.once else NotImplemented


class Table(Model):
    """A dict whose entries are in an order that isn't known."""

    __slots__ = ("entries",)
    type_name = "builtins.dict"

    def __init__(self, entries: dict[Any, Anything]) -> None:
        self.entries = entries

    @property
    def why(self) -> str:
        """Why it has no certain value."""
        return ORDER

    @property
    def settled(self) -> bool:
        """Whether the order is known."""
        return len(self.entries) < 2

    def iterate(self, machine: Machine, site: CallSite) -> Anything:
        """The keys, where their order matters."""
        return Listing(list(self.entries)).take(machine, site)

    def truth(self, machine: Machine) -> bool | None:
        """Whether there are any entries."""
        return bool(self.entries)

    def contains(self, machine: Machine, item: Anything, site: CallSite) -> Anything:
        """``key in table``."""
        return machine.compare("in", item, self.entries, site)

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """``table[key]``."""
        from dagport.evaluate.items import get_item

        return get_item(machine, self.entries, key, site)

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """Methods of a dict that don't depend on the order."""
        views = {"keys": list(self.entries), "values": list(self.entries.values()), "items": list(self.entries.items())}
        if name in views:
            return NativeFunction(name, lambda *_: Listing(views[name]))
        if name == "get":
            return machine.attribute(self.entries, name, site)
        return machine.unknown(ORDER, site)


def _append(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    listing, value = bound(args, kwargs, "self", "object")
    machine.effect()
    listing.items.append(value)
    listing.ordered = listing.ordered and len(listing.items) < 2


def _extend(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    listing, more = bound(args, kwargs, "self", "iterable")
    if isinstance(more, Listing):
        listing.maybe = [*listing.maybe, *more.maybe]
        items: Anything = list(more.items)
        more.use_up()
    else:
        items = machine.iterate(more, site)
    machine.effect()
    if isinstance(items, Unknown):
        machine.doubt("DP201", f"`{site.text}` changes a list in a way that isn't known: {items.why}", site)
        return
    listing.items += items
    listing.ordered = listing.ordered and len(listing.items) < 2


def _sort(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    (listing,) = args
    machine.effect()
    made = sort(machine, listing, kwargs, site)
    if isinstance(made, Unknown):
        listing.maybe = [made]
        return
    listing.items = made.items if isinstance(made, Listing) else made
    listing.ordered = made.ordered if isinstance(made, Listing) else True


def _copy(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (listing,) = bound(args, kwargs, "self")
    return listing.alike(list(listing.items), listing.maybe)


def _count(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    listing, value = bound(args, kwargs, "self", "value")
    items = listing.take(machine, site, ordered=False)
    if isinstance(items, Unknown) or not is_plain([items, value]):
        return lost(machine, [items, value], site)
    return items.count(value)


METHODS: dict[str, Native] = {
    "append": _append,
    "copy": _copy,
    "count": _count,
    "extend": _extend,
    "sort": _sort,
}


# What builtins do with listings


def sort(machine: Machine, listing: Listing, kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``sorted(listing, ...)``: a list, or again a listing where entries may be missing or are equal."""
    items, key = [*listing.items, *listing.maybe], kwargs.get("key")
    keys = sort_keys(items if key is None else [machine.call(key, [item], {}, site) for item in items])
    reverse = machine.truth(kwargs.get("reverse", False))
    if keys is None or reverse is None:
        return lost(machine, [*items, reverse], site, "the order of these objects isn't known")
    order = applied(sorted, [range(len(items))], {"key": keys.__getitem__, "reverse": reverse})
    ties = any(keys[left] == keys[right] for left, right in pairwise(order))
    known = [items[index] for index in order if index < len(listing.items)]
    maybe = listing.maybe
    was_ordered = listing.ordered
    listing.use_up()
    if maybe or (ties and not was_ordered):
        return Listing(known, maybe, ordered=not ties or was_ordered)
    return known


def sort_keys(keys: list[Anything]) -> list[Anything] | None:
    """What sorts as these keys do: paths into the project by what follows the project's own path."""
    from dagport.evaluate.library.pathlib import Path
    from dagport.evaluate.paths import LocatedPath

    if is_plain(keys):
        return keys
    if all(isinstance(key, Path) for key in keys):
        return [key.path for key in keys]
    if all(isinstance(key, LocatedPath) for key in keys) and len({key.base for key in keys}) == 1:
        return [key.path for key in keys]
    if all(isinstance(key, SourceFile) and key.rest is not None for key in keys) and len({k.base for k in keys}) == 1:
        return [key.rest for key in keys]
    return None


def convert(machine: Machine, listing: Listing, cls: type, site: CallSite) -> Anything:
    """``list(listing)``, ``tuple``, ``set``."""
    if cls not in (list, tuple):
        items = listing.take(machine, site, ordered=False)
        return items if isinstance(items, Unknown) else applied(cls, [items], {})
    if listing.ordered and not listing.maybe:
        items = list(listing.items)
        listing.use_up()
        return cls(items)
    made = listing.alike(list(listing.items), listing.maybe)
    listing.use_up()
    return made


def mapped(machine: Machine, function: Anything, listing: Listing, site: CallSite) -> Listing | Unknown:
    """``map(function, listing)``."""
    from dagport.evaluate.passes import Passes

    passes = Passes(machine, site)
    made = [passes.run(partial(machine.call, function, [item], {}, site)) for item in listing.items]
    maybe = [passes.attempt(partial(machine.call, function, [item], {}, site)) for item in listing.maybe]
    passes.finish()
    result = Listing(made, maybe, ordered=listing.ordered, once=True)
    listing.use_up()
    return result


def filtered(machine: Machine, test: Anything, listing: Listing, site: CallSite) -> Listing | Unknown:
    """``filter(test, listing)``."""

    def holds(item: Anything) -> bool | None:
        return machine.truth(item if test is None else machine.call(test, [item], {}, site))

    answers = [holds(item) for item in listing.items]
    doubtful = [holds(item) for item in listing.maybe]
    if None in answers or None in doubtful:
        return machine.unknown("which items are kept isn't known", site)
    items = [item for item, kept in zip(listing.items, answers, strict=True) if kept]
    maybe = [item for item, kept in zip(listing.maybe, doubtful, strict=True) if kept]
    result = Listing(items, maybe, ordered=listing.ordered, once=True)
    listing.use_up()
    return result
