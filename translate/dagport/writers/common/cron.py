"""Which cron expressions mean the same to Airflow, to Dagster and to Prefect.

All read five fields with croniter's rules; Dagster refuses what never fires, and each reads extensions of
its own (``L``, ``#``, ``?``, ``H``, ``R``), so only the common core is carried over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
NAMES: tuple[dict[str, int], ...] = (
    {},
    {},
    {},
    {name: number for number, name in enumerate(MONTHS, 1)},
    {name: number for number, name in enumerate(DAYS)},
)
PART = re.compile(r"^(\*|[0-9a-z]+)(?:-([0-9a-z]+))?(?:/([0-9]+))?$")
LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression of the common core, field by field; ``None`` for a field that is ``*``."""

    text: str
    minutes: frozenset[int] | None
    hours: frozenset[int] | None
    days: frozenset[int] | None
    months: frozenset[int] | None
    weekdays: frozenset[int] | None  # 0 to 6, from Sunday

    @property
    def daily_at(self) -> tuple[int, int] | None:
        """Hour and minute when it fires once on every day."""
        if self.days is not None or self.months is not None or self.weekdays is not None:
            return None
        if self.minutes is None or self.hours is None or len(self.minutes) != 1 or len(self.hours) != 1:
            return None
        return min(self.hours), min(self.minutes)

    @property
    def hourly_at(self) -> int | None:
        """Minute when it fires once in every hour."""
        rest = (self.hours, self.days, self.months, self.weekdays)
        if any(field is not None for field in rest) or self.minutes is None or len(self.minutes) != 1:
            return None
        return min(self.minutes)

    @property
    def once_a_day_at_most(self) -> bool:
        """Whether a date alone says which time is meant."""
        one = self.minutes is not None and len(self.minutes) == 1
        return one and self.hours is not None and len(self.hours) == 1


def parse_cron(text: str) -> Cron | None:
    """The expression, or ``None`` when engines may not read it the same or it never fires."""
    fields = text.lower().split()
    if len(fields) != 5:
        return None
    sets: list[frozenset[int] | None] = []
    for field, limits, names in zip(fields, LIMITS, NAMES, strict=True):
        values = _field(field, limits, names)
        if values is not None and not values:
            return None
        sets.append(values)
    minutes, hours, days, months, weekdays = sets
    if weekdays is not None:
        weekdays = frozenset(day % 7 for day in weekdays)
    if (
        days is not None
        and weekdays is None
        and min(days) > max(LONGEST[month - 1] for month in months or range(1, 13))
    ):
        return None
    return Cron(" ".join(text.split()), minutes, hours, days, months, weekdays)


def _field(field: str, limits: tuple[int, int], names: dict[str, int]) -> frozenset[int] | None:
    """The values of a field; ``None`` for ``*``, the empty set for what isn't of the common core."""
    if field == "*":
        return None
    found: set[int] = set()
    for part in field.split(","):
        match = PART.match(part)
        values = match and _values(*match.groups(), limits=limits, names=names)
        if not values:
            return frozenset()
        found.update(values)
    return frozenset(found)


def _values(
    start: str, end: str | None, step: str | None, *, limits: tuple[int, int], names: dict[str, int]
) -> range | None:
    low, high = limits
    if start == "*":
        first, last = low, (6 if limits == LIMITS[4] else high)
        if end is not None:
            return None
    elif step is not None and end is None and limits == LIMITS[4]:
        return None  # whether Sunday is the first or the last day is read differently
    else:
        first = _number(start, names)
        last = _number(end, names) if end is not None else (first if step is None else high)
    if not low <= first <= last <= high or (step is not None and not 0 < int(step) <= high - low + 1):
        return None
    return range(first, last + 1, int(step or 1))


def _number(text: str, names: dict[str, int]) -> int:
    return int(text) if text.isdigit() else names.get(text, -1)
