"""Partitions of a DAG, such that a partition, a logical date and a data interval mean each other exactly.

A cron schedule becomes time windows that start at the logical dates. With data intervals (Airflow 2;
``end_offset=0``) the window is the data interval. Without (a plain cron in Airflow 3; ``end_offset=1``) the window
begins when the run starts, and the data interval has no length. Dagster and Airflow treat days on which clocks change
differently: where they do for a cron and its zone, there are no such partitions, and the reason says when.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import islice
from typing import Literal
from zoneinfo import ZoneInfo

import dagster as dg

from dagport.graph import Pipeline
from dagport.semantics.schedules import UnknownScheduleError, restriction_of, timetable_of
from dagport.semantics.schedules.firing import chain_from
from dagport.semantics.schedules.model import Interval, Restriction, Version
from dagport.semantics.schedules.timetables import ZERO, CronClock, CronDataInterval, CronTrigger
from dagport.writers.common.cron import Cron, parse_cron

DATE, MINUTE = "%Y-%m-%d", "%Y-%m-%d-%H:%M"
AROUND = timedelta(hours=4)  # longer than any change of the clocks
YEARS_AHEAD = 5
FIRES_AFTER = 4  # how many runs after a change are compared


@dataclass(frozen=True, slots=True)
class Alignment:
    """The partitions of a DAG, or why there are none."""

    partitions: dg.PartitionsDefinition | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Windows:
    """What time windows are made of."""

    cron: Cron
    clock: CronClock
    zone: str
    intervals: bool  # whether runs have data intervals that follow each other

    def definition(
        self, start: datetime, end: datetime | None = None, fmt: str | None = None
    ) -> dg.PartitionsDefinition:
        """Partitions from one moment to another."""
        return dg.TimeWindowPartitionsDefinition(
            cron_schedule=self.cron.text,
            start=_clock_of(start, self.clock.tz),
            end=None if end is None else _clock_of(end, self.clock.tz),
            timezone=self.zone,
            fmt=fmt or (DATE if self.cron.once_a_day_at_most else MINUTE),
            end_offset=0 if self.intervals else 1,
        )


def partitions_for(
    pipeline: Pipeline, *, version: Version | None = None, otherwise: Literal["none", "dynamic"] = "none"
) -> dg.PartitionsDefinition | None:
    """The partitions of a DAG; ``None`` where Dagster's can't be aligned (``alignment_of`` says why).

    With ``otherwise="dynamic"`` it has dynamic partitions then, whose keys are logical dates: they are exact for every
    schedule, and somebody has to add them, as ``observe_airflow`` does.
    """
    aligned = alignment_of(pipeline, version=version).partitions
    if aligned is None and otherwise == "dynamic":
        return dg.DynamicPartitionsDefinition(name=f"airflow/{pipeline.id}")
    return aligned


def alignment_of(pipeline: Pipeline, *, version: Version | None = None) -> Alignment:
    """The time windows of a DAG's schedule, or why there are none. ``version``: of Airflow; ``None``: the file's."""
    version = version or ("3" if pipeline.engine_version == "3" else "2")
    try:
        windows = _windows(pipeline, version)
        restriction = restriction_of(pipeline, version=version)
        if isinstance(windows, str):
            return Alignment(None, windows)
        if restriction.earliest is None:
            return Alignment(None, "without a start_date there is no first partition")
        first = windows.clock.align_after(restriction.earliest)
        end = _end(windows, restriction)
        if end is not None and end <= first:
            return Alignment(None, "no run lies between its start and its end date")
        difference = _difference(windows, version, first.year)
    except UnknownScheduleError as error:
        return Alignment(None, str(error))
    return Alignment(None, difference) if difference else Alignment(windows.definition(first, end))


def partition_of(
    partitions: dg.PartitionsDefinition, logical_date: datetime | None, data_interval: Interval | None = None
) -> str | None:
    """The key of a run's partition; ``None`` where the run is none of the partitions exactly.

    A run has a partition when its window starts at the logical date and, where the data interval is given, that is the
    window's (or has no length, for partitions that begin when the run starts). Runs that are started by hand have
    logical dates and intervals of their own, and mostly none.
    """
    if logical_date is None:
        return None
    if isinstance(partitions, dg.DynamicPartitionsDefinition):
        return logical_date.astimezone(UTC).isoformat()
    if not isinstance(partitions, dg.TimeWindowPartitionsDefinition) or logical_date < partitions.start:
        return None
    key: str = partitions.get_partition_key_for_timestamp(logical_date.timestamp())
    if logical_date_of(partitions, key) != logical_date or not partitions.has_partition_key(key):
        return None
    if data_interval is None or data_interval == _interval(partitions, key):
        return key
    return None


def logical_date_of(partitions: dg.PartitionsDefinition, key: str) -> datetime:
    """The logical date, in UTC, of the run of a partition.

    Raises ``ValueError`` for a key of another form, ``TypeError`` for partitions that aren't ``partitions_for``'s.
    """
    if isinstance(partitions, dg.DynamicPartitionsDefinition):
        return datetime.fromisoformat(key).astimezone(UTC)
    if not isinstance(partitions, dg.TimeWindowPartitionsDefinition):
        raise TypeError(f"partitions of the type {type(partitions).__name__} have no logical dates")
    start: datetime = partitions.time_window_for_partition_key(key).start
    return start.astimezone(UTC)


def data_interval_of(partitions: dg.PartitionsDefinition, key: str) -> Interval | None:
    """The data interval of the run of a partition; ``None`` where the key doesn't tell it (dynamic partitions).

    Raises as ``logical_date_of``.
    """
    logical_date_of(partitions, key)
    return _interval(partitions, key) if isinstance(partitions, dg.TimeWindowPartitionsDefinition) else None


def _interval(partitions: dg.TimeWindowPartitionsDefinition, key: str) -> Interval:
    window = partitions.time_window_for_partition_key(key)
    start = window.start.astimezone(UTC)
    return (start, start) if partitions.end_offset else (start, window.end.astimezone(UTC))


def _windows(pipeline: Pipeline, version: Version) -> _Windows | str:
    """The clock of a schedule, or why it has no time windows."""
    timetable = timetable_of(pipeline.schedule, version=version, timezone=pipeline.timezone)
    if not isinstance(timetable, CronDataInterval | CronTrigger):
        return "only the runs of a cron expression follow the clock, as Dagster's time windows do"
    if isinstance(timetable, CronTrigger) and timetable.interval != ZERO:
        return "its logical dates lie before the times of its cron expression"
    text = timetable.clock.cron.text
    cron, zone = parse_cron(text), _name(timetable.clock.tz)
    if cron is None:
        return f"Dagster may read the cron expression {text!r} differently, or refuses it"
    if zone is None:
        return "Dagster wants an IANA time zone, not an offset"
    return _Windows(cron, timetable.clock, zone, isinstance(timetable, CronDataInterval))


def _name(tz: tzinfo) -> str | None:
    return "UTC" if tz is UTC else tz.key if isinstance(tz, ZoneInfo) else None


def _clock_of(moment: datetime, tz: tzinfo) -> datetime:
    """What the clock shows, with ``fold`` for the second time that it shows it: Dagster puts the zone to it."""
    return moment.astimezone(tz).replace(tzinfo=None)


def _end(windows: _Windows, restriction: Restriction) -> datetime | None:
    """The end of the last partition, which starts at the end date at the latest."""
    if restriction.latest is None:
        return None
    return windows.clock.after(windows.clock.align_before(restriction.latest))


@lru_cache(maxsize=4096)
def _difference(windows: _Windows, version: Version, since: int) -> str | None:
    """Where Dagster's windows aren't Airflow's runs, around every change of the clocks from a year on."""
    seen: set[tuple[object, ...]] = set()
    cron = windows.clock.cron
    every_day = cron.days is None and cron.weekdays is None and cron.months is None
    for year in range(since, datetime.now(UTC).year + YEARS_AHEAD):
        for change in _changes(windows.zone, year):
            # What happens on every day is the same at each change at the same time of the day.
            kind = _kind(change, windows.clock.tz) if every_day else (change,)
            if kind not in seen and (difference := _difference_around(windows, version, change)):
                return difference
            seen.add(kind)
    return None


