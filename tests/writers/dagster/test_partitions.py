"""Partitions definitions, and why there is none. What they do is tested in ``test_in_dagster``."""

from __future__ import annotations

import pytest

from dagport.graph import Schedule
from dagport.writers.dagster.partitions import Partitions, partitions_of
from tests.writers.dagster.making import bash, pipeline

START = "2026-01-01T00:00:00+00:00"


def definition(cron: str, start: str = START, zone: str = "UTC", version: str = "3") -> str:
    schedule = Schedule(kind="cron", cron=cron)
    found = partitions_of(
        pipeline(bash("a"), schedule=schedule, start_date=start, timezone=zone, engine_version=version)
    )
    return (
        str(found.definition).removeprefix("dg.").replace("PartitionsDefinition", "")
        if isinstance(found, Partitions)
        else found
    )


@pytest.mark.parametrize(
    ("cron", "start", "zone", "text"),
    [
        ("0 0 * * *", START, "UTC", 'Daily(start_date="2026-01-01", end_offset=1)'),
        (
            "0 0 * * *",
            "2026-01-01T06:00:00+00:00",
            "UTC",
            'Daily(start_date="2026-01-02", end_offset=1)',
        ),
        (
            "30 6 * * *",
            "2026-01-01T06:30:00+00:00",
            "UTC",
            'Daily(start_date="2026-01-01", end_offset=1, hour_offset=6, minute_offset=30)',
        ),
        (
            "30 6 * * *",
            "2026-01-01T06:30:01+00:00",
            "UTC",
            'Daily(start_date="2026-01-02", end_offset=1, hour_offset=6, minute_offset=30)',
        ),
        (
            "0 0 * * *",
            "2025-12-31T23:00:00+00:00",
            "Europe/Paris",
            'Daily(start_date="2026-01-01", timezone="Europe/Paris", end_offset=1)',
        ),
        (
            "15 * * * *",
            START,
            "UTC",
            'Hourly(start_date="2026-01-01-00:00", end_offset=1, minute_offset=15)',
        ),
        (
            "0 */6 * * *",
            "2026-01-01T05:59:30+00:00",
            "UTC",
            'TimeWindow(cron_schedule="0 */6 * * *", fmt="%Y-%m-%d-%H:%M", start="2026-01-01-06:00", end_offset=1)',
        ),
        (
            "0 9 * * 1-5",
            START,
            "UTC",
            'TimeWindow(cron_schedule="0 9 * * 1-5", fmt="%Y-%m-%d", start="2026-01-01", end_offset=1)',
        ),
    ],
)
def test_definition(cron: str, start: str, zone: str, text: str) -> None:
    assert definition(cron, start, zone) == text


def test_up_to_airflow_2_a_run_comes_after_its_partition() -> None:
    assert definition("0 0 * * *", version="2") == 'Daily(start_date="2026-01-01")'


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"schedule": Schedule(kind="assets", assets=("a",))}, "has no dates"),
        ({"schedule": Schedule(kind="opaque", text="x()")}, "isn't known"),
        ({"schedule": Schedule(kind="timetable", class_="mine.Timetable")}, "is code"),
        ({"timezone": "Mars/Base"}, "no time zone"),
    ],
)
def test_none(fields: dict[str, object], why: str) -> None:
    values: dict[str, object] = {"schedule": Schedule(kind="cron", cron="0 0 * * *"), **fields}
    found = partitions_of(pipeline(bash("a"), **values))  # type: ignore[arg-type]
    assert isinstance(found, str)
    assert why in found


@pytest.mark.parametrize(
    "fields",
    [
        {"schedule": Schedule(kind="manual")},
        {"schedule": Schedule(kind="interval", seconds=60)},
        {"schedule": Schedule(kind="once")},
        {"schedule": Schedule(kind="continuous")},
        {"schedule": Schedule(kind="cron", cron="0 0 L * *")},
        {"schedule": Schedule(kind="cron", cron="30 2 * * *"), "timezone": "Europe/Paris"},
        {"start_date": None},
    ],
)
def test_dates_of_the_run_itself(fields: dict[str, object]) -> None:
    values: dict[str, object] = {"schedule": Schedule(kind="cron", cron="0 0 * * *"), **fields}
    found = partitions_of(pipeline(bash("a"), **values))  # type: ignore[arg-type]
    assert isinstance(found, Partitions)
    assert found.definition is None
    assert found.context["ds"].text == 'logical_date_of(context).strftime("%Y-%m-%d")'


def test_a_run_by_hand_has_the_interval_before_it() -> None:
    schedule = Schedule(kind="interval", seconds=7200)
    found = partitions_of(pipeline(bash("a"), schedule=schedule, engine_version="2"))
    assert isinstance(found, Partitions)
    assert found.context["data_interval_start"].text == "data_interval_start_of(context, before=timedelta(hours=2))"


def test_dates_that_only_old_versions_have() -> None:
    old, new = (
        partitions_of(pipeline(bash("a"), schedule=Schedule(kind="cron", cron="0 0 * * *"), engine_version=version))
        for version in ("2", "3")
    )
    assert isinstance(old, Partitions)
    assert isinstance(new, Partitions)
    assert set(old.context) - set(new.context) == {
        "yesterday_ds",
        "yesterday_ds_nodash",
        "tomorrow_ds",
        "tomorrow_ds_nodash",
    }
