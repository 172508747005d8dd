"""When Dagster or Prefect starts runs: ``ENGINE_PYTHON target_schedules.py CASES``; a list of UTC times a case.

A case of Dagster is a cron expression, or partitions (``{"cron", "zone", "start", "end_offset"}``) whose schedule's
ticks have windows; one of Prefect is a cron expression or an interval.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any


def of_dagster(case: dict[str, Any]) -> list[Any]:
    """The ticks between two moments, with the windows of their partitions."""
    from dagster import TimeWindowPartitionsDefinition
    from dagster._core.definitions.partitions.context import partition_loading_context
    from dagster._utils.schedules import cron_string_iterator

    start, until = (datetime.fromisoformat(case[name]) for name in ("start", "until"))
    windows = None
    if "first" in case:
        windows = TimeWindowPartitionsDefinition(
            start=case["first"], fmt="%Y-%m-%d-%H:%M", cron_schedule=case["cron"], timezone=case["zone"],
            end_offset=case["end_offset"],
        )  # fmt: skip
    found: list[Any] = []
    for tick in cron_string_iterator(start.timestamp(), case["cron"], case["zone"]):
        if tick > until:
            return found
        if tick < start:
            continue
        if windows is None:
            found.append(utc(tick))
            continue
        with partition_loading_context(effective_dt=tick):
            window = windows.get_last_partition_window()
        if window is not None:
            found.append([utc(tick), utc(window.start), utc(window.end)])
    return found


def of_prefect(case: dict[str, Any]) -> list[Any]:
    """The starts between two moments."""
    import asyncio

    from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule

    start, until = (datetime.fromisoformat(case[name]) for name in ("start", "until"))
    schedule: Any
    if "seconds" in case:
        anchor = datetime.fromisoformat(case["anchor"])
        schedule = IntervalSchedule(
            interval=timedelta(seconds=case["seconds"]), anchor_date=anchor, timezone=case["zone"]
        )
    else:
        schedule = CronSchedule(cron=case["cron"], timezone=case["zone"])
    return [utc(moment) for moment in asyncio.run(schedule.get_dates(n=900, start=start, end=until))]


def utc(moment: datetime) -> str:
    """A moment's text."""
    return moment.astimezone(timezone.utc).isoformat()  # noqa: UP017 - Python 3.10


if __name__ == "__main__":
    engine, cases = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    sys.stdout.write(
        json.dumps([{"dagster": of_dagster, "prefect": of_prefect}[engine](case) for case in cases]) + "\n"
    )
