"""Airflow's schedules as Prefect's, and the logical date of a scheduled run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from prefect.schedules import Cron, Interval, Schedule

from dagport.graph import Pipeline
from dagport.semantics.schedules import UnknownScheduleError, fires
from dagport.semantics.schedules.model import Version

CRON_FIELDS = 5


class NoScheduleError(ValueError):
    """Prefect can't keep the DAG's schedule; the message says why and what to do."""


def schedule_of(pipeline: Pipeline) -> Schedule | None:
    """The schedule for a deployment of the wrapped flow; ``None`` for a DAG that is only started by hand.

    Raises ``NoScheduleError`` for what Prefect's cron and interval schedules can't say.
    """
    schedule, zone = pipeline.schedule, pipeline.timezone or "UTC"
    if schedule.kind == "manual":
        return None
    if not pipeline.exact:
        raise _refused(pipeline, "the DAG can't be read exactly, and neither its schedule (see `dagport check`)")
    if pipeline.end_date is not None:
        raise _refused(
            pipeline, f"it ends at {pipeline.end_date}, and Prefect's cron and interval schedules have no end"
        )
    if schedule.kind == "cron" and schedule.cron is not None:
        if len(schedule.cron.split()) != CRON_FIELDS:
            raise _refused(pipeline, f"Prefect has no cron with seconds: {schedule.cron}")
        return Cron(schedule.cron, timezone=zone)
    if schedule.kind == "interval" and schedule.seconds is not None:
        if pipeline.start_date is None:
            raise _refused(pipeline, "an interval is counted from the start date, which the DAG doesn't have")
        anchor = datetime.fromisoformat(pipeline.start_date)
        return Interval(timedelta(seconds=schedule.seconds), anchor_date=anchor, timezone=zone)
    raise _refused(pipeline, f"Prefect has none of the kind {schedule.kind}")


def _refused(pipeline: Pipeline, why: str) -> NoScheduleError:
    return NoScheduleError(
        f"{pipeline.id}: Prefect can't keep its schedule: {why}. Leave the schedule to Airflow, or give the deployment "
        "one of its own"
    )


@dataclass(frozen=True, slots=True)
class Slot:
    """Which run of the DAG a moment stands for."""

    logical_date: datetime
    data_interval: tuple[datetime, datetime] | None = None  # None: what the timetable infers


def slot_of(pipeline: Pipeline | None, moment: datetime) -> Slot:
    """The run that Airflow's scheduler would start at a moment; where it would start none, one of that moment."""
    if pipeline is not None:
        try:
            version: Version = "3" if pipeline.engine_version == "3" else "2"
            for fire in fires(pipeline, version=version, start=moment, until=moment):
                return Slot(fire.logical_date, fire.data_interval)
        except UnknownScheduleError:
            pass
    return Slot(moment)
