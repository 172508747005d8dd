"""``pytz``: zones as the standard library's. ``localize`` is modelled, ``tzinfo=zone`` is refused.

A zone of pytz that is given as ``tzinfo=`` means its oldest local mean time, which surprises; so a zone is a model of
its own and a date made with one is unknown.
"""

from __future__ import annotations

import datetime
import zoneinfo
from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Model, Native, NativeFunction, PyRaise
from dagport.evaluate.library.support import bound, lost, opaque
from dagport.evaluate.library.zoneinfo import zone

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


class Zone(Model):
    """``pytz.timezone(name)``."""

    __slots__ = ("zone",)
    type_name = "pytz.tzinfo.DstTzInfo"

    def __init__(self, zone: zoneinfo.ZoneInfo) -> None:
        self.zone = zone

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``localize``, ``normalize`` and the name."""
        if name == "localize":
            return NativeFunction(name, self._localize)
        if name == "normalize":
            return NativeFunction(name, self._normalize)
        if name == "__str__":
            return NativeFunction(name, lambda *_: self.zone.key)
        return self.zone.key if name == "zone" else NotImplemented

    def _localize(
        self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
    ) -> Anything:
        moment, is_dst = bound(args, kwargs, "dt", is_dst=False)
        if not isinstance(moment, datetime.datetime):
            return lost(machine, [moment], site)
        if moment.tzinfo is not None:
            raise PyRaise("ValueError", "Not naive datetime (tzinfo is already set)")
        early, late = (moment.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        if early.utcoffset() != late.utcoffset() or is_dst is not False:
            return machine.unknown("the clock changes at that moment", site)
        return early

    def _normalize(
        self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
    ) -> Anything:
        (moment,) = bound(args, kwargs, "dt")
        if not isinstance(moment, datetime.datetime) or moment.tzinfo is None:
            return lost(machine, [moment], site, "the date has no time zone")
        return moment.astimezone(self.zone)


def _timezone(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (name,) = bound(args, kwargs, "zone")
    if not isinstance(name, str):
        return lost(machine, [name], site)
    if name.upper() == "UTC":
        return datetime.UTC
    try:
        return Zone(zone(name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return machine.unknown("this time zone isn't known", site)


FUNCTIONS: dict[str, Native] = {
    "pytz.timezone": _timezone,
    "pytz.FixedOffset": opaque("fixed offsets of pytz aren't modelled"),
}
CONSTANTS: dict[str, Anything] = {"pytz.utc": datetime.UTC, "pytz.UTC": datetime.UTC}
