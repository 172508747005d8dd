"""``dataclasses``: the classes themselves are in ``evaluate.records``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Instance, Native, NativeFunction, UserClass
from dagport.evaluate.library.support import bound, lost, opaque
from dagport.evaluate.records import MISSING, Field, as_dict, as_tuple, is_record, make_record, record_fields, replaced

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

NOT_A_RECORD = "what it is given isn't a data class of the project"


def _dataclass(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``@dataclass`` and ``@dataclass(...)``."""
    if args and isinstance(args[0], UserClass):
        make_record(machine, args[0], kwargs, site)
        return args[0]
    if args and args[0] is not None:
        return lost(machine, args, site, NOT_A_RECORD)

    def decorate(machine: Machine, inner: list[Anything], _: dict[str, Anything], inner_site: CallSite) -> Anything:
        return _dataclass(machine, inner, kwargs, inner_site)

    return NativeFunction("dataclass", decorate)


def _field(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    options = {name: value for name, value in kwargs.items() if name not in ("default", "default_factory")}
    return Field(kwargs.get("default", NotImplemented), kwargs.get("default_factory", NotImplemented), options)


def _asdict(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    value, factory = bound(args, kwargs, "obj", dict_factory=None)
    if not isinstance(value, Instance) or not is_record(value.cls):
        return lost(machine, [value], site, NOT_A_RECORD)
    return as_dict(machine, value, factory, site)


def _astuple(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    value, factory = bound(args, kwargs, "obj", tuple_factory=None)
    if not isinstance(value, Instance) or not is_record(value.cls) or factory is not None:
        return lost(machine, [value], site, NOT_A_RECORD)
    return as_tuple(machine, value, site)


def _replace(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if not args or not isinstance(args[0], Instance) or not is_record(args[0].cls) or "**" in kwargs:
        return lost(machine, [*args, *kwargs.values()], site, NOT_A_RECORD)
    return replaced(machine, args[0], kwargs, site)


def _fields(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (value,) = bound(args, kwargs, "class_or_instance")
    cls = value.cls if isinstance(value, Instance) else value
    return tuple(record_fields(cls)) if is_record(cls) else lost(machine, [value], site, NOT_A_RECORD)


def _is_dataclass(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (value,) = bound(args, kwargs, "obj")
    if isinstance(value, Instance | UserClass):
        return is_record(value.cls if isinstance(value, Instance) else value)
    return False if isinstance(value, int | str | list | dict | type(None)) else lost(machine, [value], site)


FUNCTIONS: dict[str, Native] = {
    "dataclasses.dataclass": _dataclass,
    "dataclasses.field": _field,
    "dataclasses.asdict": _asdict,
    "dataclasses.astuple": _astuple,
    "dataclasses.replace": _replace,
    "dataclasses.fields": _fields,
    "dataclasses.is_dataclass": _is_dataclass,
    "dataclasses.make_dataclass": opaque("a class made by make_dataclass() isn't followed"),
}
CONSTANTS: dict[str, Anything] = {"dataclasses.MISSING": MISSING}
