"""When Dagster starts the runs of a schedule, and which partition each has (1.13).

Sources: ``cron_string_iterator`` of ``dagster._utils.schedules``; ``TimeWindowPartitionsDefinition`` and
``_get_schedule_evaluation_fn`` of ``dagster._core.definitions.partitions``. Expressions with one time a day, and those
of every hour, have rules of their own for the days on which clocks change; for others croniter decides, and their
times on such days aren't known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from dagport.semantics.schedules.cron import Cron, parse
from dagport.semantics.schedules.model import UnknownScheduleError
from dagport.semantics.schedules.zones import zone

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LAST_SURE_DAY = 28  # of a month
GENERATIONS = 3  # partitions before the horizon that a tick in it may still need


@dataclass(frozen=True, slots=True)
class Tick:
    """A run that a schedule starts; in UTC."""

    at: datetime
    window: tuple[datetime, datetime] | None = None  # of its partition


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWindows:
    """``TimeWindowPartitionsDefinition``."""

    cron: str
    timezone: str
    start: datetime  # without a time zone: the clock's time there
    end_offset: int = 0


def schedule_ticks(cron: str, timezone: str, start: datetime, until: datetime) -> Iterator[Tick]:
    """The runs of ``ScheduleDefinition`` between two moments, both included.

    Raises ``UnknownScheduleError`` for expressions that Dagster refuses, and at times that aren't known.
    """
    yield from map(Tick, _times(_parsed(cron), zone(timezone), start.astimezone(UTC), until.astimezone(UTC)))


def partition_ticks(windows: TimeWindows, start: datetime, until: datetime) -> Iterator[Tick]:
    """The runs of ``build_schedule_from_partitioned_job``: each has the last partition that there is then.

    A partition is there when it has ended, or ``end_offset`` partitions before. Raises ``UnknownScheduleError``.
    """
    if windows.end_offset not in (0, 1):
        raise UnknownScheduleError(f"partitions with end_offset={windows.end_offset}")
    cron, tz = _parsed(windows.cron), zone(windows.timezone)
    first = _moment(cron, windows.start - timedelta(minutes=1), tz)
    times: list[datetime] = []
    from_ = start.astimezone(UTC) - _stretch(cron)
    for moment in _times(cron, tz, from_, until.astimezone(UTC) + _stretch(cron)):
        times = [*times[-GENERATIONS:], moment]
        # The window that begins at ``one`` is known when the next time is.
        before, one = times[-3:-1] if len(times) > GENERATIONS - 1 else (None, None)
        if before is None or one is None or not start <= one <= until:
            continue
        window = (one, moment) if windows.end_offset else (before, one)
        if window[0] >= first:
            yield Tick(one, window)


def _stretch(cron: Cron) -> timedelta:
    """So long that several times lie in it."""
    if cron.months is not None:
        return 800 * DAY
    return 100 * DAY if cron.days is not None or cron.nth else 22 * DAY if cron.weekdays is not None else 4 * DAY


def _parsed(text: str) -> Cron:
    if len(text.split()) != 5:
        raise UnknownScheduleError(f"Dagster takes no cron expression such as {text!r}")
    return parse(text)


def _times(cron: Cron, tz: tzinfo, start: datetime, until: datetime) -> Iterator[datetime]:
    if cron.every_hour and cron.days is None and cron.months is None and cron.weekdays is None and not cron.nth:
        yield from _hourly(cron, tz, start, until)
        return
    clock = start.astimezone(tz).replace(tzinfo=None, fold=0) - 2 * HOUR
    while True:
        clock = cron.after(clock)
        moment = _on(cron, clock, tz)
        if moment > until:
            return
        if moment >= start:
            yield moment


def _hourly(cron: Cron, tz: tzinfo, start: datetime, until: datetime) -> Iterator[datetime]:
    """``_find_hourly_schedule_time``: the time passes, only the minutes are the clock's."""
    minutes = range(60) if cron.minutes is None else sorted(cron.minutes)
    hour = start.replace(minute=0, second=0, microsecond=0)
    while hour <= until:
        shift = int((hour.astimezone(tz).utcoffset() or timedelta()).total_seconds() // 60) % 60
        for minute in sorted((minute - shift) % 60 for minute in minutes):
            moment = hour + timedelta(minutes=minute)
            if start <= moment <= until:
                yield moment
        hour += HOUR


def _moment(cron: Cron, clock: datetime, tz: tzinfo) -> datetime:
    """The first time after one of the clock."""
    return _on(cron, cron.after(clock), tz)


def _on(cron: Cron, clock: datetime, tz: tzinfo) -> datetime:
    """When the clock shows a time: the second time where it comes twice, the end of the gap where it is left out.

    ``apply_fold_and_post_transition``.
    """
    early, late = clock.replace(tzinfo=tz, fold=0), clock.replace(tzinfo=tz, fold=1)
    before, after = early.utcoffset() or timedelta(), late.utcoffset() or timedelta()
    if before == after:
        return early.astimezone(UTC)
    if not _is_simple(cron):
        raise UnknownScheduleError(f"the clocks change at {clock:%Y-%m-%d %H:%M}, and croniter decides")
    if before > after:  # it comes twice
        return late.astimezone(UTC)
    return (clock.replace(minute=0) + (after - before)).replace(tzinfo=tz).astimezone(UTC)


def _is_simple(cron: Cron) -> bool:
    """Whether Dagster's own rules hold: ``known_schedule_type``."""
    one_time = all(field is not None and len(field) == 1 for field in (cron.minutes, cron.hours))
    if not one_time or cron.nth or cron.months is not None:
        return False
    if cron.days is None:
        return True
    return cron.weekdays is None and len(cron.days) == 1 and 0 < min(cron.days) <= LAST_SURE_DAY
