"""Reading and writing items: ``owner[key]``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagport.evaluate.classes import is_enum
from dagport.evaluate.domain import (
    KNOWN_TYPES,
    Anything,
    BoundMethod,
    CallSite,
    External,
    Function,
    Instance,
    Model,
    PyRaise,
    Symbolic,
    Unknown,
    UserClass,
    is_plain,
    unknown_rest,
)
from dagport.evaluate.enums import enum_member, unwrapped
from dagport.evaluate.iterators import Stream
from dagport.evaluate.library.support import applied, raised
from dagport.evaluate.objects import UserDict

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

LOOKUP_ERRORS = (KeyError, IndexError, TypeError, ValueError)


def get_item(machine: Machine, owner: Anything, key: Anything, site: CallSite) -> Anything:
    """``owner[key]``."""
    if isinstance(key, Instance) and isinstance(owner, list | tuple | str | bytes | range):
        key = _index(machine, key, site)
    if isinstance(owner, dict | list | tuple | str | bytes | range) and is_plain(key):
        try:
            return machine.charge(owner[key]) if isinstance(key, slice) else owner[key]
        except LOOKUP_ERRORS as error:
            return _not_found(machine, owner, error, site)
    if isinstance(owner, dict):
        return _entry(machine, owner, key, site)
    return _item_of_object(machine, owner, key, site)


def _not_found(machine: Machine, owner: Anything, error: Exception, site: CallSite) -> Anything:
    rest = unknown_rest(owner)
    if rest is not None:
        return machine.unknown(rest.why, site)
    if isinstance(error, KeyError) and not isinstance(owner, UserDict) and not _are_keys(owner):
        return machine.unknown("a key of the dict isn't known", site)
    raise raised(error) from None


def _entry(machine: Machine, owner: dict[Anything, Anything], key: Anything, site: CallSite) -> Anything:
    from dagport.evaluate.methods.containers import is_key

    machine.check_key(key)
    try:
        return owner[key]
    except TypeError as error:
        raise raised(error) from None
    except KeyError as error:
        if is_key(key) and _are_keys(owner) and unknown_rest(owner) is None:
            raise raised(error) from None
        return machine.unknown("the key isn't known", site)


def _item_of_object(machine: Machine, owner: Anything, key: Anything, site: CallSite) -> Anything:
    if isinstance(owner, Instance):
        from dagport.evaluate.operators import call_method, is_definite

        value = call_method(machine, owner, "__getitem__", [key], site)
        if value is NotImplemented:
            value = owner.item(machine, key, site)
        if value is NotImplemented and is_definite(owner):
            raise PyRaise("TypeError", f"'{owner.cls.name}' object is not subscriptable")
        if value is not NotImplemented:
            return value
    if isinstance(owner, Model):
        value = owner.item(machine, key, site)
        if value is not NotImplemented:
            return value
    if isinstance(owner, re.Match) and is_plain(key):
        return applied(lambda: owner[key], [], {})
    if isinstance(owner, UserClass) or (isinstance(owner, External) and _is_generic(machine, owner)):
        return _subscripted_type(machine, owner, key, site)
    if isinstance(owner, External):
        return Symbolic(f"{owner.name}[...]", [key], text=site.text, span=site.span, parent=Symbolic(owner.name))
    if isinstance(owner, int | float | set | frozenset | type(None) | Stream | Function):
        name = "function" if isinstance(owner, Function) else getattr(owner, "_type_name", type(owner).__name__)
        raise PyRaise("TypeError", f"'{name}' object is not subscriptable")
    if isinstance(owner, Symbolic):
        return Symbolic(f"{owner.name}[...]", [key], text=site.text, span=site.span, parent=owner)
    lost = owner if isinstance(owner, Unknown) else key if isinstance(key, Unknown) else None
    return machine.unknown(lost.why if lost else "the item isn't known", site)


def _index(machine: Machine, key: Instance, site: CallSite) -> Anything:
    from dagport.evaluate.operators import call_method

    found = call_method(machine, key, "__index__", [], site)
    return unwrapped(key) if found is NotImplemented else found


GENERIC_HOMES = ("builtins.", "typing.", "typing_extensions.", "collections.", "contextlib.", "os.PathLike")


def _is_generic(machine: Machine, owner: External) -> bool:
    """Whether a name of a library is a class that may be subscripted, not data that may be looked into."""
    return owner.name.startswith(GENERIC_HOMES) or machine.native(f"{owner.name}.__getitem__") is not None


def _are_keys(owner: Anything) -> bool:
    from dagport.evaluate.methods.containers import is_key

    return all(map(is_key, owner))


def _subscripted_type(machine: Machine, owner: Anything, key: Anything, site: CallSite) -> Anything:
    if isinstance(owner, UserClass):
        return _subscripted_class(machine, owner, key, site)
    native = machine.native(f"{owner.name}.__getitem__") if isinstance(owner, External) else None
    # Otherwise a generic type such as list[str], of which only the class matters.
    return owner if native is None else native(machine, [key], {}, site)


def _subscripted_class(machine: Machine, owner: UserClass, key: Anything, site: CallSite) -> Anything:
    if is_enum(owner):
        member = enum_member(machine, owner, key) if isinstance(key, str) else NotImplemented
        if member is NotImplemented:
            if not is_plain(key):
                return machine.unknown("which member of the enumeration it is isn't known", site)
            raise PyRaise("KeyError", repr(key), arguments=(key,))
        return member
    hook = owner.meta.lookup("__getitem__") if owner.meta is not None else NotImplemented
    if isinstance(hook, Function):
        return machine.call(hook, [owner, key], {}, site)
    method = owner.lookup("__class_getitem__")
    return (
        owner
        if method is NotImplemented
        else machine.call(machine.attribute(owner, "__class_getitem__", site), [key], {}, site)
    )


def set_item(machine: Machine, owner: Anything, key: Anything, value: Anything, site: CallSite) -> None:
    """``owner[key] = value``."""
    machine.effect()
    if isinstance(owner, dict) and not isinstance(key, Unknown | Symbolic):
        machine.check_key(key)
        try:
            owner[key] = value
        except TypeError as error:
            raise raised(error) from None
        machine.check_size(len(owner))
    elif isinstance(owner, list) and isinstance(key, int | slice):
        if isinstance(key, slice) and not isinstance(value, list):
            items = machine.iterate(value, site)
            if isinstance(items, Unknown):
                machine.doubt("DP201", f"`{site.text}` sets entries that aren't known: {items.why}", site)
                return
            value = items
        try:
            owner[key] = value
            machine.step(len(owner) // 256 if isinstance(key, slice) else 0)
            machine.check_size(len(owner))
        except LOOKUP_ERRORS as error:
            raise raised(error) from None
    elif isinstance(owner, Instance) and isinstance(owner.cls.lookup("__setitem__"), Function):
        machine.call(BoundMethod(owner.cls.lookup("__setitem__"), owner), [key, value], {}, site)
    elif isinstance(owner, Instance) and _refuses_items(owner):
        raise PyRaise("TypeError", f"'{owner.cls.name}' object does not support item assignment")
    elif isinstance(owner, list) and isinstance(key, str | float | type(None)):
        raise PyRaise("TypeError", f"list indices must be integers or slices, not {type(key).__name__}")
    elif isinstance(owner, Model) and owner.set_item(machine, key, value, site) is not NotImplemented:
        return
    elif isinstance(owner, dict | list):
        machine.doubt("DP201", f"`{site.text}` sets an entry whose key isn't known", site)
    elif isinstance(owner, KNOWN_TYPES):
        raise PyRaise("TypeError", f"'{type(owner).__name__}' object does not support item assignment")
    else:
        machine.hooks.unseen_call(machine, owner, [key, value], {}, site)


def _refuses_items(owner: Instance) -> bool:
    from dagport.evaluate.operators import is_definite

    return type(owner) is Instance and is_definite(owner)


def delete_item(machine: Machine, owner: Anything, key: Anything, site: CallSite) -> None:
    """``del owner[key]``."""
    machine.effect()
    if isinstance(owner, dict | list) and is_plain(key):
        machine.step(len(owner) // 1024)
        try:
            del owner[key]
        except LOOKUP_ERRORS as error:
            raise raised(error) from None
    elif isinstance(owner, Instance) and isinstance(owner.cls.lookup("__delitem__"), Function):
        machine.call(BoundMethod(owner.cls.lookup("__delitem__"), owner), [key], {}, site)
    elif isinstance(owner, Instance) and _refuses_items(owner):
        raise PyRaise("TypeError", f"'{owner.cls.name}' object does not support item deletion")
    elif isinstance(owner, Model) and owner.delete_item(machine, key, site) is not NotImplemented:
        return
    else:
        machine.doubt("DP201", f"`{site.text}` removes something that isn't known", site)
