"""Dates and durations that a YAML file gives as text.

Source: ``dagfactory.utils.get_datetime`` and ``get_time_delta``.
"""

from __future__ import annotations

import datetime
import re

from dagport.evaluate.domain import Anything, CallSite, PyRaise, Unknown
from dagport.evaluate.machine import Machine
from dagport.readers.airflow.dag_factory.imports import refuse

RELATIVE = re.compile(
    r"((?P<hours>\d+?)\s+hour)?((?P<minutes>\d+?)\s+minute)?((?P<seconds>\d+?)\s+second)?((?P<days>\d+?)\s+day)?",
    re.IGNORECASE,
)
RELATIVE_LENGTH = 100
DATE_START = re.compile(r"\s*[\dPpTt]")  # what pendulum may read as a date


def get_datetime(machine: Machine, value: Anything, timezone: Anything, site: CallSite) -> Anything:
    """The date in that time zone; a relative one depends on the clock."""
    zone = machine.call(machine.external("pendulum.timezone"), [timezone], {}, site)
    lost = next((item for item in (value, zone) if isinstance(item, Unknown)), None)
    if lost is not None:
        return lost
    if not isinstance(zone, datetime.tzinfo):
        return machine.unknown("what the time zone is isn't followed", site)
    if isinstance(value, datetime.datetime):
        return _wall(value, zone)
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day, tzinfo=zone)
    if not isinstance(value, str):
        raise refuse("TypeError", f"a date can't be made from {type(value).__name__}", site)
    return _from_text(machine, value, zone, site)


def _wall(moment: datetime.datetime, zone: datetime.tzinfo) -> datetime.datetime:
    """The same reading of the clock in another zone."""
    clock = moment.hour, moment.minute, moment.second, moment.microsecond
    return datetime.datetime(moment.year, moment.month, moment.day, *clock, tzinfo=zone, fold=moment.fold)


def _from_text(machine: Machine, text: str, zone: datetime.tzinfo, site: CallSite) -> Anything:
    parsed = machine.call(machine.external("pendulum.parse"), [text], {}, site)
    if isinstance(parsed, datetime.datetime):
        return _wall(parsed, zone)
    if _relative(text) is not None:
        return machine.unknown(f"{text!r} counts from the day that the file is loaded on", site, clock=True)
    if not DATE_START.match(text):
        raise refuse("dagfactory.exceptions.DagFactoryException", f"Invalid relative time: {text}", site)
    return machine.unknown("only plain ISO 8601 texts are read as dates", site)


def _relative(text: str) -> datetime.timedelta | None:
    match = RELATIVE.match(text[:RELATIVE_LENGTH])
    parts = {unit: int(number) for unit, number in (match.groupdict() if match else {}).items() if number}
    try:
        return datetime.timedelta(**parts) if parts else None
    except OverflowError as error:
        raise PyRaise("OverflowError", str(error)) from None


def get_time_delta(text: Anything, site: CallSite) -> Anything:
    """A duration such as ``2 days``."""
    if isinstance(text, Unknown):
        return text
    if not isinstance(text, str):
        raise refuse("TypeError", f"expected string or bytes-like object, got '{type(text).__name__}'", site)
    found = _relative(text)
    if found is None:
        raise refuse("dagfactory.exceptions.DagFactoryException", f"Invalid relative time: {text}", site)
    return found
