"""``collections``: real collections of the standard library, which may hold any value of the machine."""

from __future__ import annotations

import collections
import copy
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    KNOWN_TYPES,
    Anything,
    CallSite,
    Native,
    PyRaise,
    Unknown,
    is_plain,
    is_running,
    running,
)
from dagport.evaluate.library.deque import FUNCTIONS as DEQUE
from dagport.evaluate.library.support import applied, bound, lost, opaque, pure
from dagport.evaluate.methods import METHODS
from dagport.evaluate.methods.containers import is_key
from dagport.evaluate.tuples import named_tuple_class

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


class DefaultDict(dict[Any, Any]):
    """``defaultdict(factory)``: a missing entry is made by calling the factory of the analysed code."""

    def __init__(self, machine: Machine, factory: Anything, site: CallSite, entries: Any = ()) -> None:
        super().__init__(entries)
        self.machine = machine
        self.factory = factory
        self.site = site

    def __missing__(self, key: Anything) -> Anything:
        if self.factory is None or not is_key(key):
            raise KeyError(key)
        machine = running()[0] if is_running() else self.machine  # a module may be shared by several runs
        value = machine.call(self.factory, [], {}, self.site)
        machine.effect()
        machine.check_size(len(self) + 1)
        self[key] = value
        return value

    def copy(self) -> DefaultDict:
        """A copy with the same factory."""
        return DefaultDict(self.machine, self.factory, self.site, self)

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> DefaultDict:
        return DefaultDict(self.machine, self.factory, self.site, copy.deepcopy(dict(self), memo))


def _default_dict(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    factory, *rest = args or [None]
    if factory is not None and isinstance(factory, KNOWN_TYPES):
        raise PyRaise("TypeError", "first argument must be callable or None")
    entries = _entries(machine, rest, kwargs, site)
    return entries if isinstance(entries, Unknown) else DefaultDict(machine, factory, site, entries)


def _entries(
    machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> dict[Any, Anything] | Unknown:
    """``dict(*args, **kwargs)``."""
    from dagport.evaluate.builtins import FUNCTIONS as BUILTINS

    result: dict[Any, Anything] | Unknown = BUILTINS["dict"](machine, args, kwargs, site)
    return result


def _ordered_dict(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    entries = _entries(machine, args, kwargs, site)
    return entries if isinstance(entries, Unknown) else collections.OrderedDict(entries)


def _move_to_end(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if not all(map(is_key, args)) or not is_plain(kwargs):
        return lost(machine, args, site, "the key isn't known")
    machine.effect()
    return applied(collections.OrderedDict.move_to_end, args, kwargs)


def _ordered_popitem(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    owner, last = bound(args, kwargs, "self", last=True)
    if not isinstance(last, bool) or not all(map(is_key, owner)):
        machine.doubt("DP201", f"`{site.text}` removes an entry that isn't known", site)
        return lost(machine, [last], site, "the key isn't known")
    machine.effect()
    return applied(owner.popitem, [last], {})


def _counter(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    items = args[0] if args else []
    if not isinstance(items, dict):
        items = machine.iterate(items, site)
    if isinstance(items, Unknown) or not is_plain(items) or not is_plain(kwargs):
        return lost(machine, [items, *kwargs.values()], site)
    return applied(collections.Counter, [items], kwargs)


def _counted(name: str) -> Native:
    """``update`` and ``subtract`` of a counter."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        counter, *sources = args
        change = _counter(machine, sources, kwargs, site)
        machine.effect()
        if isinstance(change, Unknown):
            machine.doubt("DP201", f"what is counted isn't known: {change.why}", site)
            return None
        return applied(getattr(counter, name), [change], {})

    return run


def _elements(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (counter,) = bound(args, kwargs, "self")
    machine.check_items(sum(count for count in counter.values() if isinstance(count, int) and count > 0))
    return applied(lambda: list(counter.elements()), [], {})


# Named tuples


def _named_tuple(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    name, fields, rename, defaults, _ = bound(
        args, kwargs, "typename", "field_names", rename=False, defaults=None, module=None
    )
    if isinstance(fields, str):
        fields = fields.replace(",", " ").split()
    names = machine.iterate(fields, site)
    values = [] if defaults is None else machine.iterate(defaults, site)
    if isinstance(names, Unknown) or isinstance(values, Unknown) or rename is not False:
        return lost(machine, [names, values, rename], site, "renamed fields aren't followed")
    return named_tuple_class(machine, name, names, values, site)


METHODS[DefaultDict] = {"copy": lambda machine, args, kwargs, site: args[0].copy()}
METHODS[collections.OrderedDict] = {"move_to_end": _move_to_end, "popitem": _ordered_popitem}
METHODS[collections.Counter] = {
    "most_common": pure(collections.Counter.most_common),
    "total": pure(collections.Counter.total),
    "elements": _elements,
    "update": _counted("update"),
    "subtract": _counted("subtract"),
}
FUNCTIONS: dict[str, Native] = {
    "collections.OrderedDict": _ordered_dict,
    "collections.defaultdict": _default_dict,
    "collections.namedtuple": _named_tuple,
    "collections.Counter": _counter,
    "collections.ChainMap": opaque("a chain of mappings isn't followed"),
    **DEQUE,
}
