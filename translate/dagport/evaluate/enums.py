"""Enumerations of the project (source: the documentation of ``enum``)."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagport.evaluate.classes import Descriptor, is_enum
from dagport.evaluate.domain import (
    Anything,
    BoundMethod,
    CallSite,
    External,
    Function,
    Instance,
    Model,
    NativeFunction,
    PyRaise,
    Unknown,
    UserClass,
    is_plain,
)

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

TEXTS = frozenset({"builtins.str", "enum.StrEnum"})
NUMBERS = frozenset({"builtins.int", "enum.IntEnum", "enum.IntFlag", "builtins.float"})
FLAGS = frozenset({"enum.Flag", "enum.IntFlag"})
PLAIN_TEXT = frozenset({"enum.StrEnum", "enum.IntEnum", "enum.IntFlag"})
"""Enumerations whose members are shown by their value."""
REFLECTED = {"<": "__gt__", "<=": "__ge__", ">": "__lt__", ">=": "__le__"}
BITS: dict[str, Callable[[int, int], int]] = {"|": operator.or_, "&": operator.and_, "^": operator.xor}


class EnumMember(Instance):
    """A member of an enumeration of the project. It is equal to its value where it is also of a plain type."""

    __slots__ = ("value",)

    def __init__(self, cls: UserClass, name: str | None, value: Anything) -> None:
        super().__init__(cls)
        self.value = value
        self.fields = {"_name_": name, "_value_": value}

    def __eq__(self, other: object) -> bool:
        if not is_mixed_in(self.cls):
            return self is other
        return bool(self.value == (other.value if isinstance(other, EnumMember) else other))

    def __hash__(self) -> int:
        return hash(self.value) if is_mixed_in(self.cls) else object.__hash__(self)

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``name`` and ``value``, and what the plain type has."""
        if name in ("name", "value"):
            return self.fields[f"_{name}_"]
        if is_mixed_in(self.cls) and is_plain(self.value):
            from dagport.evaluate import methods

            method = methods.lookup(self.value, name)
            if method is not None:
                return BoundMethod(NativeFunction(name, method), self.value)
        return NotImplemented

    def set_attr(self, machine: Machine, name: str, value: Anything, site: CallSite) -> Anything:
        """``name`` and ``value`` can't be set; other attributes can."""
        if name in ("name", "value"):
            raise PyRaise("AttributeError", f"<enum 'Enum'> cannot set attribute '{name}'")
        return NotImplemented

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """Members of a ``str`` or ``int`` enumeration act as their value, flags can be combined."""
        if operator == "%" and reflected:
            return NotImplemented  # a text to fill in
        if operator in BITS and set(self.cls.externals()) & FLAGS:
            return self._combined(machine, operator, other)
        if is_mixed_in(self.cls):
            return self._as_value(machine, operator, other, site, reflected)
        if operator in ("==", "!=") and not isinstance(other, Unknown):
            return (self is other) == (operator == "==")
        if operator in ("<", "<=", ">", ">=") and isinstance(other, EnumMember) and not reflected:
            names = f"'{self.cls.name}' and '{other.cls.name}'"
            if other.cls.lookup(REFLECTED[operator]) is NotImplemented:
                raise PyRaise("TypeError", f"'{operator}' not supported between instances of {names}")
        return NotImplemented

    def _combined(self, machine: Machine, operator: str, other: Anything) -> Anything:
        plain = other.value if isinstance(other, EnumMember) and other.cls is self.cls else other
        if not isinstance(plain, int) or not isinstance(self.value, int):
            return NotImplemented
        return flag_of(self.cls, BITS[operator](self.value, plain))

    def _as_value(self, machine: Machine, symbol: str, other: Anything, site: CallSite, reflected: bool) -> Anything:
        from dagport.evaluate import comparison, operators

        plain = other.value if isinstance(other, EnumMember) and is_mixed_in(other.cls) else other
        left, right = (plain, self.value) if reflected else (self.value, plain)
        if symbol in comparison.ORDER:
            return machine.compare(symbol, left, right, site)
        kind = next(kind for kind, row in operators.BINARY.items() if row[0] == symbol)
        return operators.binary(machine, kind, left, right, site)

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """``member[0]`` of a text."""
        from dagport.evaluate.items import get_item

        return get_item(machine, self.value, key, site) if set(self.cls.externals()) & TEXTS else NotImplemented

    def iterate(self, machine: Machine, site: CallSite) -> Anything:
        """The characters of a text, the members of a combined flag."""
        names = set(self.cls.externals())
        if names & FLAGS and isinstance(self.value, int):
            single = [item for item in members_of(self.cls) if _is_one_bit(item.value)]
            return [item for item in single if item.value & self.value]
        return machine.iterate(self.value, site) if names & TEXTS else NotImplemented

    def truth(self, machine: Machine) -> bool | None:
        """By its value for plain types and flags; others are true."""
        return machine.truth(self.value) if is_mixed_in(self.cls) or set(self.cls.externals()) & FLAGS else True


