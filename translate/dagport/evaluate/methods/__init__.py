"""Methods and attributes of known data: texts, numbers, collections, dates, patterns.

A method is a ``Native`` whose ``args[0]`` is the object. Whatever changes its object tells ``machine.effect()``;
whatever may grow asks ``machine.check_text`` or ``check_items`` before it builds.
"""

from __future__ import annotations

from dagport.evaluate.domain import Anything, Native
from dagport.evaluate.methods import containers, dates, patterns, texts

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


def attribute(owner: Anything, name: str) -> Anything:
    """The value of a data attribute of a known object, else ``NotImplemented``."""
    for cls in type(owner).__mro__:
        if name in ATTRIBUTES.get(cls, ()):
            return getattr(owner, name)
    if isinstance(owner, tuple) and name in ("_fields", *getattr(type(owner), "_fields", ())):
        return getattr(owner, name, NotImplemented)  # of a named tuple
    return NotImplemented
