"""Methods of lists, tuples, dicts and sets. Items may be any value of the machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    PLAIN_LIMIT,
    Anything,
    CallSite,
    Native,
    PyRaise,
    SourceFile,
    Symbolic,
    Unknown,
    is_plain,
    range_length,
    unfolds,
    walk,
)
from dagport.evaluate.library.support import applied, bound, lost, pure
from dagport.evaluate.methods.views import view
from dagport.evaluate.ordering import by_keys, comparable

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

MISSING = object()
SIMPLE_KEYS = {str, int, bool, float, bytes, type(None)}


def is_key(value: Anything) -> bool:
    """Whether a value compares as itself, so that it can be looked up in a dict or a set."""
    if isinstance(value, tuple | frozenset) and unfolds(value) > PLAIN_LIMIT:
        return False
    return all(not isinstance(item, Unknown | Symbolic | SourceFile) for item in walk([value]))


def has_unknown_keys(container: dict[Any, Any] | set[Any] | frozenset[Any]) -> bool:
    """Whether a dict or a set may have entries that we don't see: ``**`` marks the unknown rest of arguments."""
    if isinstance(container, dict) and isinstance(container.get("**"), Unknown):
        return True
    return not set(map(type, container)) <= SIMPLE_KEYS and not all(map(is_key, container))


def _changed(machine: Machine, site: CallSite, values: Any, otherwise: str) -> Unknown:
    """An existing object was changed in a way that isn't known."""
    machine.effect()
    result = lost(machine, values, site, otherwise)
    machine.doubt("DP201", f"`{site.text}` changes a collection in a way that isn't known: {result.why}", site)
    return result


# Lists and tuples


