"""Partitions: how a run's dates are carried over, where the code asks for them.

A scheduled run of Airflow belongs to one tick of the cron expression, its logical date. With Airflow 3 that is
the tick that starts the run and the data interval has no length (``CronTriggerTimetable``); up to Airflow 2 the
run starts at the end of an interval that begins at the logical date (``CronDataIntervalTimetable``). In both
cases the logical date is the start of a partition; with ``end_offset=1`` the partition exists, and is run, at
its start. Seen by evaluating the ticks of ``dg.build_schedule_from_partitioned_job``.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, available_timezones

from dagport.graph import Pipeline
from dagport.writers.common.cron import Cron, parse_cron
from dagport.writers.common.dates import DATE, INTERVAL_END, LOGICAL, OLD_TEXTS, TEXTS
from dagport.writers.common.literals import text_literal

MINUTE = "%Y-%m-%d-%H:%M"
START = "context.partition_time_window.start"
END = "context.partition_time_window.end"
UTC_IMPORT = "from datetime import timezone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """Source in place of a context entry, and the imports it needs."""

    text: str
    imports: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Partitions:
    """The partitions of a pipeline's assets."""

    definition: str  # source of the partitions definition
    comment: str
    context: Mapping[str, Expression]  # context entry -> expression on ``context``


def partitions_of(pipeline: Pipeline) -> Partitions | str:
    """The partitions of a pipeline, or why its dates can't be carried over."""
    schedule = pipeline.schedule
    if schedule.kind != "cron" or schedule.cron is None:
        return "only the runs of a cron schedule have dates that partitions give"
    cron = parse_cron(schedule.cron)
    if cron is None:
        return f"Dagster may read the cron expression {schedule.cron!r} differently"
    if pipeline.start_date is None:
        return "without a start_date there is no first partition"
    zone = pipeline.timezone or "UTC"
    if zone not in available_timezones():
        return f"Dagster wants an IANA time zone, not {zone!r}"
    at_start = pipeline.engine_version == "3"
    definition = _definition(pipeline, cron, zone, at_start=at_start)
    comment = (
        "A run handles the partition that starts when it starts, as with Airflow 3: `ds` is the day of the run."
        if at_start
        else "A run handles the partition that has just ended: `ds` is the day on which the interval started."
    )
    return Partitions(definition=definition, comment=comment, context=_context(cron, zone, at_start=at_start))


def _definition(pipeline: Pipeline, cron: Cron, zone: str, *, at_start: bool) -> str:
    # An end would make the schedule repeat the last partition at every tick after it.
    start = text_literal(_start(pipeline.start_date or "", cron, zone))
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


def _start(iso: str, cron: Cron, zone: str) -> str:
    """The first partition's earliest start, as the text of a partition, in the partitions' own time zone."""
    moment = datetime.datetime.fromisoformat(iso)
    if moment.tzinfo is not None:
        moment = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if moment.second or moment.microsecond:
        moment = moment.replace(second=0, microsecond=0) + datetime.timedelta(minutes=1)
    if cron.once_a_day_at_most and moment.time() > datetime.time(min(cron.hours or {0}), min(cron.minutes or {0})):
        # On that day the time of the tick has passed.
        moment += datetime.timedelta(days=1)
    return moment.strftime(_form(cron))


def _context(cron: Cron, zone: str, *, at_start: bool) -> dict[str, Expression]:
    in_utc = zone == "UTC"
    start = START if in_utc else f"{START}.astimezone(timezone.utc)"
    imports = frozenset() if in_utc else frozenset({UTC_IMPORT})
    end = start if at_start else start.replace(START, END)
    found = {name: Expression(text=start, imports=imports) for name in LOGICAL}
    found |= {name: Expression(text=end, imports=imports) for name in INTERVAL_END}
    for name, form in TEXTS.items():
        found[name] = Expression(text=f"{start}.strftime({text_literal(form)})", imports=imports)
    if not at_start:
        delta = imports | {"from datetime import timedelta"}
        for name, (form, days) in OLD_TEXTS.items():
            text = f"({start} {days}).strftime({text_literal(form)})"
            found[name] = Expression(text=text, imports=delta)
    found["ts"] = Expression(text=f"{start}.isoformat()", imports=imports)
    if in_utc and cron.once_a_day_at_most:
        found["ds"] = Expression(text="context.partition_key")
    return found
