"""Operators, truth, text and iteration of the machine's values."""

from __future__ import annotations

import ast
import operator
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    KNOWN_TYPES,
    Anything,
    BoundMethod,
    CallSite,
    External,
    Function,
    Instance,
    LimitHit,
    Model,
    NativeFunction,
    PyRaise,
    Symbolic,
    Unknown,
    UserClass,
    first_unknown,
    is_plain,
    is_running,
    range_length,
    running,
    unknown_rest,
)
from dagport.evaluate.enums import unwrapped
from dagport.evaluate.iterators import Stream, Untold, collected, each
from dagport.evaluate.library.support import raised
from dagport.evaluate.listing import Listing
from dagport.evaluate.needs import Secret
from dagport.evaluate.objects import UserData

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

BINARY: dict[type, tuple[str, str, str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", "__add__", "__radd__", operator.add),
    ast.Sub: ("-", "__sub__", "__rsub__", operator.sub),
    ast.Mult: ("*", "__mul__", "__rmul__", operator.mul),
    ast.Div: ("/", "__truediv__", "__rtruediv__", operator.truediv),
    ast.FloorDiv: ("//", "__floordiv__", "__rfloordiv__", operator.floordiv),
    ast.Mod: ("%", "__mod__", "__rmod__", operator.mod),
    ast.Pow: ("**", "__pow__", "__rpow__", operator.pow),
    ast.LShift: ("<<", "__lshift__", "__rlshift__", operator.lshift),
    ast.RShift: (">>", "__rshift__", "__rrshift__", operator.rshift),
    ast.BitOr: ("|", "__or__", "__ror__", operator.or_),
    ast.BitXor: ("^", "__xor__", "__rxor__", operator.xor),
    ast.BitAnd: ("&", "__and__", "__rand__", operator.and_),
    ast.MatMult: ("@", "__matmul__", "__rmatmul__", operator.matmul),
}
COMPARE: dict[type, str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
UNARY: dict[type, tuple[str, Callable[[Any], Any]]] = {
    ast.UAdd: ("__pos__", operator.pos),
    ast.USub: ("__neg__", operator.neg),
    ast.Invert: ("__invert__", operator.invert),
}
BIT_LIMIT = 1 << 13  # of an integer that a power or a shift may give
ERRORS = (TypeError, ValueError, ZeroDivisionError, OverflowError, KeyError, ArithmeticError)


def binary(machine: Machine, op: type, left: Anything, right: Anything, site: CallSite) -> Anything:
    """``left OP right``."""
    symbol, method, reflected, real = BINARY[op]
    if isinstance(left, KNOWN_TYPES) and isinstance(right, KNOWN_TYPES):
        return _binary_known(machine, symbol, real, left, right, site)
    for target, other, name, is_reflected in ((left, right, method, False), (right, left, reflected, True)):
        if isinstance(target, Instance):
            result = call_method(machine, target, name, [other], site)
            if result is not NotImplemented:
                return result
        if isinstance(target, Model):
            result = target.binary(machine, symbol, other, site, reflected=is_reflected)
            if result is not NotImplemented:
                return result
    if symbol == "%" and isinstance(left, str) and not isinstance(right, Unknown | Symbolic):
        return _percent(machine, left, right, site)
    if symbol == "|" and is_type(left) and is_type(right):
        from dagport.evaluate.builtins import UnionType

        return UnionType([left, right])
    if is_definite(left) and is_definite(right):
        names = f"'{type_name(left)}' and '{type_name(right)}'"
        raise PyRaise("TypeError", f"unsupported operand type(s) for {symbol}: {names}")
    if symbol in (">>", "<<") and _may_be_objects(left, right):
        machine.hooks.unseen_shift(machine, left, right, site)
    lost = next((value for value in (left, right) if isinstance(value, Unknown)), None)
    if lost is not None:
        return machine.unknown(lost.why, site, clock=lost.clock)
    return machine.unknown(f"`{symbol}` of these values isn't followed", site)


def is_type(value: Anything) -> bool:
    """Whether a value is a class, or ``None`` in place of one."""
    from dagport.evaluate.builtins import UnionType
    from dagport.evaluate.kinds import real_class

    if isinstance(value, External):
        return real_class(value.name) is not None or value.name.startswith("typing.")
    return value is None or isinstance(value, UserClass | UnionType)


def is_definite(value: Anything) -> bool:
    """Whether an operand is known well enough to say that it doesn't have an operator."""
    if isinstance(value, Instance):
        return all(isinstance(cls, UserClass) or _is_plain_base(cls) for cls in value.cls.mro)
    return isinstance(value, (*KNOWN_TYPES, Function, Stream)) and not isinstance(value, UserData)


def _is_plain_base(base: Anything) -> bool:
    from dagport.evaluate.kinds import TRANSPARENT

    return isinstance(base, External) and base.name in TRANSPARENT


def type_name(value: Anything) -> str:
    """The name of a value's class, as messages have it."""
    if isinstance(value, Instance):
        return value.cls.name
    if isinstance(value, Function):
        return "function"
    return value.type_name.removeprefix("builtins.") if isinstance(value, Model) else type(value).__name__


def _may_be_objects(left: Anything, right: Anything) -> bool:
    sides = (left, right)
    return any(isinstance(side, Unknown | Symbolic) for side in sides) and not any(
        isinstance(side, int | float) for side in sides
    )


def _binary_known(
    machine: Machine,
    symbol: str,
    real: Callable[[Any, Any], Any],
    left: Anything,
    right: Anything,
    site: CallSite,
) -> Anything:
    if symbol == "%" and isinstance(left, str | bytes):
        return _percent(machine, left, right, site)
    _check_growth(machine, symbol, left, right)
    try:
        return machine.charge(real(left, right))
    except ERRORS as error:
        raise raised(error) from None


def _percent(machine: Machine, template: Anything, values: Anything, site: CallSite) -> Anything:
    lost = first_unknown([values])
    if lost is not None:
        return machine.unknown(lost.why, site, clock=lost.clock)
    _check_filled(machine, template, values)
    if isinstance(template, str) and not is_plain(values) and not _has_wide_field(template):
        return _percent_of_objects(machine, template, values, site)
    if not is_plain(values) or _has_wide_field(template):
        return machine.unknown("the text is built from values that aren't plain data", site)
    try:
        return machine.charge(template % values)
    except ERRORS as error:
        raise raised(error) from None


def _check_filled(machine: Machine, template: str | bytes, values: Anything) -> None:
    """Refuse a text that long values would be filled into; the fields of a mapping may name one many times."""
    parts = values.values() if isinstance(values, dict) else values if isinstance(values, tuple) else [values]
    sizes = [len(part) for part in parts if isinstance(part, str | bytes)]
    fields = template.count(b"%") if isinstance(template, bytes) else template.count("%")
    machine.check_text(len(template) + (fields * max(sizes, default=0) if isinstance(values, dict) else sum(sizes)))


class _Shown:
    """A value in a text to fill in: shown by the rules of the machine. Raises ``Untold``."""

    def __init__(self, machine: Machine, value: Anything, site: CallSite) -> None:
        self.machine = machine
        self.value = value
        self.site = site

    def _text(self, text: Any) -> str:
        if isinstance(text, str):
            self.machine.check_text(len(text))
            return text
        raise Untold(text if isinstance(text, Unknown) else self.machine.unknown("the text isn't known", self.site))

    def __str__(self) -> str:
        return self._text(self.machine.to_text(self.value, self.site))

    def __repr__(self) -> str:
        from dagport.evaluate.shown import represent

        return self._text(represent(self.machine, self.value, self.site))


def _percent_of_objects(machine: Machine, template: str, values: Anything, site: CallSite) -> Anything:
    """``%`` where values are objects of the project: they are asked for their text."""

    def shown(value: Anything) -> Any:
        plain = unwrapped(value)
        if isinstance(plain, int | float):
            return _Number(plain, machine, value, site) if plain is not value else plain
        return value if is_plain(value) else _Shown(machine, value, site)

    if isinstance(values, dict):
        filled: Any = {key: shown(value) for key, value in values.items()}
    else:
        filled = tuple(map(shown, values)) if isinstance(values, tuple) else shown(values)
    try:
        return template % filled
    except Untold as untold:
        return machine.unknown(untold.value.why, site, clock=untold.value.clock)
    except ERRORS as error:
        raise raised(error) from None


class _Number(_Shown):
    """A member of an enumeration of numbers: a number where one is asked for."""

    def __init__(self, number: float, machine: Machine, value: Anything, site: CallSite) -> None:
        super().__init__(machine, value, site)
        self.number = number

    def __int__(self) -> int:
        return int(self.number)

    def __float__(self) -> float:
        return float(self.number)

    def __index__(self) -> int:
        return int(self.number)


def _has_wide_field(template: str | bytes) -> bool:
    """A width or precision of five digits or more, or one taken from the arguments, could ask for a giant text."""
    text = template if isinstance(template, str) else template.decode("latin-1")
    digits = 0
    for char in text:
        digits = digits + 1 if char.isdigit() else 0
        if digits > 4:
            return True
    return "%*" in text or ".*" in text


def _check_growth(machine: Machine, symbol: str, left: Anything, right: Anything) -> None:
    if symbol == "*":
        for value, times in ((left, right), (right, left)):
            if isinstance(value, str | bytes) and isinstance(times, int):
                machine.check_text(len(value) * times)
            elif isinstance(value, list | tuple) and isinstance(times, int):
                machine.check_items(len(value) * times)
            elif isinstance(value, int) and isinstance(times, int):
                _check_bits(value.bit_length() + times.bit_length())
    elif symbol == "+" and isinstance(left, str | bytes) and isinstance(right, str | bytes):
        machine.check_text(len(left) + len(right))
    elif symbol == "+" and isinstance(left, list | tuple) and isinstance(right, list | tuple):
        machine.check_items(len(left) + len(right))
    elif symbol == "**" and isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() * max(right, 0))
    elif symbol == "<<" and isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + max(right, 0))


