"""Methods and attributes of known data: texts, numbers, collections, dates, patterns.

A method is a ``Native`` whose ``args[0]`` is the object. Whatever changes its object tells ``machine.effect()``;
whatever may grow asks ``machine.check_text`` or ``check_items`` before it builds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import KNOWN_TYPES, Anything, CallSite, Native, PyRaise
from dagport.evaluate.library.support import lost
from dagport.evaluate.methods import containers, dates, patterns, texts

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

METHODS: dict[type, dict[str, Native]] = {
    **texts.METHODS,
    **containers.METHODS,
    **dates.METHODS,
    **patterns.METHODS,
}
ATTRIBUTES: dict[type, frozenset[str]] = {**texts.ATTRIBUTES, **dates.ATTRIBUTES, **patterns.ATTRIBUTES}


def lookup(owner: Anything, name: str) -> Native | None:
    """The method of a known object, or ``None`` when it has none of that name that we know."""
    for cls in type(owner).__mro__:
        table = METHODS.get(cls)
        if table is not None and name in table:
            return table[name]
    return None


def unbound(cls: type, name: str) -> Native | None:
    """``str.upper`` and its like: the method called with its object as the first argument."""
    native = METHODS.get(cls, {}).get(name)
    if native is None:
        return None

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if args and isinstance(args[0], cls):
            return native(machine, args, kwargs, site)
        if args and not isinstance(args[0], KNOWN_TYPES):
            return lost(machine, args, site, "the object isn't known")
        raise PyRaise("TypeError", f"descriptor '{name}' for '{cls.__name__}' objects needs such an object")

    return run


def attribute(owner: Anything, name: str) -> Anything:
    """The value of a data attribute of a known object, else ``NotImplemented``."""
    for cls in type(owner).__mro__:
        if name in ATTRIBUTES.get(cls, ()):
            return getattr(owner, name)
    if name == "default_factory" and isinstance(owner, dict):
        return getattr(owner, "factory", NotImplemented)
    if isinstance(owner, tuple) and name in ("_fields", *getattr(type(owner), "_fields", ())):
        return getattr(owner, name, NotImplemented)  # of a named tuple
    return NotImplemented
