"""Methods of lists, sets, tuples and dicts that the code writes out."""

from __future__ import annotations

from dagport_lineage.extract.callables import folding
from dagport_lineage.extract.callables.domain import (
    FAILS,
    NONE,
    Entries,
    Foreign,
    Items,
    Known,
    Value,
    data_of,
    forget,
    is_object,
    is_within,
    joined,
    origins_of,
    take_in,
    union,
)
from dagport_lineage.extract.callables.site import Site

LOOKS = frozenset(
    {"index", "count", "copy", "union", "intersection", "difference", "issubset", "issuperset", "isdisjoint"}
)


def container_method(site: Site, receiver: Items | Entries, name: str) -> Value:
    """A method of a list, set, tuple or dict."""
    cls: type = dict if isinstance(receiver, Entries) else {"list": list, "tuple": tuple, "set": set}[receiver.kind]
    if not hasattr(cls, name):
        return FAILS
    if isinstance(receiver, Entries):
        return _of_dict(site, receiver, name)
    if name in LOOKS:
        return _copy(site, receiver) if name == "copy" else _part(site, receiver)
    return _change_items(site, receiver, name)


def _copy(site: Site, receiver: Items) -> Value:
    items = None if receiver.items is None else list(receiver.items)
    return Items(receiver.kind, items, receiver.origins, site.walker.region, receiver.holds_objects, receiver.element)


def _change_items(site: Site, receiver: Items, name: str) -> Value:
    _mix(site)
    certain = site.walker.mutate(receiver)
    is_small = receiver.items is not None and len(receiver.items) < folding.MAX_ITEMS
    circular = any(is_within(receiver, arg) for arg in site.args)
    is_plain = certain and is_small and len(site.args) == 1 and not site.is_open and not circular
    if name == "append" and is_plain and receiver.items is not None:
        receiver.items.append(site.args[0])
        return NONE
    if name == "extend" and is_plain and receiver.items is not None:
        more = site.args[0]
        if isinstance(more, Items) and more.items is not None and more.kind != "set":
            receiver.items += more.items
            return NONE
    held = list(receiver.items or [])
    forget(receiver)
    _take_in(site, receiver)
    if name in ("append", "extend", "insert", "add", "remove", "clear", "sort", "reverse", "update", "discard"):
        return NONE
    if name == "pop" and held:
        found = held[0]
        for item in held[1:]:
            found = joined(found, item)
        return found
    return _part(site, receiver)


def _take_in(site: Site, receiver: Items | Entries) -> None:
    """The arguments are in there, somewhere."""
    values = [*site.args, *site.kwargs.values()]
    receiver.origins = None if site.is_open else union([receiver.origins, *map(origins_of, values)])
    if isinstance(receiver, Items) and site.text.endswith((".append", ".insert", ".add")) and not site.is_open:
        for value in values:
            take_in(receiver, value)
        return
    if site.is_open or any(map(is_object, values)):
        receiver.holds_objects = True
        if isinstance(receiver, Items):
            receiver.element = None


def _part(site: Site, receiver: Items | Entries) -> Value:
    if isinstance(receiver, Items) and receiver.element is not None:
        return receiver.element
    return Foreign(f"`{site.text}()`") if is_object(receiver) else data_of([receiver, *site.args])


def _of_dict(site: Site, receiver: Entries, name: str) -> Value:
    entries = receiver.entries
    if name == "get" and entries is not None and site.args and isinstance(site.args[0], Known):
        return entries.get(site.args[0].value, site.arg(1, "default"))
    if name in ("items", "keys", "values") and entries is not None:
        return Items("list", _view(entries, name), receiver.origins, site.walker.region)
    if name == "copy" and entries is not None:
        return Entries(dict(entries), receiver.origins, site.walker.region)
    if name in ("get", "items", "keys", "values", "copy"):
        return _part(site, receiver)
    _mix(site)
    if name == "update" and site.walker.mutate(receiver) and entries is not None and not site.is_open:
        more = site.args[0] if site.args else Entries({})
        is_circle = any(is_within(receiver, value) for value in site.values[1:])
        if isinstance(more, Entries) and more.entries is not None and not is_circle:
            entries.update({**more.entries, **site.kwargs})
            return NONE
    forget(receiver)
    _take_in(site, receiver)
    return NONE if name in ("update", "clear") else _part(site, receiver)


def _view(entries: dict[object, Value], name: str) -> list[Value]:
    keys = [folding.to_value(key) for key in entries]
    if name == "items":
        return [Items("tuple", [key, value]) for key, value in zip(keys, entries.values(), strict=True)]
    return keys if name == "keys" else list(entries.values())


def _mix(site: Site) -> None:
    if site.is_open or any(origins_of(value) != frozenset() for value in (*site.args, *site.kwargs.values())):
        site.walker.record.mixed = True
