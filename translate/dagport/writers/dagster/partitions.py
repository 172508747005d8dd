"""The dates of a run, where the code asks for them: its partition, or the tags that its sensor gives it.

A scheduled run of Airflow belongs to one tick of the cron expression, its logical date. With Airflow 3 that is
the tick that starts the run and the data interval has no length (``CronTriggerTimetable``); up to Airflow 2 the
run starts at the end of an interval that begins at the logical date (``CronDataIntervalTimetable``). In both
cases the logical date is the start of a partition; with ``end_offset=1`` the partition exists, and is run, at
its start. Seen by evaluating the ticks of ``dg.build_schedule_from_partitioned_job``.

Runs of other schedules, and those that are started by hand, have no such partitions: ``run_dates.py`` of the project
reads
the tags of the run, or takes the moment at which it was made, as Airflow does for a run that is started by hand.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from dagport.graph import Pipeline
from dagport.semantics.schedules import Timetable, UnknownScheduleError, restriction_of, timetable_of
from dagport.semantics.schedules.model import Version
from dagport.semantics.schedules.timetables import ZERO, CronDataInterval, CronTrigger, DeltaDataInterval, DeltaTrigger
from dagport.writers.common.cron import Cron, parse_cron
from dagport.writers.common.dates import DATE, INTERVAL_END, LOGICAL, OLD_TEXTS, TEXTS
from dagport.writers.common.literals import text_literal
from dagport.writers.common.partitioned import NO_DATES, is_partitioned
from dagport.writers.dagster.clocks import agree
from dagport.writers.dagster.times import delta_text, zone_name

MINUTE = "%Y-%m-%d-%H:%M"
START = "context.partition_time_window.start"
END = "context.partition_time_window.end"
UTC_IMPORT = "from datetime import timezone"
DELTA_IMPORT = "from datetime import timedelta"
DATED_STARTS = ("data_interval_start", "dag_run.data_interval_start")
WITHOUT_DATES = {
    "assets": "a run that is started by updates of assets has no dates",
    "opaque": "the schedule isn't known",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """Source in place of a context entry, and the imports it needs."""

    text: str
    imports: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Partitions:
    """Where the dates of a pipeline's runs come from."""

    definition: str | None  # source of the partitions definition; ``None``: they are tags of the run
    comment: str
    context: Mapping[str, Expression]  # context entry -> expression on ``context``
    format: str | None = None  # of the partitions' keys


def version_of(pipeline: Pipeline) -> Version:
    """The major version of Airflow that a pipeline is written for."""
    return "3" if pipeline.engine_version == "3" else "2"


def key_format(pipeline: Pipeline) -> tuple[str, str] | None:
    """The form of a pipeline's partition keys, and their time zone; ``None`` when it has none."""
    version = version_of(pipeline)
    try:
        windows = _windows(timetable_of(pipeline.schedule, version=version, timezone=pipeline.timezone))
    except UnknownScheduleError:
        return None
    if windows is None:
        return None
    cron, zone, _ = windows
    return MINUTE if cron.hourly_at is not None else _form(cron), zone


def partitions_of(pipeline: Pipeline, package: str = "pipelines") -> Partitions | str:
    """Where a pipeline's dates come from, or why they can't be carried over. ``package``: of the project."""
    version = version_of(pipeline)
    if pipeline.schedule.kind in WITHOUT_DATES:
        return WITHOUT_DATES[pipeline.schedule.kind]
    if is_partitioned(pipeline.schedule):
        return NO_DATES
    if pipeline.schedule.kind == "continuous":
        return _tagged(package, None, version)
    try:
        timetable = timetable_of(pipeline.schedule, version=version, timezone=pipeline.timezone)
        earliest = restriction_of(pipeline, version=version).earliest
    except UnknownScheduleError as error:
        return str(error)
    windows = _windows(timetable)
    if windows is None or earliest is None:
        return _tagged(package, timetable, version)
    cron, zone, at_start = windows
    comment = (
        "A run handles the partition that starts when it starts: `ds` is the day of the run."
        if at_start
        else "A run handles the partition that has just ended: `ds` is the day on which the interval started."
    )
    definition = _definition(earliest, cron, zone, at_start=at_start)
    context = _context(cron, zone, at_start=at_start, version=version)
    form = MINUTE if cron.hourly_at is not None else _form(cron)
    return Partitions(definition=definition, comment=comment, context=context, format=form)


def _windows(timetable: Timetable) -> tuple[Cron, str, bool] | None:
    """Cron expression and zone of time windows that are Airflow's runs; whether a run starts with its window."""
    if not isinstance(timetable, CronDataInterval | CronTrigger):
        return None
    at_start = isinstance(timetable, CronTrigger)
    if isinstance(timetable, CronTrigger) and timetable.interval != ZERO:
        return None
    cron, zone = parse_cron(timetable.clock.cron.text), zone_name(timetable.clock.tz)
    return (cron, zone, at_start) if cron is not None and zone and agree(cron, timetable.clock.tz) else None


