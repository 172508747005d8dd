"""Schedules that end, or have times of their own, as rules of iCalendar (RFC 5545), which Prefect reads by dateutil.

Their moments are those of the clock in the schedule's time zone, so they are written for zones whose clocks never
change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from dagport.writers.common.cron import Cron

MOST_DATES = 300
"""A rule has 6500 characters at most (``MAX_RRULE_LENGTH``)."""
MOST_RUNS = 50_000
"""Prefect goes through all runs since the beginning whenever it looks for the next ones."""
WEEKDAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")


def once(moment: datetime) -> str:
    """One moment."""
    return f"DTSTART:{_text(moment)}\nRRULE:FREQ=DAILY;COUNT=1"


def dates(moments: Sequence[datetime]) -> tuple[str, ...]:
    """Moments, in as many rules as they need."""
    parts = [moments[start : start + MOST_DATES] for start in range(0, len(moments), MOST_DATES)]
    return tuple(f"RDATE:{','.join(map(_text, part))}" for part in parts)


def times(cron: Cron, start: datetime, until: datetime) -> str:
    """The times of a cron expression between two moments, both included."""
    minutes, hours = cron.minutes or range(60), cron.hours or range(24)
    clock = [("BYHOUR", _numbers(hours)), ("BYMINUTE", _numbers(minutes)), ("BYSECOND", "0")]
    months = [("BYMONTH", _numbers(cron.months))] if cron.months is not None else []
    # Where both are restricted, either will do.
    rules = [[*months, *days, *clock] for days in _days(cron)]
    ending = ("UNTIL", _text(until))
    lines = [";".join("=".join(part) for part in (("FREQ", "DAILY"), ending, *rule)) for rule in rules]
    return "\n".join([f"DTSTART:{_text(start)}", *(f"RRULE:{line}" for line in lines)])


def every(seconds: int, start: datetime, until: datetime) -> str:
    """Moments so many seconds apart, from the first to the last."""
    return f"DTSTART:{_text(start)}\nRRULE:FREQ=SECONDLY;INTERVAL={seconds};UNTIL={_text(until)}"


def runs_a_day(cron: Cron) -> int:
    """How often it fires on one day at most."""
    return len(cron.minutes or range(60)) * len(cron.hours or range(24))


def _days(cron: Cron) -> Iterator[list[tuple[str, str]]]:
    if cron.days is not None:
        yield [("BYMONTHDAY", _numbers(cron.days))]
    if cron.weekdays is not None:
        yield [("BYDAY", ",".join(WEEKDAYS[day] for day in sorted(cron.weekdays)))]
    if cron.days is None and cron.weekdays is None:
        yield []


def _numbers(values: frozenset[int] | range) -> str:
    return ",".join(map(str, sorted(values)))


def _text(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%S")