def _check_bits(count: int) -> None:
    if count > BIT_LIMIT:
        raise LimitHit("bits of a number", BIT_LIMIT)


IN_PLACE: dict[type, str] = {
    ast.BitOr: "update", ast.Sub: "difference_update", ast.BitAnd: "intersection_update",
    ast.BitXor: "symmetric_difference_update",
}  # fmt: skip


def augmented(machine: Machine, op: type, left: Anything, right: Anything, site: CallSite) -> Anything:
    """``left OP= right``: lists, sets and dicts change in place, as in Python."""
    if isinstance(left, Instance):
        result = call_method(machine, left, BINARY[op][1].replace("__", "__i", 1), [right], site)
        if result is not NotImplemented:
            machine.effect()
            return result
    if op is ast.Add and isinstance(left, list):
        items = iterate(machine, right, site)
        if isinstance(items, Unknown):
            return machine.unknown(items.why, site)
        machine.check_items(len(left) + len(items))
        machine.effect()
        left.extend(items)
        return left
    if op is ast.Mult and isinstance(left, list) and isinstance(right, int):
        machine.check_items(len(left) * right)
        if abs(right) > sys.maxsize:  # even of an empty list
            raise PyRaise("OverflowError", "cannot fit 'int' into an index-sized integer")
        machine.effect()
        left *= right
        return left
    if isinstance(left, set) and op in IN_PLACE and isinstance(right, set | frozenset):
        return _changed_in_place(machine, IN_PLACE[op], left, right, site)
    if op is ast.BitOr and isinstance(left, dict):
        return _changed_in_place(machine, "update", left, right, site)
    if isinstance(left, Model):
        result = left.in_place(machine, BINARY[op][0], right, site)
        if result is not NotImplemented:
            return result
    return binary(machine, op, left, right, site)


