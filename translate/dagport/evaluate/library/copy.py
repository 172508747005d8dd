"""``copy``."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from dagport.evaluate.domain import (
    CONTAINERS,
    KNOWN_TYPES,
    PLAIN_LIMIT,
    Anything,
    BoundMethod,
    CallSite,
    External,
    Function,
    Instance,
    Native,
    NativeFunction,
    UserClass,
    is_plain,
    weight,
)
from dagport.evaluate.enums import EnumMember
from dagport.evaluate.library.support import bound, lost

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

NOT_FOLLOWED = "a copy of this object isn't followed"
SHARED = (Function, UserClass, BoundMethod, NativeFunction, External, EnumMember)
"""What a copy shares with the original."""


def _copy(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (value,) = bound(args, kwargs, "x")
    if isinstance(value, SHARED):
        return value
    if isinstance(value, Instance):
        return _copied_object(machine, value, None, site)
    if not isinstance(value, KNOWN_TYPES):
        return lost(machine, [value], site, NOT_FOLLOWED)
    machine.check_items(len(value) if isinstance(value, CONTAINERS) else 1)
    return copy.copy(value)


def _deepcopy(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    value, _ = bound(args, kwargs, "x", memo=None)
    size = weight(value)
    if size is not None and size <= PLAIN_LIMIT:
        machine.step(4 * size)
        return copy.deepcopy(value)
    return _copied(machine, value, {}, site)


def _copied_object(machine: Machine, value: Instance, made: dict[int, Anything] | None, site: CallSite) -> Anything:
    """A copy of an object of the project; ``made`` holds the copies of a deep one."""
    if machine.hooks.models(value.cls):
        return machine.hooks.unseen_call(machine, machine.unknown(NOT_FOLLOWED, site), [value], {}, site)
    hook = value.cls.lookup("__copy__" if made is None else "__deepcopy__")
    if isinstance(hook, Function):
        return machine.call(BoundMethod(hook, value), [] if made is None else [{}], {}, site)
    special = ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__")
    plain = all(isinstance(base, UserClass) or base.name == "builtins.object" for base in value.cls.mro)
    if (
        type(value) is not Instance
        or not plain
        or any(value.cls.lookup(name) is not NotImplemented for name in special)
    ):
        return lost(machine, [value], site, NOT_FOLLOWED)
    result = Instance(value.cls)
    result.partial = value.partial
    if made is None:
        result.fields.update(value.fields)
        return result
    made[id(value)] = result
    result.fields.update({name: _copied(machine, item, made, site) for name, item in value.fields.items()})
    return result


def _copied(machine: Machine, value: Anything, made: dict[int, Anything], site: CallSite) -> Anything:
    """A deep copy; objects whose copies aren't followed become unknown one by one."""
    if id(value) in made:
        return made[id(value)]
    if isinstance(value, SHARED):
        return value
    if isinstance(value, Instance):
        return _copied_object(machine, value, made, site)
    if not isinstance(value, CONTAINERS):
        return value if isinstance(value, KNOWN_TYPES) else lost(machine, [value], site, NOT_FOLLOWED)
    machine.check_items(len(value))
    if type(value) is dict:
        result: dict[Anything, Anything] = {}
        made[id(value)] = result
        result.update({key: _copied(machine, item, made, site) for key, item in value.items()})
        return result
    if type(value) is list:
        items: list[Anything] = []
        made[id(value)] = items
        items.extend(_copied(machine, item, made, site) for item in value)
        return items
    if type(value) is tuple:
        return tuple(_copied(machine, item, made, site) for item in value)
    return copy.deepcopy(value) if is_plain(value) else lost(machine, value, site, NOT_FOLLOWED)


FUNCTIONS: dict[str, Native] = {"copy.copy": _copy, "copy.deepcopy": _deepcopy}
