"""Dates of DAGs: ISO texts with an offset, time zones by name."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

from dagport.evaluate.domain import Anything, Unknown


class DateDoubt(Exception):  # noqa: N818 - carries the reason of a doubt, not an error
    """The date can't be determined."""


def to_iso(value: Anything) -> str | None:
    """ISO 8601 with offset; a naive date is in UTC, the default of ``[core] default_timezone``.

    Raises ``DateDoubt`` with the reason when the date isn't known.
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, datetime.datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=datetime.UTC)
        return aware.isoformat()
    raise DateDoubt(value.why if isinstance(value, Unknown) else "it isn't a date and time")


def _parsed(text: str) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        raise DateDoubt(f"the text {text!r} isn't an ISO date") from None


def zone_of(value: Any) -> str | None:
    """The IANA name of a date's time zone; ``None`` where it is naive, or a plain offset."""
    zone = value.tzinfo if isinstance(value, datetime.datetime) else None
    if isinstance(zone, zoneinfo.ZoneInfo):
        return zone.key
    if zone is not None and zone.utcoffset(None) == datetime.timedelta(0):
        return "UTC"
    return None
