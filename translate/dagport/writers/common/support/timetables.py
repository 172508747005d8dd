"""When the runs of a schedule start, and for which logical date and data interval: Airflow's timetables.

Each has ``next``: the run after the one with the data interval ``last``, as a scheduler plans it that looks at the
moment ``now``. Without ``catchup`` a run that was missed is left out. All moments are in UTC.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

UTC = timezone.utc  # noqa: UP017 - Python 3.10 has no other
NOTHING = timedelta()


class Run(NamedTuple):
    """A run that is due at a moment."""

    at: datetime
    logical_date: datetime
    end: datetime  # of its data interval, which starts at the logical date


class Bounds(NamedTuple):
    """The first and the last moment of a schedule, and whether missed runs are made up for."""

    start: datetime | None = None
    end: datetime | None = None
    catchup: bool = False

    def run(self, at: datetime, logical_date: datetime, end: datetime, decisive: datetime) -> Run | None:
        """A run, unless ``decisive`` is after the last moment."""
        return None if self.end is not None and decisive > self.end else Run(at, logical_date, end)


Interval = tuple[datetime, datetime]


class Timetable(Protocol):
    """A rule by which runs start."""

    def next(self, last: Interval | None, bounds: Bounds, now: datetime) -> Run | None:
        """The run after the one with the data interval ``last``; ``None`` when there is none."""


class CronTrigger:
    """A run whenever one of some cron expressions fires; its logical date is ``interval`` before.

    The clock is the one of ``timezone``. A time that comes twice when clocks go back is the second one; one that is
    left out
    when they go forward comes as much later. An expression for every hour (``0 * * * *``) goes by the time that passes.
    """

    def __init__(self, *crons: str, timezone: str = "UTC", interval: timedelta = NOTHING) -> None:
        self.clocks = [Clock(cron, timezone) for cron in crons]
        self.interval = interval

    def next(self, last: Interval | None, bounds: Bounds, now: datetime) -> Run | None:
        """See ``Timetable``."""
        runs = [run for clock in self.clocks if (run := self._next(clock, last, bounds, now)) is not None]
        if bounds.catchup:
            return min(runs, key=lambda run: run.logical_date, default=None)
        # Of those that are due the latest one, else the one that comes first.
        return min(runs, key=lambda run: _order(run.logical_date, now), default=None)

    def _next(self, clock: Clock, last: Interval | None, bounds: Bounds, now: datetime) -> Run | None:
        moments = [] if bounds.catchup else [clock.at_or_before(now)]
        if last is not None:
            moments.append(clock.after(last[1]))
        elif bounds.start is None:
            moments.append(clock.first(now))
        if bounds.start is not None and not (bounds.catchup and last is not None):
            moments.append(clock.at_or_after(bounds.start))
        at = max(moments)
        return bounds.run(at, at - self.interval, at, at)


class CronDataInterval:
    """A run at the end of each interval between two times of a cron expression; its logical date is the beginning."""

    def __init__(self, cron: str, *, timezone: str = "UTC") -> None:
        self.clock = Clock(cron, timezone)

    def next(self, last: Interval | None, bounds: Bounds, now: datetime) -> Run | None:
        """See ``Timetable``."""
        clock, earliest = self.clock, bounds.start
        if bounds.catchup:
            earliest = None if earliest is None else clock.at_or_after(earliest)
        else:
            newest = clock.before(now)
            newest = newest if clock.after(newest) == now else clock.before(newest)
            earliest = newest if earliest is None else max(newest, clock.at_or_after(earliest))
        if last is not None:
            aligned = clock.at_or_before(last[1])
            start = aligned if earliest is None else max(aligned, earliest)
            start = clock.after(start) if start <= last[0] else start
        elif earliest is None:
            return None
        else:
            start = earliest
        return bounds.run(clock.after(start), start, clock.after(start), start)


@dataclass(frozen=True)
class DeltaTrigger:
    """A run some time after the run before; its logical date is ``interval`` before."""

    delta: timedelta
    interval: timedelta = NOTHING

    def next(self, last: Interval | None, bounds: Bounds, now: datetime) -> Run | None:
        """See ``Timetable``."""
        moments = [] if bounds.catchup else [now]
        if last is not None:
            moments.append(last[1] + self.delta)
        elif bounds.start is None:
            moments.append(now)
        if bounds.start is not None and not (bounds.catchup and last is not None):
            moments.append(bounds.start)
        at = max(moments)
        return bounds.run(at, at - self.interval, at, at)


@dataclass(frozen=True)
class DeltaDataInterval:
    """A run at the end of each interval of one length, counted from the first moment of the schedule."""

    delta: timedelta

    def next(self, last: Interval | None, bounds: Bounds, now: datetime) -> Run | None:
        """See ``Timetable``."""
        earliest = bounds.start
        if not bounds.catchup:
            # Where nothing is made up for, intervals are counted from 1970.
            newest = now - timedelta(seconds=now.timestamp() % self.delta.total_seconds()) - self.delta
            earliest = newest if earliest is None else max(newest, earliest)
        if last is None and earliest is None:
            return None
        start = max(moment for moment in (last and last[1], earliest) if moment is not None)
        return bounds.run(start + self.delta, start, start + self.delta, start)


class Events:
    """A run at each of some moments."""

    def __init__(self, *moments: str) -> None:
        self.moments = sorted(datetime.fromisoformat(moment).astimezone(UTC) for moment in moments)

    def next(self, last: Interval | None, bounds: Bounds, now: datetime) -> Run | None:
        """See ``Timetable``."""
        earliest = bounds.start
        if not bounds.catchup and (earliest is None or now > earliest):
            earliest = now
        for moment in self.moments:
            if (earliest is None or moment >= earliest) and (last is None or moment > last[1]):
                return bounds.run(moment, moment, moment, moment)
        return None


class Once:
    """One run, at the first moment of the schedule."""

    def next(self, last: Interval | None, bounds: Bounds, now: datetime) -> Run | None:
        """See ``Timetable``."""
        at = bounds.start or now
        return bounds.run(at, at, at, at) if last is None else None


class Continuous:
    """A run as soon as the one before has ended; its data interval is the time since that one was started."""

    def next(self, last: Interval | None, bounds: Bounds, now: datetime) -> Run | None:
        """See ``Timetable``."""
        start = last[1] if last is not None else bounds.start or now
        end = max(start, now)
        return bounds.run(end, start, end, end)


def due(timetable: Timetable, bounds: Bounds, last: Interval | None, planned: datetime, now: datetime) -> Iterator[Run]:
    """The runs that are due at the moment ``now``; the first one was planned at the moment ``planned``."""
    moment = planned
    while (run := timetable.next(last, bounds, moment)) is not None and run.at <= now:
        if last is not None and run.logical_date <= last[0]:
            raise ValueError(f"the schedule doesn't get past the run of {last[0].isoformat()}")
        yield run
        last, moment = (run.logical_date, run.end), max(moment, run.at)


class Clock:
    """The times of a cron expression in a time zone."""

    def __init__(self, cron: str, timezone: str) -> None:
        self.cron = parse_cron(cron)
        self.zone = ZoneInfo(timezone)

    def after(self, moment: datetime) -> datetime:
        """The first time after a moment."""
        return self._from(moment, 1)

    def before(self, moment: datetime) -> datetime:
        """The last time before a moment."""
        return self._from(moment, -1)

    def at_or_after(self, moment: datetime) -> datetime:
        """The moment, or the first time after it."""
        found = self.after(moment)
        return moment if self.before(found) == moment else found

    def at_or_before(self, moment: datetime) -> datetime:
        """The moment, or the last time before it."""
        found = self.before(moment)
        return moment if self.after(found) == moment else found

    def first(self, now: datetime) -> datetime:
        """The first time of a schedule without beginning: the one that has just passed, or else the next one."""
        past, coming = self.at_or_before(now), self.at_or_after(now)
        return past if now - past <= max((coming - past) / 10, timedelta(minutes=5)) else coming

    def _from(self, moment: datetime, step: int) -> datetime:
        shown = moment.astimezone(self.zone).replace(tzinfo=None, fold=0)
        found = self.cron.from_(shown, step)
        return moment + (found - shown) if self.cron.every_hour else self._moment(found)

    def _moment(self, shown: datetime) -> datetime:
        early, late = (shown.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        left_out = (late.utcoffset() or NOTHING) > (early.utcoffset() or NOTHING)
        return (early if left_out else late).astimezone(UTC)


LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7), (0, 59), (1970, 2099))
NAMES = {
    **{name.lower(): number for number, name in enumerate(calendar.month_abbr) if name},
    **{name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))},
}
PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")
NTH = re.compile(r"(?P<day>\w+)#(?P<nth>\d)|l(?P<last>\d)")
LAST_DAY = -1
YEARS_AHEAD = 50


@dataclass(frozen=True)
class Cron:
    """A cron expression of five to seven fields; the sixth are seconds, the seventh years. ``None``: ``*``."""

    minutes: frozenset[int] | None
    hours: frozenset[int] | None
    days: frozenset[int] | None  # LAST_DAY: the last one of the month
    months: frozenset[int] | None
    weekdays: frozenset[int] | None  # from Sunday, which is 0
    nth: frozenset[tuple[int, int]]  # weekday and which one of the month; -1: the last
    seconds: frozenset[int] | None
    years: frozenset[int] | None

    @property
    def every_hour(self) -> bool:
        """Whether the hour is ``*``."""
        return self.hours is None

    def from_(self, moment: datetime, step: int) -> datetime:
        """The first time after a moment of the clock (``step`` is 1), or the last one before it (-1)."""
        times = _times(self)[::step]
        day = moment.date()
        while abs(day.year - moment.year) <= YEARS_AHEAD:
            if self._fires_on(day):
                found = (datetime.combine(day, time()) + timedelta(seconds=seconds) for seconds in times)
                inside = (one for one in found if (one > moment if step > 0 else one < moment))
                if (first := next(inside, None)) is not None:
                    return first
            day += timedelta(days=step)
        raise ValueError("the cron expression never fires")

    def _fires_on(self, day: date) -> bool:
        if (self.months and day.month not in self.months) or (self.years and day.year not in self.years):
            return False
        weekday, length = day.isoweekday() % 7, calendar.monthrange(day.year, day.month)[1]
        if self.nth:
            last = day.day + 7 > length
            return (weekday, (day.day - 1) // 7 + 1) in self.nth or (last and (weekday, -1) in self.nth)
        if self.days is None and self.weekdays is None:
            return True
        # Either will do where both are restricted.
        in_month = self.days is not None and (day.day in self.days or (LAST_DAY in self.days and day.day == length))
        return in_month or (self.weekdays is not None and weekday in self.weekdays)


@lru_cache
def _times(cron: Cron) -> list[int]:
    """The seconds of a day at which it fires."""
    hours, minutes = cron.hours or range(24), cron.minutes or range(60)
    seconds = range(60) if cron.seconds is None else cron.seconds
    return sorted(hour * 3600 + minute * 60 + second for hour in hours for minute in minutes for second in seconds)


def parse_cron(text: str) -> Cron:
    """Read an expression. Raises ``ValueError`` for what isn't one."""
    fields = text.lower().split()
    if not 5 <= len(fields) <= 7:
        raise ValueError(f"{text!r} doesn't have five, six or seven fields")
    counted = [match for part in fields[4].split(",") if (match := NTH.fullmatch(part))]
    nth = frozenset((_number(one["day"] or one["last"]) % 7, int(one["nth"] or -1)) for one in counted)
    fields[4] = "*" if nth else fields[4]
    sets = [_field(field, index, fields) for index, field in enumerate(fields)]
    minutes, hours, days, months, weekdays = sets[:5]
    seconds = sets[5] if len(sets) > 5 else frozenset({0})
    return Cron(minutes, hours, days, months, weekdays, nth, seconds, sets[6] if len(sets) > 6 else None)


