"""Operators, truth, text and iteration of the machine's values."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    CONTAINERS,
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
    SourceFile,
    Symbolic,
    Unknown,
    UserClass,
    first_unknown,
    is_plain,
    unknown_rest,
)
from dagport.evaluate.library.support import applied

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
_ORDER: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "==": (operator.eq, "__eq__"), "!=": (operator.ne, "__ne__"), "<": (operator.lt, "__lt__"),
    "<=": (operator.le, "__le__"), ">": (operator.gt, "__gt__"), ">=": (operator.ge, "__ge__"),
}  # fmt: skip
UNARY: dict[type, tuple[str, Callable[[Any], Any]]] = {
    ast.UAdd: ("__pos__", operator.pos),
    ast.USub: ("__neg__", operator.neg),
    ast.Invert: ("__invert__", operator.invert),
}
BIT_LIMIT = 1 << 16  # of an integer that a power or a shift may give
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
    if symbol in (">>", "<<") and _may_be_objects(left, right):
        machine.hooks.unseen_shift(machine, left, right, site)
    lost = next((value for value in (left, right) if isinstance(value, Unknown)), None)
    if lost is not None:
        return machine.unknown(lost.why, site, clock=lost.clock)
    return machine.unknown(f"`{symbol}` of these values isn't followed", site)


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
        return real(left, right)
    except ERRORS as error:
        raise PyRaise(type(error).__name__, str(error)) from None


def _percent(machine: Machine, template: Anything, values: Anything, site: CallSite) -> Anything:
    lost = first_unknown([values])
    if lost is not None:
        return machine.unknown(lost.why, site, clock=lost.clock)
    if not is_plain(values) or _has_wide_field(template):
        return machine.unknown("the text is built from values that aren't plain data", site)
    try:
        return template % values
    except ERRORS as error:
        raise PyRaise(type(error).__name__, str(error)) from None


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


def augmented(machine: Machine, op: type, left: Anything, right: Anything, site: CallSite) -> Anything:
    """``left OP= right``: lists, sets and dicts change in place, as in Python."""
    if op is ast.Add and isinstance(left, list):
        items = iterate(machine, right, site)
        if isinstance(items, Unknown):
            return machine.unknown(items.why, site)
        machine.check_items(len(left) + len(items))
        machine.effect()
        left.extend(items)
        return left
    if op is ast.BitOr and isinstance(left, dict | set) and type(left) is type(right):
        machine.effect()
        left.update(right)
        return left
    return binary(machine, op, left, right, site)


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
            raise PyRaise("TypeError", str(error)) from None
    if isinstance(value, Instance):
        result = call_method(machine, value, method, [], site)
        if result is not NotImplemented:
            return result
    return machine.unknown(value.why if isinstance(value, Unknown) else "the operand isn't known", site)


def truth(machine: Machine, value: Anything) -> bool | None:
    """``bool(value)``, or ``None`` when it isn't known."""
    if isinstance(value, KNOWN_TYPES):
        only_unknown = isinstance(value, dict) and len(value) == 1 and unknown_rest(value) is not None
        return None if only_unknown else bool(value)
    if isinstance(value, Unknown | Symbolic):
        return None
    if isinstance(value, Model):
        return value.truth(machine)
    if isinstance(value, External):
        return True if is_code(machine, value) else None
    return True if isinstance(value, Function | UserClass | BoundMethod | NativeFunction) else None


def is_code(machine: Machine, value: External) -> bool:
    """Whether a name of a library is known to be a module, a function or a class: it may be any data otherwise."""
    return value.name in machine.modules or machine.native(value.name) is not None


def compare(machine: Machine, symbol: str, left: Anything, right: Anything, site: CallSite) -> Anything:
    """``left SYMBOL right``."""
    if symbol in ("is", "is not"):
        same = _identical(machine, left, right)
        if same is None:
            return machine.unknown(_why(left, right), site)
        return same if symbol == "is" else not same
    if symbol in ("in", "not in"):
        found = contains(machine, right, left, site)
        if isinstance(found, Unknown):
            return found
        return found if symbol == "in" else not found
    real, method = _ORDER[symbol]
    if is_plain(left) and is_plain(right):
        try:
            return real(left, right)
        except ERRORS as error:
            raise PyRaise(type(error).__name__, str(error)) from None
    for target, other in ((left, right), (right, left)):
        if isinstance(target, Instance):
            result = call_method(machine, target, method, [other], site)
            if result is not NotImplemented:
                return result
        if isinstance(target, Model):
            result = target.binary(machine, symbol, other, site, reflected=target is right)
            if result is not NotImplemented:
                return result
    if symbol in ("==", "!="):
        same = _equal(left, right)
        if same is not None:
            return same if symbol == "==" else not same
    return machine.unknown(_why(left, right), site)


def _why(*values: Anything) -> str:
    lost = first_unknown(values)
    return lost.why if lost else "the values can't be compared without running the code"


