"""Questions about a moment, with the rules of Airflow's branches on dates."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


def is_between(lower: str | None, upper: str | None, *, time_zone: str = "UTC", moment: datetime | None = None) -> bool:
    """Whether a moment, now by default, is between two bounds; `None` is no bound.

    A bound is a date with a time, or the time alone of the moment's own day in UTC, both as ISO 8601. One without an
    offset is meant in the time zone. An upper bound that is before the lower one is that of the next day.
    """
    moment = moment or datetime.now(ZoneInfo("UTC"))
    earliest, latest = _bound(lower, moment), _bound(upper, moment)
    fixed = lower is not None and upper is not None and not (_is_time(lower) or _is_time(upper))
    if earliest is not None and latest is not None and not fixed and latest < earliest:
        latest += timedelta(days=1)
    zone = ZoneInfo(time_zone)
    return not (
        (latest is not None and _aware(latest, zone) < moment)
        or (earliest is not None and _aware(earliest, zone) > moment)
    )


def is_weekday(names: Collection[str], *, time_zone: str = "UTC", moment: datetime | None = None) -> bool:
    """Whether a moment, or now in the time zone, is on one of the weekdays, which have their English names."""
    day = (moment or datetime.now(ZoneInfo(time_zone))).weekday()
    return WEEKDAYS[day] in {name.upper() for name in names}


def _is_time(text: str) -> bool:
    return "T" not in text and ":" in text[:3]


def _bound(text: str | None, moment: datetime) -> datetime | None:
    if text is None:
        return None
    if not _is_time(text):
        return datetime.fromisoformat(text)
    bound = time.fromisoformat(text)
    return datetime.combine(moment, bound, tzinfo=bound.tzinfo)


def _aware(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
