"""The runs that Prefect's own schedules plan, for schedules as a deployment has them.

    PREFECT_PYTHON prefect_clocks.py CASES

``CASES`` is a JSON file: a list of ``{"schedule", "start", "until"}``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule

UTC = timezone.utc  # noqa: UP017 - engines have Python 3.10, too
KINDS: dict[str, Any] = {"cron": CronSchedule, "rrule": RRuleSchedule, "interval": IntervalSchedule}


def runs(case: dict[str, Any]) -> list[str]:
    """The moments between two moments, both included."""
    said = dict(case["schedule"])
    kind = next(name for name in KINDS if name in said)
    if kind == "interval":
        said["interval"] = timedelta(seconds=said["interval"])
    start, until = (datetime.fromisoformat(case[name]) for name in ("start", "until"))
    found = asyncio.run(KINDS[kind](**said).get_dates(start=start, end=until))
    return sorted(moment.astimezone(UTC).isoformat() for moment in found)


if __name__ == "__main__":
    json.dump([runs(case) for case in json.loads(Path(sys.argv[1]).read_text("utf-8"))], sys.stdout)