def _identical(machine: Machine, left: Anything, right: Anything) -> bool | None:
    if left is right:
        return True
    if isinstance(left, Unknown | Symbolic) or isinstance(right, Unknown | Symbolic):
        return None
    if isinstance(left, External) and isinstance(right, External) and left.name == right.name:
        return True
    if any(isinstance(value, External) and not is_code(machine, value) for value in (left, right)):
        return None
    if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
        return False
    # Whether equal numbers and texts are one object is the interpreter's own affair.
    return None if isinstance(left, KNOWN_TYPES) and isinstance(right, KNOWN_TYPES) and left == right else False


def _equal(left: Anything, right: Anything) -> bool | None:
    if left is right and not isinstance(left, Unknown):
        return True
    if isinstance(left, External) and isinstance(right, External) and left.name == right.name:
        return True
    if first_unknown([left, right]) or isinstance(left, Symbolic) or isinstance(right, Symbolic):
        return None
    if isinstance(left, CONTAINERS) or isinstance(right, CONTAINERS):
        return None if type(left) is type(right) else False
    definite = (Function, UserClass, Model, *KNOWN_TYPES)
    return False if isinstance(left, definite) and isinstance(right, definite) else None


def contains(machine: Machine, container: Anything, item: Anything, site: CallSite) -> bool | Unknown:
    """``item in container``."""
    if isinstance(container, str | bytes | range | set | frozenset | dict) and is_plain(item):
        try:
            found = item in container
        except TypeError as error:
            raise PyRaise("TypeError", str(error)) from None
        if found or isinstance(container, str | bytes | range) or all(map(is_plain, container)):
            rest = None if found else unknown_rest(container)
            return found if rest is None else machine.unknown(rest.why, site)
    if isinstance(container, Instance):
        result = call_method(machine, container, "__contains__", [item], site)
        if result is not NotImplemented:
            known = truth(machine, result)
            return machine.unknown("whether it is contained isn't known", site) if known is None else known
    items = iterate(machine, container, site)
    if isinstance(items, Unknown):
        return machine.unknown(items.why, site)
    machine.step(len(items) // 8)
    doubtful = False
    for other in items:
        same = other is item or compare(machine, "==", other, item, site)
        if same is True:
            return True
        doubtful = doubtful or same is not False
    return machine.unknown(_why(container, item), site) if doubtful else False


def iterate(machine: Machine, value: Anything, site: CallSite, *, ordered: bool = True) -> list[Anything] | Unknown:
    """The items of a value, or why they aren't known; ``ordered`` when it matters in which order they come."""
    rest = unknown_rest(value)
    if rest is not None:
        return machine.unknown(rest.why, site)
    if isinstance(value, range | list | tuple | set | frozenset | dict | str | bytes):
        machine.check_items(len(value))
        return _set_items(machine, value, site, ordered) if isinstance(value, set | frozenset) else list(value)
    if isinstance(value, Model):
        items = value.iterate(machine, site)
        if items is NotImplemented and isinstance(value, Instance):
            items = call_method(machine, value, "__iter__", [], site)
            if items is not NotImplemented:
                return iterate(machine, items, site)
        if isinstance(items, Unknown):
            return items
        if isinstance(items, Iterable):
            return list(items)
    if isinstance(value, UserClass):
        from dagport.evaluate.classes import enum_members

        members = enum_members(machine, value)
        if members is not None:
            return members
    if isinstance(value, KNOWN_TYPES):
        raise PyRaise("TypeError", f"'{type(value).__name__}' object is not iterable")
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


def to_text(machine: Machine, value: Anything, site: CallSite) -> str | Unknown:
    """``str(value)``."""
    if isinstance(value, str):
        return value
    if is_plain(value):
        if isinstance(value, CONTAINERS) and _has_random_order(value):
            return machine.unknown("the order of a set's items changes from run to run", site, clock=True)
        return _checked(machine, applied(str, [value], {}))
    if isinstance(value, Instance):
        result = call_method(machine, value, "__str__", [], site)
        if result is NotImplemented:
            result = call_method(machine, value, "__repr__", [], site)
        if isinstance(result, str | Unknown):
            return result
    if isinstance(value, SourceFile):
        return machine.unknown("where the file lies is known only in the deployment", site)
    if isinstance(value, Model):
        text = value.attr(machine, "__str__", site)
        if text is not NotImplemented:
            result = machine.call(text, [], {}, site)
            if isinstance(result, str | Unknown):
                return result
    lost = first_unknown([value])
    if lost is not None:
        return machine.unknown(lost.why, site, clock=lost.clock)
    return machine.unknown("the text of the object isn't known", site)


def _has_random_order(value: Anything) -> bool:
    if isinstance(value, set | frozenset):
        return len(value) > 1
    items = (*value.keys(), *value.values()) if isinstance(value, dict) else value
    return any(isinstance(item, CONTAINERS) and _has_random_order(item) for item in items)


def _checked(machine: Machine, text: str) -> str:
    machine.check_text(len(text))
    return text


def call_method(machine: Machine, target: Instance, name: str, args: list[Anything], site: CallSite) -> Anything:
    """Call a special method that the project's class defines, else ``NotImplemented``."""
    method = target.cls.lookup(name)
    if not isinstance(method, Function):
        return NotImplemented
    return machine.call(BoundMethod(method, target), args, {}, site)
