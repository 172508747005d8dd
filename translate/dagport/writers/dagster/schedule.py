"""The job of a pipeline and its schedule."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import available_timezones

from dagport.graph import Pipeline
from dagport.writers.common.cron import parse_cron
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Note
from dagport.writers.dagster.naming import TAG_KEY

REASONS = {
    "interval": "it runs some time after the run before, and a cron expression goes by the clock; write a sensor",
    "once": "a run that happens once is launched by hand, or by a sensor",
    "continuous": "the next run starts when one has ended; write a run status sensor",
    "assets": "it runs when assets are updated; use an AutomationCondition or an asset sensor",
    "timetable": "a timetable is code; write a sensor or a @dg.schedule",
    "opaque": "the schedule isn't known",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The asset job of a pipeline."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSchedule:
    """A schedule in source form."""

    name: str
    text: str
    comment: str | None = None


def job_of(pipeline: Pipeline, name: str, prefix: str) -> tuple[Job, tuple[Note, ...]]:
    """The job that runs the pipeline's assets, and what it can't say."""
    arguments = [f"name={text_literal(name)}", f"selection=dg.AssetSelection.key_prefixes({text_literal(prefix)})"]
    if pipeline.description:
        arguments.append(f"description={text_literal(pipeline.description)}")
    tags, metadata = _tags(pipeline)
    notes = [*_limits(pipeline)]
    if pipeline.dagrun_timeout_s is not None:
        tags["dagster/max_runtime"] = f"{pipeline.dagrun_timeout_s:g}"
        notes.append(
            (
                "DP403",
                "`dagrun_timeout` is the tag dagster/max_runtime: enable run monitoring in dagster.yaml for it",
            )
        )
    if tags:
        arguments.append(
            f"tags={{{', '.join(f'{text_literal(key)}: {text_literal(value)}' for key, value in tags.items())}}}"
        )
    if pipeline.id != name:
        metadata = {"airflow/dag_id": text_literal(pipeline.id), **metadata}
    if metadata:
        arguments.append(
            f"metadata={{{', '.join(f'{text_literal(key)}: {value}' for key, value in metadata.items())}}}"
        )
    return Job(name=name, arguments=tuple(arguments)), tuple(notes)


def _tags(pipeline: Pipeline) -> tuple[dict[str, str], dict[str, str]]:
    """Tags that Dagster takes, and the others as metadata."""
    tags = {tag: "" for tag in pipeline.tags if TAG_KEY.match(tag) and not tag.startswith("dagster/")}
    others = [tag for tag in pipeline.tags if tag not in tags]
    return tags, {"airflow/tags": f"[{', '.join(map(text_literal, others))}]"} if others else {}


def _limits(pipeline: Pipeline) -> list[Note]:
    notes: list[Note] = []
    if pipeline.max_active_runs is not None:
        advice = "set concurrency.runs.tag_concurrency_limits in dagster.yaml"
        notes.append(("DP403", f"`max_active_runs={pipeline.max_active_runs:g}` isn't carried over: {advice}"))
    if pipeline.max_active_tasks is not None:
        advice = "set the executor's max_concurrent"
        notes.append(("DP403", f"`max_active_tasks={pipeline.max_active_tasks:g}` isn't carried over: {advice}"))
    for event in pipeline.callbacks:
        advice = "use @dg.run_failure_sensor or @dg.run_status_sensor"
        notes.append(("DP403", f"the DAG's callback `{event}` isn't carried over: {advice}"))
    return notes


def schedule_of(
    pipeline: Pipeline, job: str, name: str, *, partitioned: bool
) -> tuple[WrittenSchedule | None, tuple[Note, ...]]:
    """The schedule, or none, and why."""
    schedule = pipeline.schedule
    if schedule.kind == "manual":
        return None, ()
    if schedule.kind != "cron" or schedule.cron is None:
        return None, (("DP407", f"no schedule was written: {REASONS.get(schedule.kind, 'it has no form in Dagster')}"),)
    cron = parse_cron(schedule.cron)
    if cron is None:
        return None, (
            ("DP407", f"no schedule was written: Dagster may read {schedule.cron!r} differently, or refuses it"),
        )
    zone = pipeline.timezone or "UTC"
    if zone not in available_timezones():
        return None, (("DP407", f"no schedule was written: Dagster wants an IANA time zone, not {zone!r}"),)
    notes = _catch_up(pipeline, partitioned=partitioned)
    head = [f"name={text_literal(name)}"] * (name != f"{job}_schedule")
    if partitioned:
        text = f"dg.build_schedule_from_partitioned_job({', '.join([job, *head])})"
        return WrittenSchedule(name=name, text=text), notes
    arguments = [
        *head,
        f"job={job}",
        f"cron_schedule={text_literal(cron.text)}",
        f"execution_timezone={text_literal(zone)}",
    ]
    text = f"dg.ScheduleDefinition({', '.join(arguments)})"
    return WrittenSchedule(name=name, text=text, comment=_period(pipeline)), notes


def _period(pipeline: Pipeline) -> str | None:
    """A schedule without partitions has no first and last day: whoever turns it on decides."""
    start, end = pipeline.start_date, pipeline.end_date
    if start is None and end is None:
        return None
    parts = [f"from {start}"] * (start is not None) + [f"until {end}"] * (end is not None)
    return f"In Airflow it runs {' '.join(parts)}; here it runs while it is turned on."


def _catch_up(pipeline: Pipeline, *, partitioned: bool) -> tuple[Note, ...]:
    notes: list[Note] = []
    default = pipeline.engine_version != "3"  # `catchup_by_default`
    if pipeline.catchup or (pipeline.catchup is None and default):
        how = "launch a backfill of the job's partitions" if partitioned else "the runs in between have no partitions"
        notes.append(("DP403", f"`catchup` isn't carried over: {how}"))
    if pipeline.end_date is not None:
        notes.append(("DP403", f"`end_date` isn't carried over: turn the schedule off at {pipeline.end_date}"))
    return tuple(notes)
