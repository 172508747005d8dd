"""Whether two pipelines are started at the same times, for the same logical dates and data intervals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from dagport.graph import Pipeline, Schedule
from dagport.semantics.schedules import Fire, fires
from dagport.semantics.schedules.model import Version
from dagport.values import Call
from dagport.verify.model import Difference, shown
from dagport.verify.structure import plain

MOST = 5_000  # runs of one pipeline
SHOWN = 3  # differences are examples: the first ones are the smallest
BY_EVENT = ("assets", "continuous", "manual")


@dataclass(frozen=True, slots=True)
class Horizon:
    """The moments between which runs are compared, both with a time zone."""

    start: datetime
    until: datetime


def schedule(before: Pipeline, after: Pipeline, horizon: Horizon) -> tuple[list[Difference], int]:
    """The first runs that differ, and how many runs were compared: at most ``MOST``.

    Raises ``UnknownScheduleError`` where the times of one side aren't known.
    """
    found = [_unlike("catchup", _catchup(before), _catchup(after))] if _catchup(before) != _catchup(after) else []
    if before.schedule.kind in BY_EVENT or after.schedule.kind in BY_EVENT:
        first, second = _event(before.schedule), _event(after.schedule)
        return ([*found, _unlike("schedule", first, second)] if first != second else found), 1
    if _is_same_code(before, after):
        return found, 1
    pairs = list(islice(_pairs(before, after, horizon), MOST))
    for one, other in islice((pair for pair in pairs if pair[0] != pair[1]), SHOWN):
        found.append(Difference(message=f"{_run(one)} in the source, {_run(other)} in the target"))
    return found, len(pairs)


def _is_same_code(before: Pipeline, after: Pipeline) -> bool:
    """Whether both have the same timetable with the same arguments, whatever its times are."""
    old, new = (_code(side.schedule) for side in (before, after))
    return old is not None and old == new


def _code(schedule: Schedule) -> object:
    """Class and arguments of a timetable; Airflow 3 says "asset" where Airflow 2 said "dataset"."""
    if schedule.kind != "timetable" or schedule.class_ is None:
        return None
    said = plain(Call(schedule.class_, (), schedule.args or {}))
    return re.sub("dataset", "asset", repr(said), flags=re.IGNORECASE).lower()


def _pairs(before: Pipeline, after: Pipeline, horizon: Horizon) -> Iterator[tuple[Fire | None, Fire | None]]:
    """The runs of both sides by the moment at which they start: one that is missing stands alone."""
    first, second = _fires(before, horizon), _fires(after, horizon)
    one, other = next(first, None), next(second, None)
    while one is not None or other is not None:
        moment = min(run.at for run in (one, other) if run is not None)
        left = one if one is not None and one.at == moment else None
        right = other if other is not None and other.at == moment else None
        yield left, right
        one = next(first, None) if left is not None else one
        other = next(second, None) if right is not None else other


def _fires(pipeline: Pipeline, horizon: Horizon) -> Iterator[Fire]:
    return fires(pipeline, version=_version(pipeline), start=horizon.start, until=horizon.until)


def _version(pipeline: Pipeline) -> Version:
    return "3" if pipeline.engine_version == "3" else "2"


def _catchup(pipeline: Pipeline) -> bool | None:
    """What Airflow takes where nothing is said: versions before 3 catch up (``[scheduler] catchup_by_default``)."""
    if pipeline.schedule.kind in (*BY_EVENT, "once"):
        return None
    return _version(pipeline) == "2" if pipeline.catchup is None else pipeline.catchup


def _event(schedule: Schedule) -> tuple[str, tuple[str, ...] | None, str | None]:
    return schedule.kind, schedule.assets, schedule.condition


def _unlike(what: str, old: object, new: object) -> Difference:
    return Difference(message=f"{what}: {shown(old)} in the source, {shown(new)} in the target")


def _run(run: Fire | None) -> str:
    if run is None:
        return "no run"
    start, end = map(_moment, run.data_interval)
    return f"the run of {_moment(run.at)} for {_moment(run.logical_date)} with the data of {start} to {end}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
