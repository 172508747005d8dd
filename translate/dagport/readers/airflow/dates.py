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
    if isinstance(value, str | datetime.datetime):
        return aware(value).isoformat()
    raise DateDoubt(value.why if isinstance(value, Unknown) else "it isn't a date and time")


def aware(value: str | datetime.datetime) -> datetime.datetime:
    """A date with its zone; UTC, the default of ``[core] default_timezone``, where it has none.

    Raises ``DateDoubt`` when a text isn't an ISO date.
    """
    date = _parsed(value) if isinstance(value, str) else value
    return date if date.tzinfo is not None else date.replace(tzinfo=datetime.UTC)


def _parsed(text: str) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        raise DateDoubt(f"the text {text!r} isn't an ISO date") from None


def zone_of(value: Any) -> str | None:
    """The IANA name of a date's time zone; ``None`` where it is naive or not known.

    Raises ``DateDoubt`` for a plain offset, which the graph has no name for.
    """
    if isinstance(value, str):
        value = _parsed(value)
    zone = value.tzinfo if isinstance(value, datetime.datetime) else None
    if isinstance(zone, zoneinfo.ZoneInfo):
        return zone.key
    if zone is None:
        return None
    if zone.utcoffset(None) == datetime.timedelta(0):
        return "UTC"
    raise DateDoubt("it is a plain offset, which has no name among the IANA time zones")
