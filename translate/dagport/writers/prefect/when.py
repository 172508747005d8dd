"""When a pipeline's runs start, as Prefect's schedules can say it, and which dates Airflow gives to such a run.

With Airflow 3 a cron expression or an interval gives a run whose logical date is the moment at which it is due, and
whose data interval has no length (``CronTriggerTimetable``, ``DeltaTriggerTimetable``). Up to Airflow 2 the run is due
at the end of its data interval, which begins at the logical date (``CronDataIntervalTimetable``,
``DeltaDataIntervalTimetable``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count
from zoneinfo import ZoneInfo

from dagport.graph import Pipeline, Schedule
from dagport.semantics.schedules import UnknownScheduleError, fires, timetable_of
from dagport.semantics.schedules.model import Version
from dagport.semantics.schedules.prefect import cron_runs
from dagport.semantics.schedules.timetables import DeltaTrigger
from dagport.semantics.schedules.zones import is_iana
from dagport.values import Call, Value
from dagport.writers.common.cron import parse_cron
from dagport.writers.common.literals import text_literal
from dagport.writers.common.partitioned import without_keys

REASONS = {
    "once": "a run that happens once is started by hand",
    "continuous": "the next run starts when one has ended; use an automation that the end of a run triggers",
    "assets": "it runs when assets are updated; use an automation that their events trigger",
    "opaque": "the schedule isn't known",
}
UNSAID = "a timetable is code; schedule its runs with an RRule or by the API"
CRONS = {"CronTriggerTimetable": False, "CronDataIntervalTimetable": True, "MultipleCronTriggerTimetable": False}
"""Timetables of cron expressions: whether a run is due at the end of its data interval."""
DELTAS = {"DeltaTriggerTimetable": False, "DeltaDataIntervalTimetable": True}
CHANGES = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
"""The time in which changes of clocks are looked at: their rules stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The runs of a schedule: at the times of cron expressions, or every so many seconds; by hand only without any."""

    crons: tuple[str, ...] = ()
    zone: str = "UTC"
    seconds: float | None = None
    rule: str | None = None  # source of what gives the data interval; ``None``: it has no length


def when_of(pipeline: Pipeline) -> When | str:
    """When a pipeline's runs start, or why that can't be said."""
    schedule, zone = without_keys(pipeline.schedule), pipeline.timezone or "UTC"
    if schedule.kind == "manual":
        return When()
    if schedule.kind in REASONS:
        return REASONS[schedule.kind]
    old = version_of(pipeline) == "2"
    try:
        timetable_of(schedule, version=version_of(pipeline), timezone=pipeline.timezone)
        if schedule.kind == "cron" and schedule.cron is not None:
            return _crons([schedule.cron], zone, data_interval=old)
        if schedule.kind == "interval" and schedule.seconds is not None:
            return _every(timedelta(seconds=schedule.seconds), data_interval=old)
        return _timetable(schedule, version_of(pipeline))
    except UnknownScheduleError as error:
        return str(error)


def version_of(pipeline: Pipeline) -> Version:
    """The major version of Airflow that a pipeline is written for."""
    return "3" if pipeline.engine_version == "3" else "2"


def _crons(crons: Sequence[str], zone: str, *, data_interval: bool, interval: timedelta = timedelta()) -> When | str:
    if not is_iana(zone):
        return f"Prefect wants an IANA time zone, not {zone!r}"
    for cron in crons:
        if parse_cron(cron) is None:
            return f"Prefect may read the cron expression {cron!r} differently, or refuses it"
    texts = tuple(" ".join(cron.split()) for cron in crons)
    more = f", timezone={text_literal(zone)}" if zone != "UTC" else ""
    rule = f"Cron({text_literal(texts[0])}{more})" if data_interval else _length(interval)
    return When(crons=texts, zone=zone, rule=rule)


def _every(delta: timedelta, *, data_interval: bool, interval: timedelta = timedelta()) -> When:
    return When(seconds=delta.total_seconds(), rule=_length(delta if data_interval else interval))


def _length(interval: timedelta) -> str | None:
    return f"Every(seconds={interval.total_seconds():g})" if interval else None


def _timetable(schedule: Schedule, version: Version) -> When | str:
    name = (schedule.class_ or "").rpartition(".")[2]
    made, args = timetable_of(schedule, version=version), schedule.args or {}
    interval = getattr(made, "interval", timedelta())
    if name in DELTAS:
        delta = made.delta if isinstance(made, DeltaTrigger) else getattr(made, "delta", timedelta())
        return _every(delta, data_interval=DELTAS[name], interval=interval)
    if name not in CRONS:
        return UNSAID
    several = name == "MultipleCronTriggerTimetable"
    numbers = count() if several else range(1)
    crons: list[str] = []
    for number in numbers:
        text = args.get(str(number), None if several else args.get("cron", args.get("expression")))
        if not isinstance(text, str):
            break
        crons.append(text)
    if several and args.get("interval") is not None:
        return "its runs have data intervals of one length, from several cron expressions"
    zone = _zone(args.get("timezone", None if several else args.get("1")))
    return UNSAID if zone is None else _crons(crons, zone, data_interval=CRONS[name], interval=interval)


def _zone(value: Value) -> str | None:
    if isinstance(value, Call) and value.name == "zoneinfo.ZoneInfo" and value.args:
        value = value.args[0]
    return value if isinstance(value, str) else None


def differs_at_changes(pipeline: Pipeline, when: When) -> bool:
    """Whether Prefect starts a run at another moment than Airflow where the zone's clocks change."""
    return any(
        _differs(replace(pipeline, start_date=None, end_date=None, tasks=(), catchup=True), when, moment)
        for moment in _changes(when.zone)
        if when.crons
    )


def _differs(pipeline: Pipeline, when: When, moment: datetime) -> bool:
    start, until = moment - timedelta(days=2), moment + timedelta(days=2)
    try:
        expected = {fire.at for fire in fires(pipeline, version=version_of(pipeline), start=start, until=until)}
        found = {run for cron in when.crons for run in cron_runs(cron, when.zone, start, until)}
    except UnknownScheduleError:
        return True
    return expected != found


@lru_cache
def _changes(zone: str) -> tuple[datetime, ...]:
    """Moments close to which a zone's clocks change."""
    found, tz = [], ZoneInfo(zone)
    moment, end = CHANGES
    while moment < end:
        following = moment + timedelta(days=1)
        if moment.astimezone(tz).utcoffset() != following.astimezone(tz).utcoffset():
            found.append(moment)
        moment = following
    return tuple(found)
