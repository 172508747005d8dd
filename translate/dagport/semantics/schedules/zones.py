"""Time zones as Airflow handles them around the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from dagport.semantics.schedules.model import UnknownScheduleError


@lru_cache(maxsize=1024)
def zone(name: str | int) -> tzinfo:
    """A time zone by its IANA name, or by its offset in seconds (Airflow's ``parse_timezone``).

    Raises ``UnknownScheduleError`` when there is no such zone.
    """
    if isinstance(name, int):
        return timezone(timedelta(seconds=name))
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise UnknownScheduleError(f"there is no time zone {name!r}") from None


def is_iana(name: str) -> bool:
    """Whether a text is the name of a time zone in the IANA's list, in its spelling."""
    return name == "UTC" or name in _iana_names()


@cache
def _iana_names() -> frozenset[str]:
    """All of them: Python opens hundreds of files to find out."""
    return frozenset(available_timezones())


def on_the_clock(moment: datetime, tz: tzinfo) -> datetime:
    """What the clock shows: Airflow's ``make_naive``."""
    return moment.astimezone(tz).replace(tzinfo=None, fold=0)


def moment_of(clock: datetime, tz: tzinfo) -> datetime:
    """When the clock shows that: Airflow's ``make_aware``, then ``convert_to_utc``.

    A time that comes twice is the second one; one that is left out counts on from the last one before.
    """
    early, late = clock.replace(tzinfo=tz, fold=0), clock.replace(tzinfo=tz, fold=1)
    # Left out: with fold=0 the offset from before the change holds, which moves the clock forward.
    skipped = (late.utcoffset() or timedelta()) > (early.utcoffset() or timedelta())
    return (early if skipped else late).astimezone(UTC)
