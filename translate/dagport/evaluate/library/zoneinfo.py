"""``zoneinfo``."""

from __future__ import annotations

import zoneinfo

from dagport.evaluate.domain import Native
from dagport.evaluate.library.support import opaque, pure


def zone(key: str) -> zoneinfo.ZoneInfo:
    """A zone by its IANA name. Raises ``ZoneInfoNotFoundError``, also for a folder of the database (``Europe``)."""
    try:
        return zoneinfo.ZoneInfo(key)
    except OSError:
        raise zoneinfo.ZoneInfoNotFoundError(f"No time zone found with key {key}") from None


FUNCTIONS: dict[str, Native] = {
    "zoneinfo.ZoneInfo": pure(zone),
    "zoneinfo.available_timezones": opaque("the time zones that are installed are known only in the deployment"),
}
