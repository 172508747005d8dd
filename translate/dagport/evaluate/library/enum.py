"""``enum``: the classes themselves are in ``evaluate.enums``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Native, PyRaise, UserClass
from dagport.evaluate.enums import AutoValue, EnumMember
from dagport.evaluate.library.support import SAME, opaque

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

CLASSES = "Enum IntEnum StrEnum Flag IntFlag"


def _auto(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return AutoValue()


def _unique(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``@unique``: no member may be an alias."""
    cls = args[0] if args else None
    if isinstance(cls, UserClass):
        members = {name: item for name, item in cls.members.items() if isinstance(item, EnumMember)}
        if any(item.fields["_name_"] != name for name, item in members.items()):
            raise PyRaise("ValueError", f"duplicate values found in <enum '{cls.name}'>")
    return cls


FUNCTIONS: dict[str, Native] = {
    "enum.auto": _auto,
    "enum.unique": _unique,
    "enum.member": SAME,
    "enum.global_enum": SAME,
    **{f"enum.{name}": opaque("an enumeration made by a call isn't followed") for name in CLASSES.split()},
}
