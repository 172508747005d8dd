"""Classes of the project: descriptors, enumerations, data classes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    CallSite,
    External,
    Function,
    Instance,
    Model,
    PyRaise,
    UserClass,
)

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

ENUMS = {"enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag"}
DATACLASS_MARK = "__dataclass_options__"


@dataclass(slots=True, eq=False)
class Descriptor:
    """What ``@property``, ``@staticmethod`` and ``@classmethod`` make of a function."""

    kind: str
    function: Anything
    setter: Anything = None


class PropertySetter(Model):
    """``prop.setter``, waiting to decorate a function."""

    __slots__ = ("descriptor",)

    def __init__(self, descriptor: Descriptor) -> None:
        self.descriptor = descriptor

    def call(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        """Decorate the setter."""
        return Descriptor("property", self.descriptor.function, args[0])


class EnumMember(Instance):
    """A member of an enumeration of the project."""

    __slots__ = ("value",)

    def __init__(self, cls: UserClass, name: str, value: Anything) -> None:
        super().__init__(cls)
        self.value = value
        self.fields = {"name": name, "value": value, "_name_": name, "_value_": value}

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """Members of a ``str`` or ``int`` enumeration act as their value."""
        plain_other = other.value if isinstance(other, EnumMember) else other
        if is_mixed_in(self.cls):
            left, right = (plain_other, self.value) if reflected else (self.value, plain_other)
            return (
                machine.compare(operator, left, right, site)
                if operator in ("==", "!=", "<", "<=", ">", ">=")
                else NotImplemented
            )
        if operator in ("==", "!="):
            return (self is other) == (operator == "==")
        return NotImplemented


def is_mixed_in(cls: UserClass) -> bool:
    """Whether members of an enumeration are also of a plain type."""
    names = cls.externals()
    return any(
        name in ("builtins.str", "builtins.int", "enum.StrEnum", "enum.IntEnum", "enum.IntFlag") for name in names
    )


def is_enum(cls: Anything) -> bool:
    """Whether a class of the project is an enumeration."""
    return isinstance(cls, UserClass) and any(name in ENUMS for name in cls.externals())


def enum_members(machine: Machine, cls: UserClass) -> list[Anything] | None:
    """The members of an enumeration in definition order; ``None`` for other classes."""
    if not is_enum(cls):
        return None
    return [_member(machine, cls, name) for name in _member_names(cls)]


def enum_member(machine: Machine, cls: UserClass, name: str) -> Anything:
    """A member by its name, else ``NotImplemented``."""
    if not is_enum(cls) or name not in _member_names(cls):
        return NotImplemented
    return _member(machine, cls, name)


def enum_by_value(machine: Machine, cls: UserClass, value: Anything, site: CallSite) -> Anything:
    """``Color(value)``."""
    for member in enum_members(machine, cls) or []:
        if member is value or machine.compare("==", member.fields["value"], value, site) is True:
            return member
    raise PyRaise("ValueError", f"{value!r} is not a valid {cls.name}")


def _member_names(cls: UserClass) -> list[str]:
    return [
        name
        for name, value in cls.members.items()
        if not name.startswith("_") and not isinstance(value, Function | Descriptor | UserClass)
    ]


def _member(machine: Machine, cls: UserClass, name: str) -> EnumMember:
    value = cls.members[name]
    if isinstance(value, EnumMember):
        return value
    if value == External("enum.auto()"):
        value = name.lower() if "enum.StrEnum" in cls.externals() else _member_names(cls).index(name) + 1
    member = EnumMember(cls, name, value)
    cls.members[name] = member
    return member


# Data classes


def dataclass_fields(cls: UserClass) -> Iterator[tuple[str, UserClass]]:
    """Names of the fields in order, base classes first, with the class that declares each last."""
    found: dict[str, UserClass] = {}
    for base in reversed(cls.mro):
        if not isinstance(base, UserClass) or DATACLASS_MARK not in base.members or base.node is None:
            continue
        for statement in base.node.body:
            if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
                continue
            if "ClassVar" not in ast.dump(statement.annotation):
                found[statement.target.id] = base
    yield from found.items()


class FieldDefault(Model):
    """``dataclasses.field(...)``."""

    __slots__ = ("factory", "init", "value")

    def __init__(self, value: Anything, factory: Anything, init: bool) -> None:
        self.value = value
        self.factory = factory
        self.init = init


def initialise_dataclass(
    machine: Machine, instance: Instance, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> None:
    """The ``__init__`` that ``@dataclass`` makes (source: the ``dataclasses`` documentation)."""
    positional, keywords = list(args), dict(kwargs)
    lost = keywords.pop("**", None)
    for name, owner in dataclass_fields(instance.cls):
        default = owner.members.get(name, NotImplemented)
        if isinstance(default, FieldDefault) and not default.init:
            instance.fields[name] = _default(machine, default, name, site)
        elif positional:
            instance.fields[name] = positional.pop(0)
        elif name in keywords:
            instance.fields[name] = keywords.pop(name)
        elif lost is not None:
            instance.fields[name] = machine.unknown(lost.why, site)
        else:
            instance.fields[name] = _default(machine, default, name, site)
    if keywords or positional:
        unexpected = next(iter(keywords), "too many positional arguments")
        raise PyRaise("TypeError", f"{instance.cls.name}.__init__() got an unexpected argument: {unexpected}")
    hook = instance.cls.lookup("__post_init__")
    if isinstance(hook, Function):
        from dagport.evaluate.domain import BoundMethod

        machine.call(BoundMethod(hook, instance), [], {}, site)


def _default(machine: Machine, default: Any, name: str, site: CallSite) -> Anything:
    if isinstance(default, FieldDefault):
        if default.factory is not NotImplemented:
            return machine.call(default.factory, [], {}, site)
        default = default.value
    if default is NotImplemented:
        raise PyRaise("TypeError", f"missing a required argument: '{name}'")
    return default
