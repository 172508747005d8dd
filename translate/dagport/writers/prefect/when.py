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
from dagport.semantics.schedules import UnknownScheduleError, fires, restriction_of, timetable_of
from dagport.semantics.schedules.cron import PRESETS
from dagport.semantics.schedules.model import Version
from dagport.semantics.schedules.prefect import cron_runs
from dagport.semantics.schedules.timetables import DeltaTrigger, Events
from dagport.semantics.schedules.zones import is_iana
from dagport.values import Call, Value
from dagport.writers.common.cron import parse_cron
from dagport.writers.common.literals import text_literal
from dagport.writers.common.partitioned import without_keys
from dagport.writers.prefect import rrules

REASONS = {
    "continuous": "its runs start when one has ended",
    "assets": "it runs when assets are updated",
    "opaque": "the schedule isn't known",
}
UNSAID = "a timetable is code; schedule its runs with an RRule or by the API"
BY_PARTITIONS = "its runs are for partitions of assets, which Prefect's events don't know"
PARTITIONED = "PartitionedAssetTimetable"
NO_BEGINNING = "its one run, without a start date, is started by hand"
TOO_FINE = "its times have parts of seconds, which Prefect's rules don't"
ENDED = "it ends before its first run"
RESTRICTED = "its runs by hand are for the events before them (`restrict_to_events`)"
CRONS = {"CronTriggerTimetable": False, "CronDataIntervalTimetable": True, "MultipleCronTriggerTimetable": False}
"""Timetables of cron expressions: whether a run is due at the end of its data interval."""
DELTAS = {"DeltaTriggerTimetable": False, "DeltaDataIntervalTimetable": True}
CHANGES = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
"""The time in which changes of clocks are looked at: their rules stay."""
YEAR = timedelta(days=400)  # in which a cron expression surely fires, but for one on 29 February


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The runs of a schedule: at the times of cron expressions, or every so many seconds; by hand only without any."""

    crons: tuple[str, ...] = ()
    zone: str = "UTC"
    seconds: float | None = None
    rule: str | None = None  # source of what gives the data interval; ``None``: it has no length
    rrules: tuple[str, ...] = ()  # the same runs, or those that nothing else can say, as rules of iCalendar


def when_of(pipeline: Pipeline) -> When | str:
    """When a pipeline's runs start, or why that can't be said."""
    schedule, zone = without_keys(pipeline.schedule), pipeline.timezone or "UTC"
    if schedule.kind == "manual":
        return When()
    if schedule.kind in REASONS:
        return REASONS[schedule.kind]
    if (schedule.class_ or "").endswith(f".{PARTITIONED}"):
        return BY_PARTITIONS
    try:
        made = timetable_of(schedule, version=version_of(pipeline), timezone=pipeline.timezone)
        if schedule.kind == "once":
            return _once(pipeline)
        if isinstance(made, Events):
            return _events(pipeline, made)
        found = _of_times(schedule, zone, version_of(pipeline))
        return found if isinstance(found, str) else _ended(pipeline, found)
    except UnknownScheduleError as error:
        return str(error)


def _of_times(schedule: Schedule, zone: str, version: Version) -> When | str:
    old = version == "2"
    if schedule.kind == "cron" and schedule.cron is not None:
        return _crons([schedule.cron], zone, data_interval=old)
    if schedule.kind == "interval" and schedule.seconds is not None:
        return _every(timedelta(seconds=schedule.seconds), data_interval=old)
    return _timetable(schedule, version)


def _once(pipeline: Pipeline) -> When | str:
    period = restriction_of(pipeline, version=version_of(pipeline))
    if period.earliest is None:
        return NO_BEGINNING
    if period.latest is not None and period.latest < period.earliest:
        return ENDED
    if period.earliest.microsecond:
        return TOO_FINE
    return When(rrules=(rrules.once(period.earliest),))


def _events(pipeline: Pipeline, made: Events) -> When | str:
    if made.restrict_to_events:
        return RESTRICTED
    if not made.dates:
        return When()
    first, last = min(made.dates), max(made.dates)
    found = [fire.at for fire in fires(pipeline, version=version_of(pipeline), start=first, until=last)]
    if any(moment.microsecond for moment in found):
        return TOO_FINE
    return When(rrules=rrules.dates(found)) if found else ENDED


def _ended(pipeline: Pipeline, when: When) -> When:
    """A schedule that ends, as rules that do, where that says the same and isn't too much to look through."""
    version = version_of(pipeline)
    period = restriction_of(pipeline, version=version)
    zone = ZoneInfo(when.zone)
    if period.earliest is None or period.latest is None or (when.crons and _changes(when.zone)):
        return when
    crons = [cron for cron in map(parse_cron, when.crons) if cron is not None]
    days = (period.latest - period.earliest) / timedelta(days=1)
    runs = sum(map(rrules.runs_a_day, crons)) + (86400 / when.seconds if when.seconds else 0)
    fine = period.earliest.microsecond or (when.seconds is not None and not float(when.seconds).is_integer())
    if runs * days > rrules.MOST_RUNS or fine:
        return when
    moments = _first_and_last(pipeline, period.earliest, period.latest)
    if moments is None:
        return when
    first, until = (moment.astimezone(zone) for moment in moments)
    rules = [rrules.times(cron, first, until) for cron in crons]
    rules += [rrules.every(int(when.seconds), first, until)] if when.seconds else []
    return replace(when, rrules=tuple(rules))


def version_of(pipeline: Pipeline) -> Version:
    """The major version of Airflow that a pipeline is written for."""
    return "3" if pipeline.engine_version == "3" else "2"


def _first_and_last(pipeline: Pipeline, start: datetime, end: datetime) -> tuple[datetime, datetime] | None:
    """When the first and the last run of a schedule start that begins and ends; ``None``: there aren't any."""
    version = version_of(pipeline)
    first = next(fires(pipeline, version=version, start=start, until=end + YEAR), None)
    if first is None:
        return None
    late = fires(pipeline, version=version, start=max(start, end - YEAR), until=end + YEAR)
    return first.at, max((fire.at for fire in late), default=first.at)


def _crons(crons: Sequence[str], zone: str, *, data_interval: bool, interval: timedelta = timedelta()) -> When | str:
    if not is_iana(zone):
        return f"Prefect wants an IANA time zone, not {zone!r}"
    texts = tuple(" ".join(PRESETS.get(cron, cron).split()) for cron in crons)
    for text in texts:
        if parse_cron(text) is None:
            return f"Prefect may read the cron expression {text!r} differently, or refuses it"
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
