"""``dateutil``: time zones, relative deltas, and the parsing of ISO dates."""

from __future__ import annotations

import calendar
import datetime
import zoneinfo
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, Model, Native, PyRaise, is_plain
from dagport.evaluate.library.support import all_plain, applied, bound, constant, lost, opaque, pure
from dagport.evaluate.library.zoneinfo import zone

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

RELATIVE = ("years", "months", "weeks", "days", "hours", "minutes", "seconds", "microseconds")
ABSOLUTE = ("year", "month", "day", "hour", "minute", "second", "microsecond")
LOCAL = "the local time zone is known only in the deployment"


class RelativeDelta(Model):
    """``relativedelta(...)`` with whole numbers, kept as it was given."""

    __slots__ = ("kwargs",)
    type_name = "dateutil.relativedelta.relativedelta"

    def __init__(self, kwargs: dict[str, int]) -> None:
        self.kwargs = kwargs

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """The parts; those that overflow into each other aren't modelled."""
        if name in ABSOLUTE:
            return self.kwargs.get(name)
        limits = {"months": 12, "hours": 24, "minutes": 60, "seconds": 60, "microseconds": 1_000_000}
        if name not in RELATIVE or any(abs(self.kwargs.get(part, 0)) >= limit for part, limit in limits.items()):
            return NotImplemented
        weeks = self.kwargs.get("weeks", 0)
        return weeks if name == "weeks" else self.kwargs.get(name, 0) + (7 * weeks if name == "days" else 0)

    def truth(self, machine: Machine) -> bool | None:
        """Whether it changes anything."""
        return any(self.kwargs.values()) or any(name in ABSOLUTE for name in self.kwargs)

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """``date + delta``, ``date - delta``, ``delta * n``."""
        if operator == "*" and isinstance(other, int) and not set(self.kwargs) & set(ABSOLUTE):
            return RelativeDelta({name: value * other for name, value in self.kwargs.items()})
        if isinstance(other, datetime.date) and (operator == "+" or (operator == "-" and reflected)):
            return applied(self.added_to, [other, -1 if operator == "-" else 1], {})
        return NotImplemented

    def added_to(self, moment: Any, sign: int) -> Any:
        """The date with the absolute parts set, then moved by the relative ones, the day kept inside its month."""
        part = {name: sign * value for name, value in self.kwargs.items() if name in RELATIVE}
        fixed = {name: value for name, value in self.kwargs.items() if name in ABSOLUTE}
        months = (fixed.get("year", moment.year) + part.get("years", 0)) * 12
        months += fixed.get("month", moment.month) - 1 + part.get("months", 0)
        year, month = divmod(months, 12)
        if not datetime.MINYEAR <= year <= datetime.MAXYEAR:
            raise ValueError(f"year {year} is out of range")
        day = min(calendar.monthrange(year, month + 1)[1], fixed.get("day", moment.day))
        moment = moment.replace(**{**fixed, "year": year, "month": month + 1, "day": day})
        step = {name: part.get(name, 0) for name in RELATIVE[2:]}
        return moment + datetime.timedelta(**step)


def _relative_delta(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if args or not all_plain(args, kwargs):
        return lost(machine, [*args, *kwargs.values()], site, "the difference of two dates isn't modelled")
    if not set(kwargs) <= {*RELATIVE, *ABSOLUTE} or not all(type(value) is int for value in kwargs.values()):
        return machine.unknown("these parts of a relative delta aren't modelled", site)
    return RelativeDelta(dict(kwargs))


def _gettz(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (name,) = bound(args, kwargs, name=None)
    if name is None:
        return machine.unknown(LOCAL, site)
    if not is_plain(name):
        return lost(machine, [name], site)
    try:
        return zone(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, TypeError):
        return machine.unknown("this time zone isn't known", site)


def _tzoffset(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    name, offset = bound(args, kwargs, "name", "offset")
    if not is_plain([name, offset]) or not isinstance(offset, int | float | datetime.timedelta):
        return lost(machine, [name, offset], site)
    step = offset if isinstance(offset, datetime.timedelta) else applied(datetime.timedelta, [0, offset], {})
    return applied(datetime.timezone, [step] if name is None else [step, name], {})


def _isoparse(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def _parse(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if len(args) != 1 or kwargs or not isinstance(args[0], str):
        return lost(machine, [*args, *kwargs.values()], site, "these options of the parser aren't modelled")
    try:
        if len(args[0]) >= len("2024-01-01") and args[0][4:5] == args[0][7:8] == "-":
            return datetime.datetime.fromisoformat(args[0])
    except ValueError as error:
        raise PyRaise("ValueError", str(error)) from None
    return machine.unknown("only dates in ISO 8601 are parsed", site)


FUNCTIONS: dict[str, Native] = {
    "dateutil.relativedelta.relativedelta": _relative_delta,
    "dateutil.tz.gettz": _gettz,
    "dateutil.tz.tzutc": constant(datetime.UTC),
    "dateutil.tz.tzlocal": opaque(LOCAL),
    "dateutil.tz.tzoffset": _tzoffset,
    "dateutil.parser.parse": _parse,
    "dateutil.parser.isoparse": pure(_isoparse),
}
CONSTANTS: dict[str, Anything] = {"dateutil.tz.UTC": datetime.UTC}
