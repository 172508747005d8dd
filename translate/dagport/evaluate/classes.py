"""Classes of the project: descriptors, and what kind of class one is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Model, UserClass

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

ENUMS = {"enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag"}
DATACLASS_MARK = "__dataclass_options__"


@dataclass(slots=True, eq=False)
class Descriptor:
    """What ``@property``, ``@cached_property``, ``@staticmethod`` and ``@classmethod`` make of a function."""

    kind: str
    function: Anything
    setter: Anything = None
    deleter: Anything = None


class PropertySetter(Model):
    """``prop.setter`` and ``prop.deleter``, waiting to decorate a function."""

    __slots__ = ("descriptor", "role")

    def __init__(self, descriptor: Descriptor, role: str) -> None:
        self.descriptor = descriptor
        self.role = role

    def call(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        """A property like the one before, with one function more."""
        old = self.descriptor
        parts = {"getter": old.function, "setter": old.setter, "deleter": old.deleter, self.role: args[0]}
        return Descriptor("property", parts["getter"], parts["setter"], parts["deleter"])


def is_enum(cls: Anything) -> bool:
    """Whether a class of the project is an enumeration."""
    return isinstance(cls, UserClass) and any(name in ENUMS for name in cls.externals())
