"""The ticks of cron expressions, and the windows of their partitions, as Dagster has them.

    DAGSTER_PYTHON dagster_clocks.py < CASES

A case is ``[cron, zone, start, until]``; its answer has ``ticks``, and ``windows``: ``[start, end]`` each.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._utils.schedules import schedule_execution_time_iterator


def answer(cron: str, zone: str, start: str, until: str) -> dict[str, Any]:
    """What Dagster does between two moments."""
    begin, end = datetime.fromisoformat(start), datetime.fromisoformat(until)
    moments = schedule_execution_time_iterator(begin.timestamp(), cron, zone, True)
    ticks = [tick.astimezone(UTC).isoformat() for tick in takewhile(lambda tick: tick <= end, moments)]
    partitions = dg.TimeWindowPartitionsDefinition(
        cron_schedule=cron,
        start=begin.astimezone(ZoneInfo(zone)).replace(tzinfo=None),
        timezone=zone,
        fmt="%Y-%m-%d-%H:%M",
    )
    windows = [
        [window.start.astimezone(UTC).isoformat(), window.end.astimezone(UTC).isoformat()]
        for key in partitions.get_partition_keys(current_time=end)
        for window in [partitions.time_window_for_partition_key(key)]
    ]
    return {"ticks": ticks, "windows": windows}


if __name__ == "__main__":
    json.dump([answer(*case) for case in json.load(sys.stdin)], sys.stdout)
