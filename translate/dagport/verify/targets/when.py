"""Whether a target is started at the same times as its source, for the same dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import merge
from itertools import groupby, islice
from typing import Literal, TypeAlias

from dagport.graph import Pipeline
from dagport.semantics.schedules import UnknownScheduleError, fires, restriction_of
from dagport.semantics.schedules.dagster import Tick, TimeWindows, partition_ticks, schedule_ticks
from dagport.semantics.schedules.model import Version
from dagport.semantics.schedules.prefect import cron_runs, interval_runs
from dagport.verify.model import Difference
from dagport.verify.schedules import MOST, SHOWN, Horizon
from dagport.verify.targets.model import When

STARTS_NOTHING = ("NullTimetable", "PartitionedAtRuntime")
NOT_TIMED = ("manual", "assets", "once", "continuous")
Run: TypeAlias = tuple[datetime, datetime | None]  # when it starts, and its logical date, if it has one


def schedule(
    source: Pipeline, starters: Sequence[When], orchestrator: Literal["dagster", "prefect"], horizon: Horizon
) -> tuple[list[Difference], int]:
    """The first runs that differ, and how many were compared.

    The target counts as turned on for as long as the source runs. Raises ``UnknownScheduleError``.
    """
    by_time = [one for one in starters if one.updates is None]
    if _kind(source) in NOT_TIMED or (by_time and (by_time[0].manual or _is_untimed(by_time[0]))) or not by_time:
        return _events(source, starters), 1
    version: Version = "3" if source.engine_version == "3" else "2"
    period = restriction_of(source, version=version)
    start = max(horizon.start, period.earliest or horizon.start)
    until = min(horizon.until, period.latest) if period.latest else horizon.until
    found = [_unlike("schedule by assets", "none", starters[-1].updates)] if len(starters) > 1 else []
    ours = ((fire.at, fire.logical_date) for fire in fires(source, version=version, start=start, until=horizon.until))
    end = horizon.until if by_time[0].timetable or any(by_time[0].within) else until
    theirs = _runs(source, by_time[0], orchestrator, version, start, end)
    pairs = list(islice(_pairs(ours, theirs), MOST))
    # A run at the end of its data interval: there is none at the moment when the first interval begins.
    at_the_end = version == "2" or (source.schedule.class_ or "").endswith("DataIntervalTimetable")
    for one, other in pairs:
        if len(found) < SHOWN and not _alike(one, other, first=at_the_end and other == pairs[0][1]):
            found.append(Difference(message=f"{_run(one)} in the source, {_run(other)} in the target"))
    return found, len(pairs)


def _is_untimed(when: When) -> bool:
    return when.timetable is not None and when.timetable.kind != "timetable"


def _events(source: Pipeline, starters: Sequence[When]) -> list[Difference]:
    """Kinds of schedule that have no times, or have none on one side."""
    theirs = [
        "manual" if one.manual else one.timetable.kind if one.timetable else "assets" if one.updates else "times"
        for one in starters
    ]  # fmt: skip
    return [] if theirs == [_kind(source)] else [_unlike("schedule", _kind(source), ", ".join(theirs))]


def _kind(source: Pipeline) -> str:
    """The kind of the source's schedule; a timetable that starts nothing is manual."""
    name = (source.schedule.class_ or "").rpartition(".")[2]
    return "manual" if name in STARTS_NOTHING else source.schedule.kind


def _unlike(what: str, old: object, new: object) -> Difference:
    return Difference(message=f"{what}: {old} in the source, {new} in the target")


def _runs(
    source: Pipeline, when: When, orchestrator: str, version: Version, start: datetime, until: datetime
) -> Iterator[Run]:
    if when.timetable is not None:
        first, last = when.within
        pipeline = replace(source, schedule=when.timetable, tasks=(), start_date=first, end_date=last, catchup=True)
        for fire in fires(pipeline, version=version, start=start, until=until):
            yield fire.at, fire.logical_date
        return
    bounds = [datetime.fromisoformat(one) if one else None for one in when.within]
    for tick in _ticks(when, orchestrator, max(start, bounds[0] or start), min(until, bounds[1] or until)):
        yield tick.at, tick.window[0] if tick.window else None


def _ticks(when: When, orchestrator: str, start: datetime, until: datetime) -> Iterator[Tick]:
    if when.seconds is not None:
        anchor = datetime.fromisoformat(when.anchor) if when.anchor else start
        times = interval_runs(timedelta(seconds=when.seconds), anchor, when.timezone, start, until)
        return map(Tick, times)
    if not when.crons:
        raise UnknownScheduleError("the target's schedule isn't understood")
    if orchestrator == "prefect":
        times = merge(*(cron_runs(cron, when.timezone, start, until) for cron in when.crons))
        return map(Tick, (moment for moment, _ in groupby(times)))
    if when.partitions is None:
        ticks = merge(*(schedule_ticks(cron, when.timezone, start, until) for cron in when.crons), key=_at)
        return (tick for tick, _ in groupby(ticks))
    said = when.partitions
    try:
        first = datetime.strptime(said.start, said.fmt)
    except ValueError:
        raise UnknownScheduleError(f"the first partition, {said.start!r}, isn't understood") from None
    windows = TimeWindows(cron=said.cron, timezone=said.timezone, start=first, end_offset=said.end_offset)
    return partition_ticks(windows, start, until)


def _at(tick: Tick) -> datetime:
    return tick.at


def _pairs(ours: Iterator[Run], theirs: Iterator[Run]) -> Iterator[tuple[Run | None, Run | None]]:
    one, other = next(ours, None), next(theirs, None)
    while one is not None or other is not None:
        moment = min(run[0] for run in (one, other) if run is not None)
        left = one if one is not None and one[0] == moment else None
        right = other if other is not None and other[0] == moment else None
        yield left, right
        one = next(ours, None) if left is not None else one
        other = next(theirs, None) if right is not None else other


def _alike(one: Run | None, other: Run | None, *, first: bool) -> bool:
    """A target that is turned on at the start date of an interval's DAG runs once before the first interval ends."""
    if one is None or other is None:
        return first and other is not None and other[1] is None
    return one[0] == other[0] and other[1] in (None, one[1])


def _run(run: Run | None) -> str:
    if run is None:
        return "no run"
    at, date = run
    return f"the run of {at:%Y-%m-%d %H:%M}" + (f" for {date:%Y-%m-%d %H:%M}" if date else "")
