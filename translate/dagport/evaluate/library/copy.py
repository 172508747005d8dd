"""``copy``."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from dagport.evaluate.domain import CONTAINERS, KNOWN_TYPES, Anything, CallSite, Native, is_plain
from dagport.evaluate.library.support import bound, lost

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

NOT_FOLLOWED = "a copy of this object isn't followed"


def _copy(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (value,) = bound(args, kwargs, "x")
    if not isinstance(value, KNOWN_TYPES):
        return lost(machine, [value], site, NOT_FOLLOWED)
    machine.check_items(len(value) if isinstance(value, CONTAINERS) else 1)
    return copy.copy(value)


def _deepcopy(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    value, _ = bound(args, kwargs, "x", memo=None)
    if is_plain(value):
        return copy.deepcopy(value)
    return _copied(machine, value, {}, site)


def _copied(machine: Machine, value: Anything, made: dict[int, Anything], site: CallSite) -> Anything:
    """A copy of collections that hold other things too; those become unknown one by one."""
    if not isinstance(value, CONTAINERS):
        return value if isinstance(value, KNOWN_TYPES) else lost(machine, [value], site, NOT_FOLLOWED)
    if id(value) in made:
        return made[id(value)]
    machine.check_items(len(value))
    if isinstance(value, dict):
        result: dict[Anything, Anything] = {}
        made[id(value)] = result
        result.update({key: _copied(machine, item, made, site) for key, item in value.items()})
        return result
    if isinstance(value, list):
        items: list[Anything] = []
        made[id(value)] = items
        items.extend(_copied(machine, item, made, site) for item in value)
        return items
    if isinstance(value, tuple):
        return tuple(_copied(machine, item, made, site) for item in value)
    return lost(machine, value, site, NOT_FOLLOWED)


FUNCTIONS: dict[str, Native] = {"copy.copy": _copy, "copy.deepcopy": _deepcopy}