def _changed_in_place(machine: Machine, method: str, left: Anything, right: Anything, site: CallSite) -> Anything:
    from dagport.evaluate import methods

    native = methods.lookup(left, method)
    if native is not None:
        native(machine, [left, right], {}, site)
    return left


def unary(machine: Machine, op: type, value: Anything, site: CallSite) -> Anything:
    """``not value``, ``-value``, ``+value``, ``~value``."""
    if op is ast.Not:
        result = truth(machine, value)
        return machine.unknown("whether it is true isn't known", site) if result is None else not result
    method, real = UNARY[op]
    if isinstance(value, KNOWN_TYPES):
        try:
            return real(value)
        except TypeError as error:
            raise raised(error) from None
    if isinstance(value, Instance):
        result = call_method(machine, value, method, [], site)
        if result is not NotImplemented:
            return result
    if is_definite(value):
        symbol = {"__pos__": "+", "__neg__": "-"}.get(method, "~")
        raise PyRaise("TypeError", f"bad operand type for unary {symbol}: '{type_name(value)}'")
    return machine.unknown(value.why if isinstance(value, Unknown) else "the operand isn't known", site)


def truth(machine: Machine, value: Anything) -> bool | None:
    """``bool(value)``, or ``None`` when it isn't known."""
    if isinstance(value, KNOWN_TYPES):
        only_unknown = isinstance(value, dict) and len(value) == 1 and unknown_rest(value) is not None
        return None if only_unknown else bool(value)
    if isinstance(value, Secret):
        return bool(value.held)
    if isinstance(value, Unknown | Symbolic):
        return None
    if isinstance(value, Instance):
        known: Any = _object_truth(machine, value)
        if known is not NotImplemented:
            return None if known is None else bool(known)
    if isinstance(value, Model):
        return value.truth(machine)
    if isinstance(value, External):
        return True if is_code(machine, value) else None
    return True if isinstance(value, Function | UserClass | BoundMethod | NativeFunction) else None


