"""Whether Dagster and Airflow read the times of a cron expression alike when clocks change.

Both take the second of two equal times, and let an hourly expression go by the time that passes. Seen by comparing the
ticks and the partitions of Dagster with Airflow's runs: they differ for times that are left out, which Dagster moves
to the end of
the gap, and Airflow by its length; for several times in the hour that comes twice; for an expression of every hour
that has
certain days only; and for one in a zone whose clocks change by less than an hour.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from dagport.writers.common.cron import Cron

LAST_YEAR = 2037  # what time zone files say for every year after this is the same
FIRST_YEAR = 2020
HOUR = timedelta(hours=1)


class Change(NamedTuple):
    """A change of a zone's clocks: what they show just before, and just after."""

    before: datetime
    after: datetime


def agree(cron: Cron, tz: tzinfo) -> bool:
    """Whether the ticks of a schedule, and the windows of partitions, are Airflow's runs whenever clocks change."""
    changes = changes_of(tz)
    if not changes:
        return True
    if cron.hours is None:
        every_day = cron.days is None and cron.months is None and cron.weekdays is None
        return every_day and all((change.after - change.before) % HOUR == timedelta() for change in changes)
    return all(_agree_at(cron, change) for change in changes)


def _agree_at(cron: Cron, change: Change) -> bool:
    """The clocks are put forward or back: how often it fires between what they show before and after."""
    low, high = min(change), max(change)
    times = [moment for day in sorted({low.date(), high.date()}) for moment in _times(cron, day)]
    inside = [moment for moment in times if low <= moment < high]
    if change.after < change.before:
        return len(inside) <= 1
    return not inside or (inside == [low] and len(times) == 1)


def _times(cron: Cron, day: date) -> list[datetime]:
    weekday = day.isoweekday() % 7
    in_month = cron.days is not None and day.day in cron.days
    in_week = cron.weekdays is not None and weekday in cron.weekdays
    free = cron.days is None and cron.weekdays is None
    if not (in_month or in_week or free) or (cron.months is not None and day.month not in cron.months):
        return []
    hours, minutes = cron.hours or range(24), cron.minutes or range(60)
    return [datetime.combine(day, time(hour, minute)) for hour in sorted(hours) for minute in sorted(minutes)]


@lru_cache(maxsize=1024)
def changes_of(tz: tzinfo) -> tuple[Change, ...]:
    """The changes of a zone's clocks from 2020 on."""
    if tz is UTC:
        return ()
    found: list[Change] = []
    moment, end = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
    while moment < end:
        following = moment + timedelta(days=7)
        if moment.astimezone(tz).utcoffset() != following.astimezone(tz).utcoffset():
            found.append(_change(moment, tz))
        moment = following
    return tuple(found)


def _change(moment: datetime, tz: tzinfo) -> Change:
    low, high = 0, 7 * 24 * 60  # minutes: a search by halves
    offset = moment.astimezone(tz).utcoffset() or timedelta()
    while high - low > 1:
        middle = (low + high) // 2
        same = (moment + timedelta(minutes=middle)).astimezone(tz).utcoffset() == offset
        low, high = (middle, high) if same else (low, middle)
    at = moment + timedelta(minutes=high)
    return Change((at + offset).replace(tzinfo=None), at.astimezone(tz).replace(tzinfo=None, fold=0))
