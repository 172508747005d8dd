"""Airflow 3's timetables of partitioned runs."""

from __future__ import annotations

import pytest

from dagport.graph import Schedule
from dagport.writers.common.partitioned import is_partitioned, without_keys

HOME = "airflow.sdk"


@pytest.mark.parametrize(
    ("schedule", "expected", "partitioned"),
    [
        (
            Schedule(
                kind="timetable",
                class_=f"{HOME}.CronPartitionTimetable",
                args={"0": "0 * * * *", "timezone": "UTC", "run_offset": -1, "key_format": "%Y"},
            ),
            Schedule(
                kind="timetable",
                class_="airflow.timetables.trigger.CronTriggerTimetable",
                args={"0": "0 * * * *", "timezone": "UTC"},
            ),
            True,
        ),
        (Schedule(kind="timetable", class_=f"{HOME}.PartitionedAtRuntime"), Schedule(kind="manual"), True),
        (Schedule(kind="timetable", class_=f"{HOME}.PartitionedAssetTimetable"), None, True),
        (Schedule(kind="timetable", class_=f"{HOME}.CronTriggerTimetable", args={"0": "0 * * * *"}), None, False),
        (Schedule(kind="cron", cron="0 0 * * *"), None, False),
        (Schedule(kind="manual"), None, False),
    ],
)
def test_schedules(schedule: Schedule, expected: Schedule | None, partitioned: bool) -> None:
    assert without_keys(schedule) == (expected or schedule)
    assert is_partitioned(schedule) == partitioned