def _object_truth(machine: Machine, value: Instance) -> Any:
    """``bool(value)`` by ``__bool__`` or ``__len__``."""
    for name in ("__bool__", "__len__"):
        if has_method(value, name):
            if not is_running():
                return None
            answer = call_method(machine, value, name, [], running()[1])
            return bool(answer) if isinstance(answer, int) else None
    return NotImplemented


def is_code(machine: Machine, value: External) -> bool:
    """Whether a name of a library is known to be a module, a function or a class: it may be any data otherwise."""
    return value.name in machine.modules or machine.native(value.name) is not None


def iterate(machine: Machine, value: Anything, site: CallSite, *, ordered: bool = True) -> list[Anything] | Unknown:
    """The items of a value, or why they aren't known; ``ordered`` when it matters in which order they come."""
    rest = unknown_rest(value)
    if rest is not None:
        return machine.unknown(rest.why, site)
    if isinstance(value, range | list | tuple | set | frozenset | dict | str | bytes):
        machine.check_items(len(value) if not isinstance(value, range) else range_length(value))
        return _set_items(machine, value, site, ordered) if isinstance(value, set | frozenset) else list(value)
    if isinstance(value, Instance) and (has_method(value, "__iter__") or has_method(value, "__getitem__")):
        try:
            return collected(machine, each(machine, value, site))
        except Untold as untold:
            return untold.value
    if isinstance(value, Model):
        items = value.take(machine, site, ordered=ordered) if type(value) is Listing else value.iterate(machine, site)
        if isinstance(items, Unknown):
            return items
        if isinstance(items, Iterable):
            return list(items)
    if isinstance(value, UserClass):
        from dagport.evaluate.enums import enum_members

        members = enum_members(machine, value)
        if members is not None:
            return members
        hook = value.meta.lookup("__iter__") if value.meta is not None else NotImplemented
        if isinstance(hook, Function):
            return iterate(machine, machine.call(hook, [value], {}, site), site)
    if is_definite(value):
        raise PyRaise("TypeError", f"'{type_name(value)}' object is not iterable")
    why = value.why if isinstance(value, Unknown) else "what it iterates over isn't known"
    return machine.unknown(why, site, clock=isinstance(value, Unknown) and value.clock)


def _set_items(
    machine: Machine, value: set[Anything] | frozenset[Anything], site: CallSite, ordered: bool
) -> list[Anything]:
    """The order of a set of texts changes from run to run, in the engine as well; that of whole numbers doesn't."""
    if all(type(item) is int for item in value):
        return list(value)
    if ordered and len(value) > 1:
        machine.doubt("DP211", "the order of a set's items changes from run to run, and it is used here", site)
    return sorted(value, key=repr)


def has_method(target: Instance, name: str) -> bool:
    """Whether an object's class defines a special method."""
    method = target.cls.lookup(name)
    return method is not NotImplemented and method is not None


def call_method(machine: Machine, target: Instance, name: str, args: list[Anything], site: CallSite) -> Anything:
    """Call a special method that the project's class defines, else ``NotImplemented``, also where it says so."""
    method = target.cls.lookup(name)
    if method is NotImplemented or method is None:
        return NotImplemented
    if not isinstance(method, Function):
        from dagport.evaluate.attributes import bound

        result = machine.call(bound(target, target.cls, method), args, {}, site)
    else:
        result = machine.call(BoundMethod(method, target), args, {}, site)
    declined = isinstance(result, External) and result == NOT_IMPLEMENTED
    return NotImplemented if declined else result


NOT_IMPLEMENTED = External("builtins.NotImplemented")
