"""``pendulum``."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, Native
from dagport.evaluate.library.pendulum_types import UTC, Date, DateTime, Duration, Timezone, timezone, zone
from dagport.evaluate.library.support import all_plain, bound, clock, lost, opaque, pure
from dagport.evaluate.methods import ATTRIBUTES, METHODS

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

LOCAL = "the local time zone is known only in the deployment"
NOT_MODELLED = opaque("this part of pendulum isn't modelled")
ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:\d\d)?)?")


def _zoned(native: Native) -> Native:
    """A function with a ``tz=`` that may mean the local zone."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if "local" in [value for value in (*args, kwargs.get("tz")) if isinstance(value, str)]:
            return machine.unknown(LOCAL, site)
        return native(machine, args, kwargs, site)

    return run


def _timezone(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return pure(timezone)(machine, args, kwargs, site)


def _parse(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    text, tz = (args[0] if args else None), kwargs.get("tz", UTC)
    if not all_plain(args, kwargs):
        return lost(machine, [*args, *kwargs.values()], site)
    match = ISO.fullmatch(text) if isinstance(text, str) else None
    if match is None or set(kwargs) - {"tz"}:
        return machine.unknown("only plain ISO 8601 texts are parsed", site)
    *numbers, fraction, offset = match.groups()
    parts = [int(number or 0) for number in numbers]
    return pure(DateTime.create)(
        machine, [*parts, int((fraction or "0").ljust(6, "0"))], {"tz": _offset(offset) if offset else tz}, site
    )


def _offset(text: str) -> Any:
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * (int(text[1:3]) * 3600 + int(text[4:6]) * 60))


def _from_timestamp(timestamp: float, tz: Any = UTC) -> DateTime:
    moment = datetime.datetime.fromtimestamp(timestamp, tz=UTC)
    return DateTime.of(moment).in_timezone(zone(tz))


def _instance(value: Any, tz: Any = UTC) -> Any:
    if isinstance(value, DateTime | Date | datetime.time):
        return value
    if isinstance(value, datetime.datetime):
        return DateTime.instance(value, tz)
    return Date(value.year, value.month, value.day)


def _duration(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    names = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks", "years", "months")
    values = bound(args, kwargs, **dict.fromkeys(names, 0))
    if not all_plain(values, {}):
        return lost(machine, values, site)
    if values[7] or values[8]:
        return machine.unknown("years and months have no fixed length", site)
    parts = {name: value for name, value in zip(names, values, strict=True) if value}
    return pure(Duration.of)(machine, [], parts, site)


def _naive(*args: Any, **kwargs: Any) -> DateTime:
    return DateTime(*args, **{"fold": 1, **kwargs})


# Formatting, English only

MONTHS = "January February March April May June July August September October November December"
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
TOKEN = re.compile(
    r"\[([^\[]*)\]|\\(.)|(Mo|MM?M?M?|Do|DDDo|DD?D?D?|ddd?d?|do?|eo?|E{1,4}|w[o|w]?|W[o|W]?|Qo?|YYYY|YY|Y"
    r"|gg(?:ggg?)?|GG(?:GGG?)?|a|A|hh?|HH?|kk?|mm?|ss?|S{1,9}|x|X|zz?|ZZ?|LTS|LT|LL?L?L?)"
)


def _tokens(moment: DateTime) -> dict[str, str]:
    hour = moment.hour % 12 or 12
    month, day = MONTHS.split()[moment.month - 1], DAYS.split()[moment.weekday()]
    fraction = f"{moment.microsecond:06d}"
    return {
        "YYYY": f"{moment.year}", "YY": f"{moment.year}"[2:], "Y": f"{moment.year}",
        "MMMM": month, "MMM": month[:3], "MM": f"{moment.month:02d}", "M": f"{moment.month}",
        "DDDD": f"{moment.day_of_year:03d}", "DDD": f"{moment.day_of_year}",
        "DD": f"{moment.day:02d}", "D": f"{moment.day}", "dddd": day, "ddd": day[:3],
        "HH": f"{moment.hour:02d}", "H": f"{moment.hour}", "hh": f"{hour:02d}", "h": f"{hour}",
        "mm": f"{moment.minute:02d}", "m": f"{moment.minute}", "ss": f"{moment.second:02d}", "s": f"{moment.second}",
        **{"S" * count: fraction[:count] for count in range(1, 7)},
        "A": "AM" if moment.hour < 12 else "PM", "Q": f"{moment.quarter}",
    }  # fmt: skip


def _format(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    moment, form, locale = bound(args, kwargs, "self", "fmt", locale=None)
    if not isinstance(form, str) or locale not in (None, "en"):
        return lost(machine, [form, locale], site, "formats of other languages aren't modelled")
    tokens, missing = _tokens(moment), []

    def shown(match: re.Match[str]) -> str:
        quoted, escaped, token = match.groups()
        if token is None:
            return str(quoted if quoted is not None else escaped)
        if token not in tokens:
            missing.append(token)
        return tokens.get(token, "")

    text = TOKEN.sub(shown, form)
    machine.check_text(len(text))
    return machine.unknown(f"the format `{missing[0]}` of pendulum isn't modelled", site) if missing else text


NOW = "now today yesterday tomorrow DateTime.now DateTime.today DateTime.utcnow Date.today"
OWN = (
    "add subtract set on at naive start_of end_of to_date_string to_time_string to_datetime_string "
    "to_iso8601_string is_utc date time replace"
)
ZONED = "in_timezone set"
UNMODELLED = (
    "diff diff_for_humans next previous first_of last_of nth_of average closest farthest is_dst is_local is_long_year "
    "is_same_day is_anniversary is_birthday to_atom_string to_cookie_string to_rfc822_string to_rfc850_string "
    "to_rfc1036_string to_rfc1123_string to_rfc2822_string to_rfc3339_string to_rss_string to_w3c_string "
    "to_day_datetime_string to_formatted_date_string get_offset"
)
METHODS[DateTime] = {
    **dict.fromkeys(UNMODELLED.split(), NOT_MODELLED),
    **{name: clock() for name in ("is_future", "is_past")},
    **{name: _zoned(pure(getattr(DateTime, name))) for name in f"{OWN} {ZONED}".split()},
    "in_tz": _zoned(pure(DateTime.in_timezone)),
    "format": _format,
}
METHODS[Date] = {
    **dict.fromkeys(f"{UNMODELLED} start_of end_of set format".split(), NOT_MODELLED),
    **{name: pure(getattr(Date, name)) for name in ("add", "subtract", "to_date_string")},
}
METHODS[Duration] = dict.fromkeys(("total_days", "in_words", "as_timedelta"), NOT_MODELLED)
METHODS[Timezone] = dict.fromkeys(("convert", "datetime"), NOT_MODELLED)
ATTRIBUTES[DateTime] = frozenset(
    {
        "timezone",
        "tz",
        "timezone_name",
        "offset",
        "int_timestamp",
        "day_of_year",
        "week_of_year",
        "days_in_month",
        "quarter",
    }
)
ATTRIBUTES[Timezone] = frozenset({"name"})

_datetime = _zoned(pure(DateTime.create))


def _plain_datetime(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``pendulum.DateTime(...)``: what Airflow takes a naive one for isn't the UTC that it takes others for."""
    if len(args) < 8 and "tzinfo" not in kwargs:
        return machine.unknown("a pendulum.DateTime without a time zone isn't followed", site)
    return pure(DateTime)(machine, args, kwargs, site)


FUNCTIONS: dict[str, Native] = {
    "pendulum.datetime": _datetime,
    "pendulum.DateTime": _plain_datetime,
    "pendulum.DateTime.create": _datetime,
    "pendulum.DateTime.instance": _zoned(pure(_instance)),
    "pendulum.create": _datetime,
    "pendulum.naive": pure(_naive),
    "pendulum.date": pure(Date),
    "pendulum.Date": pure(Date),
    "pendulum.time": pure(datetime.time),
    "pendulum.Time": pure(datetime.time),
    "pendulum.duration": _duration,
    "pendulum.Duration": _duration,
    "pendulum.timezone": _timezone,
    "pendulum.Timezone": _timezone,
    "pendulum.tz.timezone": _timezone,
    "pendulum.tz.timezone.Timezone": _timezone,
    "pendulum.tz.Timezone": _timezone,
    "pendulum.parse": _zoned(_parse),
    "pendulum.instance": _zoned(pure(_instance)),
    "pendulum.from_timestamp": _zoned(pure(_from_timestamp)),
    "pendulum.from_format": NOT_MODELLED,
    "pendulum.interval": NOT_MODELLED,
    "pendulum.period": NOT_MODELLED,
    "pendulum.local": opaque(LOCAL),
    "pendulum.local_timezone": opaque(LOCAL),
    "pendulum.tz.local_timezone": opaque(LOCAL),
    **{f"pendulum.{name}": clock() for name in NOW.split()},
}
CONSTANTS: dict[str, Anything] = {
    "pendulum.UTC": UTC,
    "pendulum.tz.UTC": UTC,
    "pendulum.tz.timezone.UTC": UTC,
}
