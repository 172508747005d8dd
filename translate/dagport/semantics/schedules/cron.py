"""Cron expressions as croniter reads them: the times of the clock, without a time zone.

Source: ``croniter._expand`` and ``croniter._calc`` (7.0.0), for a start without time zone, which is what Airflow
gives it. Only what every version of croniter reads alike is read here; the rest is refused with a reason.
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache

from dagport.semantics.schedules.model import UnknownScheduleError

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
MINUTE, HOUR, DAY, MONTH, WEEKDAY, SECOND, YEAR = range(7)
LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6), (0, 59), (1970, 2099))
NAMES: dict[int, dict[str, int]] = {MONTH: MONTHS, WEEKDAY: DAYS}
PART = re.compile(r"(?P<first>\*|\d+|[a-z]{3})(?:-(?P<last>\d+|[a-z]{3}))?(?:/(?P<step>\d+))?")
NTH = re.compile(r"(?:(?P<day>[0-7]|[a-z]{3})#(?P<nth>[1-5])|l(?P<last>[0-7]))")
LAST_DAY = -1
YEARS_AHEAD = 50  # croniter's `max_years_between_matches`


@dataclass(frozen=True)
class Cron:
    """An expression; a field that is ``None`` is croniter's ``*``."""

    text: str
    minutes: frozenset[int] | None
    hours: frozenset[int] | None
    days: frozenset[int] | None  # LAST_DAY: the last one of the month
    months: frozenset[int] | None
    weekdays: frozenset[int] | None  # from Sunday, which is 0
    nth: frozenset[tuple[int, int]]  # weekday and which one of the month; -1: the last
    seconds: frozenset[int] | None  # of an expression with six fields; {0} with five
    years: frozenset[int] | None
    unit: timedelta  # of the expression: a minute, or a second with six fields

    @property
    def every_hour(self) -> bool:
        """What Airflow's ``_covers_every_hour`` asks: whether the hour is ``*``."""
        return self.hours is None

    def after(self, moment: datetime) -> datetime:
        """The first time after a moment of the same clock.

        Raises ``UnknownScheduleError`` when there is none within 50 years, which is an error of croniter too.
        """
        first = (moment + self.unit).replace(microsecond=0)
        first = first if self.unit.seconds == 1 else first.replace(second=0)
        day, at = first.date(), _second(first)
        while (found := self._day(day, 1, moment)) is not None:
            index = bisect_left(self._times, at if found == first.date() else 0)
            if index < len(self._times):
                return datetime.combine(found, time()) + timedelta(seconds=self._times[index])
            day = found + timedelta(days=1)
        raise UnknownScheduleError(f"the cron expression {self.text!r} never fires")

    def before(self, moment: datetime) -> datetime:
        """The last time before a moment of the same clock. Raises as ``after`` does."""
        day, at = moment.date(), _second(moment) + (moment.microsecond > 0)
        while (found := self._day(day, -1, moment)) is not None:
            index = bisect_left(self._times, at if found == moment.date() else 86400) - 1
            if index >= 0:
                return datetime.combine(found, time()) + timedelta(seconds=self._times[index])
            day = found - timedelta(days=1)
        raise UnknownScheduleError(f"the cron expression {self.text!r} never fires")

    @cached_property
    def _times(self) -> list[int]:
        """The seconds of a day at which it fires."""
        hours, minutes = self.hours or range(24), self.minutes or range(60)
        seconds = range(60) if self.seconds is None else self.seconds
        return sorted(hour * 3600 + minute * 60 + second for hour in hours for minute in minutes for second in seconds)

    def _day(self, day: date, step: int, origin: datetime) -> date | None:
        """The next day from ``day`` on, in the direction of ``step``, on which it fires."""
        while abs(day.year - origin.year) <= YEARS_AHEAD:
            if self.months is not None and day.month not in self.months:
                day = _other_month(day, step)
            elif (self.years is None or day.year in self.years) and self._fires_on(day):
                return day
            else:
                day += timedelta(days=step)
        return None

    def _fires_on(self, day: date) -> bool:
        """Days of the month and weekdays: either will do when both are restricted (``croniter._calc_next``)."""
        if self.nth:
            return self._is_nth(day)
        if self.days is None and self.weekdays is None:
            return True
        in_month = self.days is not None and (
            day.day in self.days or (LAST_DAY in self.days and day.day == calendar.monthrange(day.year, day.month)[1])
        )
        return in_month or (self.weekdays is not None and day.isoweekday() % 7 in self.weekdays)

    def _is_nth(self, day: date) -> bool:
        weekday, length = day.isoweekday() % 7, calendar.monthrange(day.year, day.month)[1]
        last = day.day + 7 > length
        return (weekday, (day.day - 1) // 7 + 1) in self.nth or (last and (weekday, -1) in self.nth)


def _second(moment: datetime) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _other_month(day: date, step: int) -> date:
    first = day.replace(day=1)
    return (first + timedelta(days=31)).replace(day=1) if step > 0 else first - timedelta(days=1)


@lru_cache(maxsize=4096)
def parse(text: str) -> Cron:
    """Read an expression of five to seven fields, or a preset.

    Raises ``UnknownScheduleError`` for what croniter refuses, and for what its versions read in different ways.
    """
    fields = PRESETS.get(text, text).lower().split()
    if not 5 <= len(fields) <= 7:
        raise UnknownScheduleError(f"the cron expression {text!r} doesn't have 5, 6 or 7 fields")
    nth = _nth(fields, text)
    sets = [_field(field, index, text) for index, field in enumerate(fields)]
    _normalize(sets, fields)
    return Cron(
        text=" ".join(PRESETS.get(text, text).split()),
        minutes=sets[MINUTE],
        hours=sets[HOUR],
        days=sets[DAY],
        months=sets[MONTH],
        weekdays=sets[WEEKDAY],
        nth=nth,
        seconds=sets[SECOND] if len(fields) > SECOND else frozenset({0}),
        years=sets[YEAR] if len(fields) > YEAR else None,
        unit=timedelta(seconds=1 if len(fields) > SECOND else 60),
    )


def _nth(fields: list[str], text: str) -> frozenset[tuple[int, int]]:
    """Take the weekdays that are counted in their month, such as ``mon#2``, out of the fields."""
    matches = [NTH.fullmatch(part) for part in fields[WEEKDAY].split(",")]
    if not any(matches):
        return frozenset()
    if not all(matches) or fields[DAY] not in ("*", "?"):
        raise UnknownScheduleError(f"{fields[WEEKDAY]!r} in the cron expression {text!r} isn't a form that is followed")
    found = set()
    for match in matches:
        day = match["day"] or match["last"] if match else ""
        number = DAYS.get(day, int(day) % 7 if day.isdigit() else -1)
        found.add((number, int(match["nth"]) if match and match["nth"] else -1))
    fields[WEEKDAY] = "*"
    return frozenset(found)


def _normalize(sets: list[frozenset[int] | None], fields: list[str]) -> None:
    """A field that has every value is ``*``; of the two fields of days only beside another ``*`` (``_expand``)."""
    beside = {DAY: WEEKDAY, WEEKDAY: DAY}
    for index, values in enumerate(sets):
        low, high = LIMITS[index]
        if (
            values is not None
            and len(values) == high - low + 1
            and "*" in fields[beside.get(index, index)] + "*" * (index not in beside)
        ):
            sets[index] = None


def _field(field: str, index: int, text: str) -> frozenset[int] | None:
    if field == "*" or (field == "?" and index in (DAY, WEEKDAY)):
        return None
    values: set[int] = set()
    for part in field.split(","):
        if part == "l" and index == DAY:
            values.add(LAST_DAY)
            continue
        found = _part(part, index)
        if not found:
            raise UnknownScheduleError(f"{part!r} in the cron expression {text!r} isn't a form that is followed")
        values.update(found)
    return frozenset(values)


def _part(part: str, index: int) -> list[int]:
    """The values of a part; none where croniter refuses it, or its versions differ (ranges that run backwards)."""
    match = PART.fullmatch(part)
    low, high = LIMITS[index]
    names, step = NAMES.get(index, {}), int(match["step"] or 1) if match else 0
    if match is None or step == 0:
        return []
    if match["first"] == "*":
        return list(range(low, high + 1, step)) if match["last"] is None and match["step"] else []
    first = _number(match["first"], names)
    if match["last"] is None:
        return _from(first, high, match["step"], index)
    last = _number(match["last"], names)
    sunday = index == WEEKDAY and last == 7 and match["step"] is None
    if not low <= first < last <= high + sunday:
        return []
    return [value % 7 if index == WEEKDAY else value for value in range(first, last + 1, step)]


def _from(first: int, high: int, step: str | None, index: int) -> list[int]:
    """A number alone, or from a number on."""
    if step is None and index == WEEKDAY and first == 7:
        return [0]
    if not LIMITS[index][0] <= first <= high or (step is not None and first == high):
        return []
    return [first] if step is None else list(range(first, high + 1, int(step)))


def _number(text: str, names: dict[str, int]) -> int:
    return int(text) if text.isdigit() else names.get(text, -1)
