"""``zoneinfo``."""

from __future__ import annotations

import zoneinfo

from dagport.evaluate.domain import Native
from dagport.evaluate.library.support import opaque, pure

FUNCTIONS: dict[str, Native] = {
    "zoneinfo.ZoneInfo": pure(zoneinfo.ZoneInfo),
    "zoneinfo.available_timezones": opaque("the time zones that are installed are known only in the deployment"),
}