def _tagged(package: str, timetable: Timetable | None, version: Version) -> Partitions:
    """Dates from the tags of the run."""

    def date(name: str, argument: str = "") -> tuple[str, frozenset[str]]:
        return f"{name}_of(context{argument})", frozenset({f"from {package}.run_dates import {name}_of"})

    start, imports = date("logical_date")
    found = _texts(start, imports, version)
    found |= {name: Expression(text=start, imports=imports) for name in LOGICAL if name not in DATED_STARTS}
    before = _before(timetable)
    text, more = date("data_interval_start", f", before={delta_text(before)}" if before else "")
    more |= frozenset({DELTA_IMPORT}) if before else frozenset()
    found |= {name: Expression(text=text, imports=more) for name in DATED_STARTS}
    text, more = date("data_interval_end")
    found |= {name: Expression(text=text, imports=more) for name in INTERVAL_END}
    return Partitions(definition=None, comment="", context=found)


def _before(timetable: Timetable | None) -> datetime.timedelta:
    """How long the data interval of a run is that is started by hand."""
    match timetable:
        case DeltaDataInterval(delta=delta):
            return delta
        case DeltaTrigger(interval=interval) | CronTrigger(interval=interval):
            return interval
    return ZERO


def _definition(earliest: datetime.datetime, cron: Cron, zone: str, *, at_start: bool) -> str:
    # An end would make the schedule repeat the last partition at every tick after it.
    start = text_literal(_start(earliest, cron, zone))
    named = cron.daily_at is not None or cron.hourly_at is not None
    arguments = [f"start{'_date' if named else ''}={start}"]
    if zone != "UTC":
        arguments.append(f"timezone={text_literal(zone)}")
    if at_start:
        arguments.append("end_offset=1")
    if cron.daily_at is not None:
        hour, minute = cron.daily_at
        arguments += [f"hour_offset={hour}"] * bool(hour) + [f"minute_offset={minute}"] * bool(minute)
        return f"dg.DailyPartitionsDefinition({', '.join(arguments)})"
    if cron.hourly_at is not None:
        arguments += [f"minute_offset={cron.hourly_at}"] * bool(cron.hourly_at)
        return f"dg.HourlyPartitionsDefinition({', '.join(arguments)})"
    head = [f"cron_schedule={text_literal(cron.text)}", f"fmt={text_literal(_form(cron))}"]
    return f"dg.TimeWindowPartitionsDefinition({', '.join([*head, *arguments])})"


def _form(cron: Cron) -> str:
    return DATE if cron.once_a_day_at_most else MINUTE


def _start(earliest: datetime.datetime, cron: Cron, zone: str) -> str:
    """The first partition's earliest start, as the text of a partition, in the partitions' own time zone."""
    moment = earliest.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if moment.second or moment.microsecond:
        moment = moment.replace(second=0, microsecond=0) + datetime.timedelta(minutes=1)
    if cron.once_a_day_at_most and moment.time() > datetime.time(min(cron.hours or {0}), min(cron.minutes or {0})):
        # On that day the time of the tick has passed.
        moment += datetime.timedelta(days=1)
    return moment.strftime(_form(cron))


def _context(cron: Cron, zone: str, *, at_start: bool, version: Version) -> dict[str, Expression]:
    in_utc = zone == "UTC"
    start = START if in_utc else f"{START}.astimezone(timezone.utc)"
    imports = frozenset() if in_utc else frozenset({UTC_IMPORT})
    end = start if at_start else start.replace(START, END)
    found = {name: Expression(text=start, imports=imports) for name in LOGICAL}
    found |= {name: Expression(text=end, imports=imports) for name in INTERVAL_END}
    found |= _texts(start, imports, version)
    if in_utc and cron.once_a_day_at_most:
        found["ds"] = Expression(text="context.partition_key")
    return found


def _texts(start: str, imports: frozenset[str], version: Version) -> dict[str, Expression]:
    """The entries that are the logical date as text."""
    found = {
        name: Expression(text=f"{start}.strftime({text_literal(form)})", imports=imports)
        for name, form in TEXTS.items()
    }
    found["ts"] = Expression(text=f"{start}.isoformat()", imports=imports)
    if version == "2":
        for name, (form, days) in OLD_TEXTS.items():
            text = f"({start} {days}).strftime({text_literal(form)})"
            found[name] = Expression(text=text, imports=imports | {DELTA_IMPORT})
    return found