def _field(field: str, index: int, fields: list[str]) -> frozenset[int] | None:
    if field in ("*", "?"):
        return None
    values = frozenset(value for part in field.split(",") for value in _part(part, index))
    if index == 4:
        values = frozenset(value % 7 for value in values)
    low, high = LIMITS[index]
    # All values are "*"; of the two fields of days only beside another "*".
    beside = {2: fields[4], 4: fields[2]}.get(index, "*")
    return None if len(values) == high - low + (index != 4) and "*" in beside else values


def _part(part: str, index: int) -> range:
    match = PART.fullmatch(part)
    low, high = LIMITS[index]
    if part == "l" and index == 2:
        return range(LAST_DAY, 0)
    if match is None:
        raise ValueError(f"{part!r} isn't part of a cron expression")
    if match["first"] == "*":
        return range(low, high + (index != 4), int(match["step"] or 1))
    first = _number(match["first"])
    last = _number(match["last"]) if match["last"] else high - (index == 4) if match["step"] else first
    if not low <= first <= last <= high:
        raise ValueError(f"{part!r} isn't part of a cron expression")
    return range(first, last + 1, int(match["step"] or 1))


def _number(text: str) -> int:
    return NAMES[text] if text in NAMES else int(text)


def _order(moment: datetime, now: datetime) -> float:
    stamp = moment.timestamp()
    return -stamp if stamp <= now.timestamp() else stamp
