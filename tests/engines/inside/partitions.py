"""What Dagster makes of cron schedules, for cases on standard input.

    DAGSTER_PYTHON partitions.py < CASES

A case has ``cron``, ``zone``, ``version``, ``start``, ``from`` and ``until``. The answer has ``reason``, or ``windows``
(key, logical date, interval, and the key found again), and ``ticks``: the times at which Dagster's schedule fires.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from dagster._utils.schedules import schedule_execution_time_iterator

from dagport.graph import Pipeline, Schedule
from dagport_adapters.dagster.partitions import alignment_of, data_interval_of, logical_date_of, partition_of


def answer(case: dict[str, Any]) -> dict[str, Any]:
    begin, until = datetime.fromisoformat(case["from"]), datetime.fromisoformat(case["until"])
    found: dict[str, Any] = {"ticks": ticks(case["cron"], case["zone"], begin, until)}
    pipeline = Pipeline(
        id="d", exact=True, schedule=Schedule(kind="cron", cron=case["cron"]), start_date=case["start"],
        timezone=case["zone"], engine_version=case["version"], end_date=case.get("end"),
    )  # fmt: skip
    aligned = alignment_of(pipeline)
    if aligned.partitions is None:
        return {**found, "reason": aligned.reason}
    return {**found, "windows": windows(aligned.partitions, begin, until)}


def windows(partitions: Any, begin: datetime, until: datetime) -> list[list[Any]]:
    keys = partitions.get_partition_keys(current_time=until)
    assert len(set(keys)) == len(keys), "a key that comes twice"
    rows: list[list[Any]] = []
    for key in keys:
        when, interval = logical_date_of(partitions, key), data_interval_of(partitions, key) or ()
        if begin <= when and len(rows) < 60:
            again = [partition_of(partitions, when), partition_of(partitions, when, interval or None)]
            off = [
                partition_of(partitions, when + timedelta(seconds=1)),
                partition_of(partitions, when, (when, when + timedelta(seconds=7))),
            ]
            rows.append([key, when.isoformat(), [moment.isoformat() for moment in interval], again, off])
    return rows


def ticks(cron: str, zone: str, begin: datetime, until: datetime) -> list[str] | str:
    try:
        dg.ScheduleDefinition(name="s", job_name="j", cron_schedule=cron, execution_timezone=zone)
    except dg.DagsterInvalidDefinitionError as error:
        return str(error)[:80]
    found: list[str] = []
    for tick in schedule_execution_time_iterator(begin.timestamp(), cron, zone, ascending=True):
        if tick.timestamp() > until.timestamp():
            return found
        found.append(tick.astimezone(UTC).isoformat())
    return found


if __name__ == "__main__":
    cases = json.load(sys.stdin)
    json.dump([answer(case) for case in cases], sys.stdout)
