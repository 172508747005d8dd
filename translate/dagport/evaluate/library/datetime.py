"""``datetime``: dates are the standard library's own objects."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, LimitHit, Native, PyRaise
from dagport.evaluate.library.support import clock, opaque, pure
from dagport.evaluate.methods import METHODS, unbound

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

LOCAL = "the local time zone is known only in the deployment"


def _from_timestamp(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if len(args) < 2 and kwargs.get("tz") is None:
        return machine.unknown(LOCAL, site)
    return pure(datetime.datetime.fromtimestamp)(machine, args, kwargs, site)


LONGEST_FORMAT = 200  # characters; Python makes a regular expression of it


def _strptime(text: str, form: str) -> datetime.datetime:
    try:
        return datetime.datetime.strptime(text, form)
    except re.error as error:  # a field that is named twice
        raise PyRaise("re.error", str(error)) from None


def short_format(machine: Machine, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    """The work of ``strptime`` is bounded for short texts only."""
    if any(isinstance(value, str) and len(value) > LONGEST_FORMAT for value in args):
        raise LimitHit("characters of a format of dates", LONGEST_FORMAT)


CLASSES: tuple[type, ...] = (
    datetime.datetime,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    datetime.timezone,
    datetime.tzinfo,
)
DATE = "fromisoformat fromisocalendar fromordinal"
FUNCTIONS: dict[str, Native] = {
    f"datetime.{cls.__name__}.{name}": native
    for cls in CLASSES
    for base in reversed(cls.__mro__)
    for name in METHODS.get(base, ())
    if (native := unbound(base, name)) is not None
} | {
    "datetime.datetime": pure(datetime.datetime),
    "datetime.date": pure(datetime.date),
    "datetime.time": pure(datetime.time),
    "datetime.timedelta": pure(datetime.timedelta),
    "datetime.timezone": pure(datetime.timezone),
    "datetime.tzinfo": opaque("time zones of the project aren't followed"),
    **{f"datetime.date.{name}": pure(getattr(datetime.date, name)) for name in DATE.split()},
    **{f"datetime.datetime.{name}": pure(getattr(datetime.datetime, name)) for name in DATE.split()},
    "datetime.datetime.combine": pure(datetime.datetime.combine),
    "datetime.datetime.strptime": pure(_strptime, short_format),
    "datetime.datetime.fromtimestamp": _from_timestamp,
    "datetime.datetime.utcfromtimestamp": pure(datetime.datetime.utcfromtimestamp),
    "datetime.date.fromtimestamp": opaque(LOCAL),
    "datetime.time.fromisoformat": pure(datetime.time.fromisoformat),
    "datetime.datetime.now": clock(),
    "datetime.datetime.today": clock(),
    "datetime.datetime.utcnow": clock(),
    "datetime.date.today": clock(),
}
CONSTANTS: dict[str, Anything] = {
    "datetime.UTC": datetime.UTC,
    "datetime.timezone.utc": datetime.UTC,
    "datetime.MINYEAR": datetime.MINYEAR,
    "datetime.MAXYEAR": datetime.MAXYEAR,
    **{
        f"datetime.{cls.__name__}.{name}": getattr(cls, name)
        for cls in CLASSES[:5]
        for name in ("min", "max", "resolution")
        if hasattr(cls, name)
    },
}
