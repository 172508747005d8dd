"""Airflow 3's timetables of partitioned runs, as the targets can start them: without the partition's key.

Source: ``airflow/timetables/trigger.py`` and ``simple.py`` of 3.3. A partitioned run has no logical date.
"""

from __future__ import annotations

from dagport.graph import Schedule
from dagport.writers.common.model import Note

CRON, AT_RUNTIME, TRIGGER = "CronPartitionTimetable", "PartitionedAtRuntime", "CronTriggerTimetable"
OF_THE_KEY = ("run_offset", "key_format")
NO_KEY: Note = ("DP403", "the partition key of Airflow's runs isn't carried over")
NO_DATES = "its runs have a partition key of Airflow's, and no dates"


def is_partitioned(schedule: Schedule) -> bool:
    """Whether the runs of a schedule have a partition key instead of dates."""
    return schedule.kind == "timetable" and "Partition" in _class(schedule)


def without_keys(schedule: Schedule) -> Schedule:
    """A schedule that starts runs at the same times: a cron expression's, or none where they are started by hand."""
    name = _class(schedule)
    if name == AT_RUNTIME:
        return Schedule(kind="manual")
    if name != CRON:
        return schedule
    args = {key: value for key, value in (schedule.args or {}).items() if key not in OF_THE_KEY}
    return Schedule(kind="timetable", class_=f"airflow.timetables.trigger.{TRIGGER}", args=args)


def _class(schedule: Schedule) -> str:
    return (schedule.class_ or "").rpartition(".")[2] if schedule.kind == "timetable" else ""
