"""Lengths of time and time zones as source."""

from __future__ import annotations

from datetime import UTC, timedelta, tzinfo
from zoneinfo import ZoneInfo

UNITS = ((86400, "days"), (3600, "hours"), (60, "minutes"))


def delta_text(delta: timedelta) -> str:
    """The source of a length of time, in its largest unit."""
    seconds = delta.total_seconds()
    for length, unit in UNITS:
        if seconds and seconds % length == 0:
            return f"timedelta({unit}={int(seconds // length)})"
    return f"timedelta(seconds={seconds!r})" if seconds % 1 else f"timedelta(seconds={int(seconds)})"


def zone_name(tz: tzinfo) -> str | None:
    """The IANA name of a zone; ``None`` for an offset."""
    return "UTC" if tz is UTC else tz.key if isinstance(tz, ZoneInfo) else None
