"""``calendar``."""

from __future__ import annotations

import calendar

from dagport.evaluate.domain import Anything, Native
from dagport.evaluate.library.support import opaque, pure

FUNCTIONS: dict[str, Native] = {
    **{
        f"calendar.{name}": pure(getattr(calendar, name))
        for name in ("isleap", "leapdays", "monthrange", "weekday", "timegm")
    },
    "calendar.month_name.__getitem__": opaque("names of months depend on the locale"),
}
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
CONSTANTS: dict[str, Anything] = {f"calendar.{name}": index for index, name in enumerate(DAYS)}