def unwrapped(value: Anything) -> Anything:
    """The plain value of a member that is also of a plain type; other values as they are."""
    return value.value if isinstance(value, EnumMember) and is_mixed_in(value.cls) else value


def is_mixed_in(cls: UserClass) -> bool:
    """Whether members of an enumeration are also of a plain type."""
    return any(name in TEXTS or name in NUMBERS for name in cls.externals())


def text_of(machine: Machine, member: EnumMember, site: CallSite) -> Anything:
    """``str(member)``."""
    if set(member.cls.externals()) & PLAIN_TEXT:
        return machine.to_text(member.value, site)
    if set(member.cls.externals()) & FLAGS and member.fields["_name_"] is None:
        return machine.unknown("the text of a combined flag isn't followed", site)
    return f"{member.cls.name}.{member.fields['_name_']}"


def format_of(machine: Machine, member: EnumMember, spec: str, site: CallSite) -> Anything:
    """``format(member, spec)``: since Python 3.12 as ``str`` does it, before that by the value of a plain type."""
    own = next((cls for cls in member.cls.mro if isinstance(cls, UserClass) and "__str__" in cls.members), None)
    changed = is_mixed_in(member.cls) and not set(member.cls.externals()) & PLAIN_TEXT and own is None
    if changed:
        return machine.unknown("how such a member of an enumeration is shown depends on the version of Python", site)
    if set(member.cls.externals()) & PLAIN_TEXT and own is None:
        return member.value
    return machine.to_text(member, site)


def repr_of(machine: Machine, member: EnumMember, site: CallSite) -> Anything:
    """``repr(member)``."""
    from dagport.evaluate.builtins import represent

    text = represent(machine, member.value, site)
    if isinstance(text, Unknown) or member.fields["_name_"] is None:
        return machine.unknown("the text of the object isn't known", site)
    return f"<{member.cls.name}.{member.fields['_name_']}: {text}>"


# Making them


def make_members(machine: Machine, cls: UserClass, site: CallSite) -> None:
    """Turn the plain members of the class body into members of the enumeration."""
    ignored = cls.members.get("_ignore_", [])
    ignored = ignored.split() if isinstance(ignored, str) else ignored if isinstance(ignored, list) else []
    for name in ignored:
        cls.members.pop(name, None)
    values: list[Anything] = []
    for name in _member_names(cls):
        value = cls.members[name]
        if isinstance(value, EnumMember):
            continue
        value = _resolved(machine, cls, name, value, values, site)
        values.append(value)
        cls.members[name] = _alias(cls, value) or _made(machine, cls, name, value, site)


def _member_names(cls: UserClass) -> list[str]:
    skipped = Function | Descriptor | UserClass | NativeFunction
    return [
        name for name, value in cls.members.items()
        if not name.startswith("_") and not isinstance(value, skipped) and not getattr(value, "binds", False)
        and not (isinstance(value, Instance) and not isinstance(value, EnumMember)
                 and value.cls.lookup("__get__") is not NotImplemented)
    ]  # fmt: skip


def _alias(cls: UserClass, value: Anything) -> EnumMember | None:
    if not is_plain(value):
        return None
    return next((item for item in members_of(cls) if type(item.value) is type(value) and item.value == value), None)


def _made(machine: Machine, cls: UserClass, name: str, value: Anything, site: CallSite) -> EnumMember:
    given = list(value) if isinstance(value, tuple) else [value]
    maker = cls.lookup("__new__")
    if isinstance(maker, Function):
        made = machine.call(maker, [cls, *given], {}, site)
        member = EnumMember(cls, name, value)
        if isinstance(made, Instance):
            member.fields.update({key: item for key, item in made.fields.items() if key != "_name_"})
            member.value = member.fields["_value_"]
    else:
        mixed = set(cls.externals())
        if mixed & {"builtins.int", "enum.IntEnum"} and isinstance(value, str | tuple):
            value = machine.call(External("builtins.int"), given, {}, site)
        elif "builtins.str" in mixed and not isinstance(value, str | Unknown):
            value = machine.call(External("builtins.str"), given, {}, site)
        member = EnumMember(cls, name, value)
    starter = cls.lookup("__init__")
    if isinstance(starter, Function):
        machine.call(BoundMethod(starter, member), given, {}, site)
        member.value = member.fields["_value_"]
    return member


