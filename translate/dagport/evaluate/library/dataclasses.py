"""``dataclasses``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Instance, Native, NativeFunction, UserClass

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


def _dataclass(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``@dataclass`` and ``@dataclass(...)``."""
    from dagport.evaluate.classes import DATACLASS_MARK

    if args and isinstance(args[0], UserClass):
        args[0].members[DATACLASS_MARK] = kwargs
        return args[0]

    def decorate(machine: Machine, inner: list[Anything], _: dict[str, Anything], inner_site: CallSite) -> Anything:
        return _dataclass(machine, inner, kwargs, inner_site) if inner and isinstance(inner[0], UserClass) else inner[0]

    return NativeFunction("dataclass", decorate)


def _field(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.classes import FieldDefault

    init = machine.truth(kwargs.get("init", True))
    return FieldDefault(
        kwargs.get("default", NotImplemented), kwargs.get("default_factory", NotImplemented), init is not False
    )


def _asdict(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.classes import dataclass_fields

    if not args or not isinstance(args[0], Instance):
        return machine.unknown("what asdict() is given isn't a data class of this file", site)
    return {name: _plain(machine, args[0].fields[name], site) for name, _ in dataclass_fields(args[0].cls)}


def _plain(machine: Machine, value: Anything, site: CallSite) -> Anything:
    if isinstance(value, Instance):
        return _asdict(machine, [value], {}, site)
    if isinstance(value, list | tuple):
        return type(value)(_plain(machine, item, site) for item in value)
    if isinstance(value, dict):
        return {key: _plain(machine, item, site) for key, item in value.items()}
    return value


def _replace(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.classes import dataclass_fields

    if not args or not isinstance(args[0], Instance):
        return machine.unknown("what replace() is given isn't a data class of this file", site)
    values = {name: args[0].fields[name] for name, _ in dataclass_fields(args[0].cls)}
    return machine.call(args[0].cls, [], {**values, **kwargs}, site)


def _fields(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return machine.unknown("the fields of a data class aren't modelled as objects", site)


FUNCTIONS: dict[str, Native] = {
    "dataclasses.dataclass": _dataclass,
    "dataclasses.field": _field,
    "dataclasses.asdict": _asdict,
    "dataclasses.replace": _replace,
    "dataclasses.fields": _fields,
}
