"""Methods of dates, times, durations and time zones of the standard library."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Native
from dagport.evaluate.library.support import all_plain, applied, bound, lost, pure

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

LOCAL = "the local time zone is known only in the deployment"
DATE = "ctime isocalendar isoformat isoweekday replace strftime timetuple toordinal weekday"
DATETIME = "date isoformat dst replace time timetz tzname utcoffset utctimetuple"
TIME = "dst isoformat replace strftime tzname utcoffset"


def _in_local_zone(value: datetime.datetime) -> bool:
    return value.tzinfo is None or value.utcoffset() is None


def _timestamp(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (moment,) = bound(args, kwargs, "self")
    return machine.unknown(LOCAL, site) if _in_local_zone(moment) else moment.timestamp()


def _astimezone(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if not all_plain(args, kwargs):
        return lost(machine, [*args, *kwargs.values()], site)
    zone = args[1] if len(args) > 1 else kwargs.get("tz")
    if zone is None or _in_local_zone(args[0]):
        return machine.unknown(LOCAL, site)
    return applied(args[0].astimezone, [zone], {})


def _all_pure(cls: type, names: str) -> dict[str, Native]:
    return {name: pure(getattr(cls, name)) for name in names.split()}


METHODS: dict[type, dict[str, Native]] = {
    datetime.date: _all_pure(datetime.date, DATE),
    datetime.datetime: {
        **_all_pure(datetime.datetime, DATETIME),
        "timestamp": _timestamp,
        "astimezone": _astimezone,
    },
    datetime.time: _all_pure(datetime.time, TIME),
    datetime.timedelta: _all_pure(datetime.timedelta, "total_seconds"),
    datetime.tzinfo: _all_pure(datetime.tzinfo, "dst fromutc tzname utcoffset"),
    datetime.timezone: _all_pure(datetime.timezone, "dst fromutc tzname utcoffset"),
    zoneinfo.ZoneInfo: _all_pure(zoneinfo.ZoneInfo, "dst fromutc tzname utcoffset"),
}
ATTRIBUTES: dict[type, frozenset[str]] = {
    datetime.date: frozenset({"year", "month", "day", "min", "max", "resolution"}),
    datetime.datetime: frozenset(
        {"hour", "minute", "second", "microsecond", "tzinfo", "fold", "min", "max", "resolution"}
    ),
    datetime.time: frozenset({"hour", "minute", "second", "microsecond", "tzinfo", "fold", "min", "max", "resolution"}),
    datetime.timedelta: frozenset({"days", "seconds", "microseconds", "min", "max", "resolution"}),
    zoneinfo.ZoneInfo: frozenset({"key"}),
    type(datetime.date(2000, 1, 1).isocalendar()): frozenset({"year", "week", "weekday"}),
}