def _resolved(
    machine: Machine, cls: UserClass, name: str, value: Anything, values: list[Anything], site: CallSite
) -> Anything:
    """A value without ``auto()`` in it, nor references to members that were plain values while the body ran."""
    if isinstance(value, tuple):
        return tuple(_resolved(machine, cls, name, item, values, site) for item in value)
    if isinstance(value, AutoValue):
        if value.number is None and value.parts is not None:
            value.number = _combination(machine, cls, value.parts, site)
        if value.number is None:
            value.number = _next_value(machine, cls, name, values, site)
        return value.number
    return value


def _next_value(machine: Machine, cls: UserClass, name: str, values: list[Anything], site: CallSite) -> Anything:
    maker = cls.lookup("_generate_next_value_")
    maker = maker.function if isinstance(maker, Descriptor) else maker
    if isinstance(maker, Function):
        return machine.call(maker, [name, 1, len(values), list(values)], {}, site)
    if "enum.StrEnum" in cls.externals():
        return name.lower()
    numbers = [item for item in values if isinstance(item, int)]
    if set(cls.externals()) & FLAGS:
        return 1 << max((item.bit_length() for item in numbers), default=0)
    if len(numbers) != len(values):
        return machine.unknown("what `auto()` gives after other values isn't followed", site)
    return max(numbers, default=0) + 1


def _combination(machine: Machine, cls: UserClass, parts: tuple[str, Anything, Anything], site: CallSite) -> Anything:
    symbol, *sides = parts
    numbers = [side.number if isinstance(side, AutoValue) else side for side in sides]
    if symbol not in BITS or not all(isinstance(number, int) for number in numbers):
        return machine.unknown("what is computed from `auto()` isn't followed", site)
    return BITS[symbol](*numbers)


class AutoValue(Model):
    """``auto()`` in a class body, until the class is complete."""

    __slots__ = ("number", "parts")
    type_name = "enum.auto"

    def __init__(self, parts: tuple[str, Anything, Anything] | None = None) -> None:
        self.number: Anything = None
        self.parts = parts  # operator and operands, of a combination

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """A combination, computed once the values are known."""
        return AutoValue((operator, other, self) if reflected else (operator, self, other))


def members_of(cls: UserClass) -> list[EnumMember]:
    """The members in definition order, aliases left out."""
    found: dict[int, EnumMember] = {}
    for name, value in cls.members.items():
        if isinstance(value, EnumMember) and value.fields["_name_"] == name:
            found[id(value)] = value
    return list(found.values())


def enum_members(machine: Machine, cls: UserClass) -> list[Anything] | None:
    """What iterating over the class gives; ``None`` for other classes."""
    if not is_enum(cls):
        return None
    members: list[Anything] = list(members_of(cls))
    if set(cls.externals()) & FLAGS:
        members = [item for item in members if _is_one_bit(item.value)]
    return members


def _is_one_bit(value: Anything) -> bool:
    return isinstance(value, int) and value > 0 and value & (value - 1) == 0


def enum_member(machine: Machine, cls: UserClass, name: str) -> Anything:
    """A member by its name, else ``NotImplemented``."""
    member = cls.members.get(name, NotImplemented) if is_enum(cls) else NotImplemented
    return member if isinstance(member, EnumMember) else NotImplemented


def enum_by_value(machine: Machine, cls: UserClass, args: list[Anything], site: CallSite) -> Anything:
    """``Color(value)``."""
    value = args[0] if len(args) == 1 else tuple(args)
    if isinstance(value, EnumMember) and value.cls is cls:
        return value
    doubtful = False
    for member in members_of(cls):
        same = machine.compare("==", member.value, value, site)
        if same is True:
            return member
        doubtful = doubtful or same is not False
    if doubtful:
        return machine.unknown("which member of the enumeration it is isn't known", site)
    if set(cls.externals()) & FLAGS and isinstance(value, int):
        return flag_of(cls, value)
    hook = cls.lookup("_missing_")
    hook = hook.function if isinstance(hook, Descriptor) else hook
    found = machine.call(hook, [cls, value], {}, site) if isinstance(hook, Function) else None
    if found is not None:
        return found
    from dagport.evaluate.builtins import represent

    text = represent(machine, value, site)
    raise PyRaise("ValueError", f"{text if isinstance(text, str) else 'the value'} is not a valid {cls.qualname}")


def contains(machine: Machine, container: EnumMember, item: Anything) -> Any:
    """``flag in flags``, else ``NotImplemented``."""
    if isinstance(item, EnumMember) and isinstance(item.value, int) and isinstance(container.value, int):
        return item.value & container.value == item.value
    return NotImplemented


def flag_of(cls: UserClass, value: int) -> EnumMember:
    """The member, or the combination of members, of a flag."""
    for member in members_of(cls):
        if member.value == value:
            return member
    made = cls.members.setdefault("__combinations__", {})
    if value not in made:
        made[value] = EnumMember(cls, None, value)
    result: EnumMember = made[value]
    return result
