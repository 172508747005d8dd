"""Comparison, identity and membership of the machine's values."""

from __future__ import annotations

import operator
from collections.abc import Callable
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
    Model,
    PyRaise,
    Symbolic,
    Unknown,
    UserClass,
    first_unknown,
    is_plain,
    unknown_rest,
)
from dagport.evaluate.enums import EnumMember, unwrapped
from dagport.evaluate.enums import contains as contains_flag
from dagport.evaluate.iterators import Untold, each
from dagport.evaluate.library.support import applied, raised
from dagport.evaluate.methods.containers import check_search, is_key
from dagport.evaluate.needs import Secret
from dagport.evaluate.operators import ERRORS, call_method, is_code, is_definite, truth, type_name

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

ORDER: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "==": (operator.eq, "__eq__"), "!=": (operator.ne, "__ne__"), "<": (operator.lt, "__lt__"),
    "<=": (operator.le, "__le__"), ">": (operator.gt, "__gt__"), ">=": (operator.ge, "__ge__"),
}  # fmt: skip


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
    real, _ = ORDER[symbol]
    if isinstance(left, CONTAINERS):
        machine.step(len(left) // 16)
    if is_plain(left) and is_plain(right):
        try:
            return real(left, right)
        except ERRORS as error:
            raise raised(error) from None
    result = _compared_by_class(machine, symbol, left, right, site)
    if result is not NotImplemented:
        return result
    if isinstance(left, list | tuple) and isinstance(right, type(left)):
        return _compare_sequences(machine, symbol, left, right, site)
    if isinstance(left, dict) and isinstance(right, dict) and symbol in ("==", "!="):
        return _compare_dicts(machine, symbol, left, right, site)
    if symbol in ("==", "!="):
        same = _equal(left, right)
        if same is not None:
            return same if symbol == "==" else not same
    elif is_definite(left) and is_definite(right):
        names = f"'{type_name(left)}' and '{type_name(right)}'"
        raise PyRaise("TypeError", f"'{symbol}' not supported between instances of {names}")
    return machine.unknown(_why(left, right), site)


REFLECTED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


def _compared_by_class(machine: Machine, symbol: str, left: Anything, right: Anything, site: CallSite) -> Anything:
    """The answer of the class of one side or the other, else ``NotImplemented``."""
    for target, other, sign, reflected in ((left, right, symbol, False), (right, left, REFLECTED[symbol], True)):
        if isinstance(target, Instance):
            result = _compared_by_instance(machine, sign, target, other, site)
            if result is not NotImplemented:
                return result
        if isinstance(target, Model):
            result = target.binary(machine, symbol, other, site, reflected=reflected)
            if result is not NotImplemented:
                return result
    return NotImplemented


def _compared_by_instance(machine: Machine, sign: str, target: Instance, other: Anything, site: CallSite) -> Anything:
    from dagport.evaluate.records import compare_records

    result = call_method(machine, target, ORDER[sign][1], [other], site)
    if result is NotImplemented and sign == "!=":
        equal = call_method(machine, target, "__eq__", [other], site)
        if equal is not NotImplemented:
            known = truth(machine, equal)
            return machine.unknown(_why(equal), site) if known is None else not known
    return compare_records(machine, sign, target, other, site) if result is NotImplemented else result


def _compare_sequences(machine: Machine, symbol: str, left: Any, right: Any, site: CallSite) -> Anything:
    """Item by item, as lists and tuples are compared."""
    machine.step(min(len(left), len(right)))
    if symbol in ("==", "!=") and len(left) != len(right):
        return symbol == "!="
    for first, second in zip(left, right, strict=False):
        same = first is second and not isinstance(first, Unknown)
        known = True if same else truth(machine, compare(machine, "==", first, second, site))
        if known is None:
            return machine.unknown(_why(left, right), site)
        if not known:
            return symbol == "!=" if symbol in ("==", "!=") else compare(machine, symbol, first, second, site)
    return ORDER[symbol][0](len(left), len(right))


def _compare_dicts(machine: Machine, symbol: str, left: Any, right: Any, site: CallSite) -> Anything:
    from dagport.evaluate.methods.containers import has_unknown_keys

    if has_unknown_keys(left) or has_unknown_keys(right):
        return machine.unknown(_why(left, right), site)
    if left.keys() != right.keys():
        return symbol == "!="
    same = _compare_sequences(machine, "==", list(left.values()), [right[key] for key in left], site)
    return same if isinstance(same, Unknown) else same is (symbol == "==")


def _why(*values: Anything) -> str:
    lost = first_unknown(values)
    return lost.why if lost else "the values can't be compared without running the code"


def _identical(machine: Machine, left: Anything, right: Anything) -> bool | None:
    if left is right:
        return True
    if (isinstance(left, Secret) and right is None) or (left is None and isinstance(right, Secret)):
        return False
    if isinstance(left, Unknown | Symbolic) or isinstance(right, Unknown | Symbolic):
        return None
    if isinstance(left, External) and isinstance(right, External) and left.name == right.name:
        return True
    if any(isinstance(value, External) and not is_code(machine, value) for value in (left, right)):
        return None
    if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
        return False
    if isinstance(left, list | dict | set) or isinstance(right, list | dict | set):
        return False
    # Whether equal numbers and texts are one object is the interpreter's own affair.
    return None if isinstance(left, KNOWN_TYPES) and isinstance(right, KNOWN_TYPES) and left == right else False


def _equal(left: Anything, right: Anything) -> bool | None:
    if isinstance(left, BoundMethod) and isinstance(right, BoundMethod):
        return left.self_value is right.self_value and left.function == right.function
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
        if isinstance(container, range):
            check_search(machine, [container, item], {})
        try:
            found = item in container
        except (TypeError, ValueError) as error:  # of ``300 in b""``, too
            raise raised(error) from None
        if found or isinstance(container, str | bytes | range) or all(map(is_plain, container)):
            rest = None if found else unknown_rest(container)
            return found if rest is None else machine.unknown(rest.why, site)
    if isinstance(container, Instance):
        result = call_method(machine, container, "__contains__", [item], site)
        if result is not NotImplemented:
            known = truth(machine, result)
            return machine.unknown("whether it is contained isn't known", site) if known is None else known
    if isinstance(container, Model):
        known = container.contains(machine, item, site)
        if known is not NotImplemented:
            return known
    return _contains_other(machine, container, item, site)


def _contains_other(machine: Machine, container: Anything, item: Anything, site: CallSite) -> bool | Unknown:
    if isinstance(container, UserClass) and container.meta is not None:
        hook = container.meta.lookup("__contains__")
        if isinstance(hook, Function):
            known = truth(machine, machine.call(hook, [container, item], {}, site))
            return machine.unknown("whether it is contained isn't known", site) if known is None else known
    if isinstance(container, dict | set | frozenset) and isinstance(item, Instance) and all(map(is_key, container)):
        rest = unknown_rest(container)
        return item in container if rest is None else machine.unknown(rest.why, site)
    if isinstance(container, EnumMember) and (found := contains_flag(machine, container, item)) is not NotImplemented:
        return bool(found)
    if isinstance(container, str | bytes) and isinstance(item, EnumMember):
        item = unwrapped(item)
    if isinstance(container, str | bytes) and isinstance(item, KNOWN_TYPES):
        return bool(applied(operator.contains, [container, item], {}))
    if type(container) in (int, float, bool, type(None)):
        raise PyRaise("TypeError", f"argument of type '{type(container).__name__}' is not iterable")
    return _found_among(machine, container, item, site)


def _found_among(machine: Machine, container: Anything, item: Anything, site: CallSite) -> bool | Unknown:
    doubtful = False
    try:
        for count, other in enumerate(each(machine, container, site, ordered=False)):
            machine.step(count & 7 == 7)
            same = other is item or compare(machine, "==", other, item, site)
            if same is True and not doubtful:
                return True
            doubtful = doubtful or same is not False
    except Untold as untold:
        return machine.unknown(untold.value.why, site)
    return machine.unknown(_why(container, item), site) if doubtful else False