def _append(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    items, value = bound(args, kwargs, "self", "object")
    machine.effect()
    machine.check_size(len(items) + 1)
    items.append(value)


def _extend(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    items, more = bound(args, kwargs, "self", "iterable")
    found = machine.iterate(more, site)
    if isinstance(found, Unknown):
        _changed(machine, site, [found], "what is added isn't known")
        return
    machine.effect()
    machine.check_items(len(items) + len(found))
    items.extend(found)


def _insert(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    items, index, value = bound(args, kwargs, "self", "index", "object")
    if not is_plain(index):
        _changed(machine, site, [index], "where it is inserted isn't known")
        return
    machine.effect()
    machine.check_size(len(items) + 1)
    machine.step(len(items) // 1024)
    applied(items.insert, [index, value], {})


def _list_pop(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    items, index = bound(args, kwargs, "self", index=-1)
    if not is_plain(index):
        return _changed(machine, site, [index], "which item is removed isn't known")
    machine.effect()
    return applied(items.pop, [index], {})


def _position(
    machine: Machine, items: Any, value: Anything, site: CallSite, start: int = 0, stop: int | None = None
) -> int | Unknown | None:
    """Where an item equal to the value stands; ``None`` when there is none."""
    machine.check_items(len(items))
    machine.step(len(items) // 8)
    for index in range(*slice(start, stop).indices(len(items))):
        same = items[index] is value or machine.compare("==", items[index], value, site)
        if same is True:
            return index
        if same is not False:
            return lost(machine, [items[index], value], site, "whether the items are equal isn't known")
    return None


def _index(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    items, value, start, stop = bound(args, kwargs, "self", "value", start=0, stop=sys.maxsize)
    if isinstance(start, Unknown) or isinstance(stop, Unknown):
        return lost(machine, args, site)
    if not isinstance(start, int) or not isinstance(stop, int):
        raise PyRaise("TypeError", "slice indices must be integers or have an __index__ method")
    found = _position(machine, items, value, site, start, stop)
    if found is None:
        from dagport.evaluate.shown import represent

        shown = represent(machine, value, site)
        text = f"{shown} is not in list" if isinstance(items, list) else "tuple.index(x): x not in tuple"
        raise PyRaise("ValueError", text)
    return found


def _remove(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    items, value = bound(args, kwargs, "self", "value")
    found = _position(machine, items, value, site)
    if found is None:
        raise PyRaise("ValueError", "list.remove(x): x not in list")
    if isinstance(found, Unknown):
        _changed(machine, site, [found], "which item is removed isn't known")
        return
    machine.effect()
    del items[found]


def _count(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    items, value = bound(args, kwargs, "self", "value")
    machine.check_items(len(items))
    results = [item is value or machine.compare("==", item, value, site) for item in items]
    if not all(isinstance(result, bool) for result in results):
        return lost(machine, results, site, "whether the items are equal isn't known")
    return results.count(True)


def _sort(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    if len(args) != 1 or not set(kwargs) <= {"key", "reverse"}:
        raise PyRaise("TypeError", "sort() takes no positional arguments")
    items, key = args[0], kwargs.get("key")
    keys = list(items) if key is None else [machine.call(key, [item], {}, site) for item in items]
    reverse = machine.truth(kwargs.get("reverse", False))
    if is_plain(keys) and reverse is not None:
        machine.effect()
        in_turn = iter(keys)
        applied(items.sort, [], {"key": lambda _: next(in_turn), "reverse": reverse})
        return
    if reverse is None:
        _changed(machine, site, [kwargs["reverse"]], "the direction isn't known")
        return
    found = by_keys(list(items), comparable(machine, keys, site), reverse)
    if isinstance(found, Unknown):
        _changed(machine, site, [found], "the order of these objects isn't known")
        return
    machine.effect()
    items[:] = found


def _reverse(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    (items,) = bound(args, kwargs, "self")
    machine.effect()
    items.reverse()


def _clear(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    (container,) = bound(args, kwargs, "self")
    machine.effect()
    container.clear()


def _copy(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (container,) = bound(args, kwargs, "self")
    machine.check_items(len(container))
    return container.copy()


def _asdict(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return applied(lambda value: value._asdict(), args, kwargs)


def _replaced(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if "**" in kwargs:
        return lost(machine, kwargs.values(), site)
    return applied(lambda value, **changes: value._replace(**changes), args, kwargs)


# Dicts


def _is_entry(owner: dict[Any, Any], key: Anything) -> bool:
    return is_key(key) and bool(applied(owner.__contains__, [key], {}))


def _obstacle(owner: dict[Any, Any], key: Anything) -> str | None:
    """Why it isn't known that a key that wasn't found is missing."""
    rest = owner.get("**")
    lost_part = next((item for item in (*walk([key]), rest) if isinstance(item, Unknown)), None)
    if lost_part is not None:
        return lost_part.why
    if not is_key(key):
        return "the key isn't known"
    return "a key of the dict isn't known" if has_unknown_keys(owner) else None


def _get(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    owner, key, default = bound(args, kwargs, "self", "key", default=None)
    if _is_entry(owner, key):
        return owner[key]
    machine.step(len(owner) // 64)
    why = _obstacle(owner, key)
    return default if why is None else machine.unknown(why, site)


def _setdefault(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    owner, key, default = bound(args, kwargs, "self", "key", default=None)
    if _is_entry(owner, key):
        return owner[key]
    machine.step(len(owner) // 64)
    why = _obstacle(owner, key)
    if why is not None:
        return _changed(machine, site, [], why)
    machine.effect()
    machine.check_size(len(owner) + 1)
    owner[key] = default
    return default


def _dict_pop(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    owner, key, default = bound(args, kwargs, "self", "key", default=MISSING)
    if owner and _is_entry(owner, key):
        machine.effect()
        return owner.pop(key)
    machine.step(len(owner) // 64)
    why = _obstacle(owner, key) if owner else None
    if why is not None:
        # The unknown rest of some arguments keeps the key, should it have one; nothing else can have changed.
        only_rest = is_key(key) and isinstance(owner.get("**"), Unknown)
        return machine.unknown(why, site) if only_rest else _changed(machine, site, [], why)
    if default is MISSING:
        raise PyRaise("KeyError", repr(key) if is_plain(key) else "the key", arguments=(key,))
    return default


def _popitem(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (owner,) = bound(args, kwargs, "self")
    if has_unknown_keys(owner):
        return _changed(machine, site, owner.values(), "the last entry isn't known")
    machine.effect()
    return applied(owner.popitem, [], {})


def _update(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    owner, *sources = args
    if len(sources) > 1:
        raise PyRaise("TypeError", f"update expected at most 1 argument, got {len(sources)}")
    for source in sources:
        pairs = _pairs(machine, source, site)
        if isinstance(pairs, Unknown) or not all(is_key(key) for key, _ in pairs):
            _changed(machine, site, [pairs], "the entries that are added aren't known")
            return
        machine.effect()
        machine.check_items(len(owner) + len(pairs))
        applied(owner.update, [pairs], {})
    if isinstance(kwargs.get("**"), Unknown):
        _changed(machine, site, [kwargs.pop("**")], "the entries that are added aren't known")
    if kwargs:
        machine.effect()
        owner.update(kwargs)


def _pairs(machine: Machine, source: Anything, site: CallSite) -> list[tuple[Any, Any]] | Unknown:
    if isinstance(source, dict):
        return machine.unknown("a key isn't known", site) if has_unknown_keys(source) else list(source.items())
    rows = machine.iterate(source, site)
    if isinstance(rows, Unknown):
        return rows
    pairs: list[tuple[Any, Any]] = []
    for row in rows:
        pair = machine.iterate(row, site)
        if isinstance(pair, Unknown):
            return pair
        if len(pair) != 2:
            raise PyRaise("ValueError", "dictionary update sequence element must have length 2")
        pairs.append((pair[0], pair[1]))
    return pairs


# Sets


def _elements(machine: Machine, args: list[Anything], site: CallSite) -> list[list[Anything]] | Unknown:
    """The items of the collections that a set method is given."""
    columns: list[list[Anything]] = []
    for value in args:
        items = list(value) if isinstance(value, set | frozenset) else machine.iterate(value, site)
        if isinstance(items, Unknown):
            return items
        if not all(map(is_key, items)):
            return lost(machine, items, site, "an item isn't known")
        columns.append(items)
    return columns


def _set_result(name: str) -> Native:
    """``union``, ``issubset``, ...: a new value."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        columns = _elements(machine, args, site)
        if isinstance(columns, Unknown):
            return columns
        return applied(getattr(args[0], name), columns[1:], kwargs)

    return run


def _one_by_one(name: str) -> Native:
    """``update`` and ``difference_update``: one argument takes effect before the next is looked at."""
    change = _set_change(name)

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
        owner, *sources = args
        for source in sources:
            change(machine, [owner, source], kwargs, site)

    return run


def _set_change(name: str) -> Native:
    """``intersection_update``, ``symmetric_difference_update``: in place."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
        columns = _elements(machine, args, site)
        if isinstance(columns, Unknown):
            _changed(machine, site, [columns], "the items aren't known")
            return
        machine.effect()
        machine.check_items(sum(map(len, columns)))
        applied(getattr(args[0], name), columns[1:], kwargs)

    return run


def _set_item(name: str) -> Native:
    """``add``, ``discard``, ``remove``: one item, in place."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
        items, value = bound(args, kwargs, "self", "elem")
        if not is_key(value) or (name != "add" and has_unknown_keys(items)):
            _changed(machine, site, [value], "the item isn't known")
            return
        machine.effect()
        machine.check_size(len(items) + 1)
        applied(getattr(items, name), [value], {})

    return run


def _set_pop(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (items,) = bound(args, kwargs, "self")
    if len(items) > 1:
        return _changed(machine, site, [], "which item a set gives changes from run to run")
    machine.effect()
    return applied(items.pop, [], {})


SET_RESULTS = (
    "difference", "intersection", "isdisjoint", "issubset", "issuperset", "symmetric_difference", "union",
)  # fmt: skip

_SETS: dict[str, Native] = {**{name: _set_result(name) for name in SET_RESULTS}, "copy": _copy}


def check_search(machine: Machine, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    """Python computes whether a whole number is in a range; for anything else it goes through all of it."""
    if len(args) == 2 and isinstance(args[0], range) and type(args[1]) not in (int, bool):
        machine.check_items(range_length(args[0]))


METHODS: dict[type, dict[str, Native]] = {
    list: {
        "append": _append, "extend": _extend, "insert": _insert, "pop": _list_pop, "remove": _remove, "index": _index,
        "count": _count, "sort": _sort, "reverse": _reverse, "clear": _clear, "copy": _copy,
    },
    tuple: {"index": _index, "count": _count, "_asdict": _asdict, "_replace": _replaced},
    range: {"index": pure(range.index, check_search), "count": pure(range.count, check_search)},
    dict: {
        "get": _get, "setdefault": _setdefault, "pop": _dict_pop, "popitem": _popitem, "update": _update,
        "keys": view("keys"), "values": view("values"), "items": view("items"), "clear": _clear, "copy": _copy,
    },
    set: {
        **_SETS, **{name: _set_change(name) for name in ("intersection_update", "symmetric_difference_update")},
        **{name: _one_by_one(name) for name in ("difference_update", "update")},
        **{name: _set_item(name) for name in ("add", "discard", "remove")}, "pop": _set_pop, "clear": _clear,
    },
    frozenset: _SETS,
}  # fmt: skip
