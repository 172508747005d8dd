"""What built-in functions do with listings, and with texts and paths into the project."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, External, Instance, Model, Native, PyRaise, SourceFile
from dagport.evaluate.library.support import lost
from dagport.evaluate.listing import Listing, Table, convert, filtered, mapped, sort, sort_keys

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

Special = Callable[["Machine", list[Anything], dict[str, Anything], CallSite], Anything]
"""Like a ``Native``; ``NotImplemented`` where the arguments are none of these."""
PATHS = {"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath", "os.PathLike"}


def _len(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (value,) = args
    if isinstance(value, Table):
        return len(value.entries)
    if not isinstance(value, Listing):
        return NotImplemented
    if value.once:
        raise PyRaise("TypeError", "object of type 'generator' has no len()")
    items = value.take(machine, site, ordered=False)
    return len(items) if isinstance(items, list) else items


def _collection(cls: type) -> Special:
    def make(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        value = Listing(list(args[0].entries)) if isinstance(args[0], Table) else args[0]
        return convert(machine, value, cls, site) if isinstance(value, Listing) else NotImplemented

    return make


def _dict(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (value,) = args
    if isinstance(value, Table) and "**" not in kwargs:
        return Table({**value.entries, **kwargs})
    if isinstance(value, Listing):
        items = value.take(machine, site)
        return machine.call(External("builtins.dict"), [items], kwargs, site)
    return NotImplemented


def _sorted(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (value,) = args
    if isinstance(value, Table):
        value = Listing(list(value.entries))
    if isinstance(value, list | tuple | set | frozenset):
        is_located = any(isinstance(item, Model) and not isinstance(item, Instance) for item in value)
        if not is_located or "key" in kwargs or sort_keys(list(value)) is None:
            return NotImplemented
        value = Listing(list(value), ordered=not isinstance(value, set | frozenset))
    return sort(machine, value, kwargs, site) if isinstance(value, Listing) else NotImplemented


def _map(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return mapped(machine, args[0], args[1], site) if isinstance(args[1], Listing) else NotImplemented


def _filter(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return filtered(machine, args[0], args[1], site) if isinstance(args[1], Listing) else NotImplemented


def _unordered(name: str) -> Special:
    """``min``, ``max``, ``sum``, ``any``, ``all``: any order will do."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if not isinstance(args[0], Listing):
            return NotImplemented
        items = args[0].take(machine, site, ordered=name in ("min", "max") and "key" in kwargs)
        if not isinstance(items, list):
            return items
        keys = sort_keys(items)
        if name in ("min", "max") and items and "key" not in kwargs and keys is not None:
            pick = {"min": min, "max": max}[name]
            return items[pick(range(len(items)), key=keys.__getitem__)]
        return machine.call(External(f"builtins.{name}"), [items, *args[1:]], kwargs, site)

    return run


def _str(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.paths import LocatedPath

    (value,) = args
    if isinstance(value, LocatedPath):
        value = value.text
    return value if isinstance(value, SourceFile) and value.rest is not None else NotImplemented


def _iter(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (value,) = args
    if not isinstance(value, Listing):
        return NotImplemented
    made = Listing(list(value.items), value.maybe, ordered=value.ordered, once=True)
    value.use_up()
    return made


def _next(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    value, *default = args
    if not isinstance(value, Listing) or not value.once:
        return NotImplemented
    if value.maybe or not value.ordered:
        value.maybe = [value.item]  # what is left isn't known either
        return lost(machine, [], site, "which entry of the folder comes first isn't known: use sorted(...)")
    machine.effect()
    if value.items:
        return value.items.pop(0)
    if default:
        return default[0]
    raise PyRaise("StopIteration")


def _isinstance(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    value, kinds = args
    if not isinstance(value, Listing | Table | SourceFile) and getattr(value, "type_name", "") != "pathlib.Path":
        return NotImplemented
    wanted = [kind.name for kind in (kinds if isinstance(kinds, tuple) else (kinds,)) if isinstance(kind, External)]
    if value.type_name in wanted or (value.type_name == "pathlib.Path" and PATHS.intersection(wanted)):
        return True
    if len(wanted) == (len(kinds) if isinstance(kinds, tuple) else 1) and all(map(_is_plain_class, wanted)):
        return False
    return lost(machine, [], site, "the class of the object isn't known")


def _is_plain_class(name: str) -> bool:
    return name in PATHS or (name.startswith("builtins.") and name != "builtins.object")


SPECIAL: dict[str, Special] = {
    "all": _unordered("all"),
    "any": _unordered("any"),
    "dict": _dict,
    "filter": _filter,
    "frozenset": _collection(frozenset),
    "isinstance": _isinstance,
    "iter": _iter,
    "len": _len,
    "list": _collection(list),
    "map": _map,
    "max": _unordered("max"),
    "min": _unordered("min"),
    "next": _next,
    "set": _collection(set),
    "sorted": _sorted,
    "str": _str,
    "sum": _unordered("sum"),
    "tuple": _collection(tuple),
}
POSITION = {"filter": 1, "map": 1}  # of the argument that matters; else the first
ARGUMENTS = {"filter": (2, 2), "isinstance": (2, 2), "map": (2, 2), "next": (1, 2), "sum": (1, 2)}  # else one
SINGLE = (1, 1)
WATCHED = (Model, list, tuple, set, frozenset)


def with_listings(name: str, native: Native) -> Native:
    """A built-in function that also takes listings, and texts and paths into the project."""
    special = SPECIAL.get(name)
    if special is None:
        return native
    position = POSITION.get(name, 0)
    least, most = ARGUMENTS.get(name, SINGLE)
    watched = WATCHED if name == "sorted" else Model

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Any:
        if least <= len(args) <= most and isinstance(args[position], watched):
            result = special(machine, args, kwargs, site)
            if result is not NotImplemented:
                return result
        return native(machine, args, kwargs, site)

    return run
