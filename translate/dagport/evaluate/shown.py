"""Texts of values: ``str``, ``repr`` and ``format``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    CONTAINERS,
    Anything,
    CallSite,
    Instance,
    Model,
    PyRaise,
    Unknown,
    first_unknown,
    is_plain,
    weight,
)
from dagport.evaluate.enums import EnumMember, format_of, repr_of, text_of
from dagport.evaluate.exceptions import ExceptionValue, exception_base, exception_text
from dagport.evaluate.library.support import applied
from dagport.evaluate.operators import call_method
from dagport.evaluate.records import record_text

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

RANDOM_ORDER = "the order of a set's items changes from run to run"


def to_text(machine: Machine, value: Anything, site: CallSite) -> Any:
    """``str(value)``."""
    if isinstance(value, str):
        return str.__str__(value)
    if is_plain(value):
        return _of_plain(machine, str, value, site)
    if isinstance(value, CONTAINERS):
        return represent(machine, value, site)
    if isinstance(value, Instance):
        return _of_instance(machine, value, site)
    if isinstance(value, Model):
        text = value.attr(machine, "__str__", site)
        if text is NotImplemented:
            text = value.attr(machine, "__repr__", site)
        if text is not NotImplemented:
            result = machine.call(text, [], {}, site)
            if isinstance(result, str | Unknown):
                return result
    return _not_known(machine, value, site)


def _not_known(machine: Machine, value: Anything, site: CallSite) -> Unknown:
    lost = first_unknown([value])
    if lost is not None:
        return machine.unknown(lost.why, site, clock=lost.clock)
    return machine.unknown("the text of the object isn't known", site)


def _of_plain(machine: Machine, make: Any, value: Anything, site: CallSite) -> str | Unknown:
    if isinstance(value, CONTAINERS) and _has_random_order(value):
        return machine.unknown(RANDOM_ORDER, site, clock=True)
    text: str = applied(make, [value], {})
    machine.check_text(len(text))
    return text


def _has_random_order(value: Anything) -> bool:
    if isinstance(value, set | frozenset):
        return len(value) > 1
    items = (*value.keys(), *value.values()) if isinstance(value, dict) else value
    return any(isinstance(item, CONTAINERS) and _has_random_order(item) for item in items)


def _text_by_class(machine: Machine, value: Instance, name: str, site: CallSite) -> Any:
    result = call_method(machine, value, name, [], site)
    if result is NotImplemented or isinstance(result, str | Unknown):
        return result
    raise PyRaise("TypeError", f"{name} returned non-string (type {type(result).__name__})")


def _of_instance(machine: Machine, value: Instance, site: CallSite) -> Any:
    result = _text_by_class(machine, value, "__str__", site)
    if result is NotImplemented and isinstance(value, EnumMember):
        result = text_of(machine, value, site)
    base = exception_base(value.cls)
    if result is NotImplemented and base is not None:
        result = exception_text(machine, base, value.fields.get("args", ()), site)
    return represent(machine, value, site) if result is NotImplemented else result


def represent(machine: Machine, value: Anything, site: CallSite) -> Any:
    """``repr(value)``, or why it isn't known."""
    if is_plain(value):
        return _of_plain(machine, repr, value, site)
    if isinstance(value, CONTAINERS):
        return _of_container(machine, value, site)
    if isinstance(value, Instance):
        result = _text_by_class(machine, value, "__repr__", site)
        if result is NotImplemented:
            result = record_text(machine, value, site)
        if result is NotImplemented and isinstance(value, EnumMember):
            result = repr_of(machine, value, site)
        if result is NotImplemented and exception_base(value.cls) is not None:
            result = _of_exception(machine, value.cls.name, value.fields.get("args", ()), site)
        return _not_known(machine, value, site) if result is NotImplemented else result
    if isinstance(value, ExceptionValue):
        return _of_exception(machine, value.name, value.args, site)
    if isinstance(value, Model):
        text = value.attr(machine, "__repr__", site)
        if text is not NotImplemented:
            return machine.call(text, [], {}, site)
    return _not_known(machine, value, site)


def _of_exception(machine: Machine, name: str, args: Anything, site: CallSite) -> Any:
    if not isinstance(args, tuple):
        return machine.unknown("the text of the exception isn't known", site)
    shown = represent(machine, args, site)
    if isinstance(shown, Unknown):
        return shown
    return f"{name}{shown[:-2] + ')' if len(args) == 1 else shown}"


def _of_container(machine: Machine, value: Any, site: CallSite) -> Any:
    """The text of a collection, made of those of its items."""
    if isinstance(value, set | frozenset) and len(value) > 1:
        return machine.unknown(RANDOM_ORDER, site, clock=True)
    if type(value) not in (list, tuple, dict) or weight(value) is not None:  # too much of plain data
        return _not_known(machine, value, site)
    items = [*value.keys(), *value.values()] if isinstance(value, dict) else list(value)
    if machine.depth > machine.limits.depth - 2 or any(item is value for item in items):
        return _not_known(machine, value, site)
    machine.step(len(items))
    machine.depth += 1
    try:
        texts = [represent(machine, item, site) for item in items]
    finally:
        machine.depth -= 1
    lost = next((text for text in texts if isinstance(text, Unknown)), None)
    if lost is not None:
        return machine.unknown(lost.why, site, clock=lost.clock)
    machine.check_text(sum(map(len, texts)))
    if isinstance(value, dict):
        pairs = zip(texts[: len(value)], texts[len(value) :], strict=True)
        return "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
    if isinstance(value, tuple):
        return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"
    return f"[{', '.join(texts)}]"


def format_value(machine: Machine, value: Anything, spec: str, site: CallSite) -> Any:
    """``format(value, spec)``, or why it isn't known."""
    if isinstance(value, Instance):
        result = call_method(machine, value, "__format__", [spec], site)
        if result is not NotImplemented:
            return result
        if isinstance(value, EnumMember):
            value = format_of(machine, value, spec, site)
        elif not spec:
            return to_text(machine, value, site)
        elif first_unknown([value]) is None and not value.cls.externals():
            raise PyRaise("TypeError", f"unsupported format string passed to {value.cls.name}.__format__")
    if not spec:
        return to_text(machine, value, site)
    if not is_plain(value):
        return _not_known(machine, value, site)
    from dagport.evaluate.methods import lookup as method

    native = method("", "format")
    return NotImplemented if native is None else native(machine, ["{:" + spec + "}", value], {}, site)