def _kind(change: datetime, tz: tzinfo) -> tuple[object, ...]:
    before = (change - timedelta(minutes=1)).astimezone(tz)
    return before.time(), before.utcoffset(), change.astimezone(tz).utcoffset()


def _difference_around(windows: _Windows, version: Version, change: datetime) -> str | None:
    """What differs between some hours before a change and some runs after it."""
    begin = change - AROUND
    timetable = CronDataInterval(windows.clock, version) if windows.intervals else CronTrigger(windows.clock)
    after = [windows.clock.after(change)]
    if not windows.clock.cron.every_hour and after[0] > change + AROUND and windows.clock.before(change) < begin:
        return None
    chain = chain_from(timetable, Restriction(earliest=begin, catchup=True), begin)
    runs = []
    for fire in chain:
        runs.append(fire.data_interval)
        after += [fire.at] * (fire.at > change + AROUND)
        if len(after) > FIRES_AFTER:
            break
    definition = windows.definition(begin, fmt=MINUTE)
    keys = definition.get_partition_keys(current_time=runs[-1][1] + timedelta(seconds=1))
    theirs = [_interval(definition, key) for key in islice(keys, len(runs))]
    odd = next((pair for pair in zip(runs, theirs, strict=False) if pair[0] != pair[1]), None)
    if odd is None and len(runs) == len(theirs):
        return None
    day = change.astimezone(windows.clock.tz).date()
    return (
        f"when the clocks of {windows.zone} change, as on {day}, Dagster's partitions of {windows.cron.text!r} aren't "
        "Airflow's runs"
    )


@lru_cache(maxsize=4096)
def _changes(zone: str, year: int) -> tuple[datetime, ...]:
    """The moments of a year at which the clocks of a zone change."""
    if zone == "UTC":
        return ()
    tz, first = ZoneInfo(zone), datetime(year, 1, 1, tzinfo=UTC)
    days = [first + timedelta(days=day) for day in range(367)]
    offsets = [day.astimezone(tz).utcoffset() for day in days]
    pairs = zip(days, offsets, offsets[1:], strict=False)
    return tuple(_change_after(day, tz) for day, before, after in pairs if before != after)


def _change_after(day: datetime, tz: ZoneInfo) -> datetime:
    low, high = 0, 24 * 60
    while high - low > 1:
        middle = (low + high) // 2
        same = (day + timedelta(minutes=middle)).astimezone(tz).utcoffset() == day.astimezone(tz).utcoffset()
        low, high = (middle, high) if same else (low, middle)
    return day + timedelta(minutes=high)
