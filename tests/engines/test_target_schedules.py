"""The models of Dagster's and Prefect's schedules, beside the engines, in time zones whose clocks change."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dagport.semantics.schedules import UnknownScheduleError
from dagport.semantics.schedules.dagster import TimeWindows, partition_ticks, schedule_ticks
from dagport.semantics.schedules.prefect import cron_runs, interval_runs
from tests.engines.environments import Environment, with_dagport

pytestmark = pytest.mark.engine
INSIDE = Path(__file__).with_name("inside") / "target_schedules.py"
ZONES = ("UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo")
CRONS = ("0 0 * * *", "30 2 * * *", "0 3 * * *", "15 * * * *", "*/20 * * * *", "0 6 * * 1-5", "30 1 * * 0", "0 2 1 * *",
         "0 0 1 */3 *", "*/10 8-18 * * 1-5", "0 0 31 * *", "0 */6 * * *", "0 9 1 * 1")  # fmt: skip
SPANS = (("2026-03-05T05:10:00+00:00", 28), ("2026-10-20T00:00:00+00:00", 14))
SLOW = ("*/20 * * * *", "*/10 8-18 * * 1-5", "15 * * * *")  # partitions of these
FIRST = "2026-02-20-00:00"


def spans() -> list[dict[str, Any]]:
    return [
        {"start": start, "until": (datetime.fromisoformat(start) + timedelta(days=days)).isoformat()}
        for start, days in SPANS
    ]


CRON_CASES = [{"cron": cron, "zone": zone, **span} for cron in CRONS for zone in ZONES for span in spans()]
WINDOW_CASES = [
    {**case, "first": FIRST, "end_offset": offset}
    for case in CRON_CASES
    for offset in (0, 1)
    if case["cron"] not in SLOW
]
INTERVAL_CASES = [
    {"seconds": seconds, "anchor": anchor, "zone": zone, **span}
    for seconds in (3600, 5400, 86400, 100000)
    for anchor in ("2026-01-01T00:00:00+00:00", "2026-03-25T06:30:00+00:00")
    for zone in ZONES
    for span in spans()
]


def asked(engine: Environment, name: str, cases: list[dict[str, Any]], folder: Path) -> list[Any]:
    path = folder / "cases.json"
    path.write_text(json.dumps([name, cases]), "utf-8")
    done = engine.run([INSIDE, path], env=with_dagport())
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def modelled(case: dict[str, Any], name: str) -> list[Any] | None:
    start, until = (datetime.fromisoformat(case[key]) for key in ("start", "until"))
    try:
        if "first" in case:
            first = datetime.strptime(case["first"], "%Y-%m-%d-%H:%M")
            windows = TimeWindows(cron=case["cron"], timezone=case["zone"], start=first, end_offset=case["end_offset"])
            ticks = list(partition_ticks(windows, start, until))
            return [[tick.at.isoformat(), *(one.isoformat() for one in tick.window or ())] for tick in ticks]
        if "seconds" in case:
            anchor = datetime.fromisoformat(case["anchor"])
            runs = interval_runs(timedelta(seconds=case["seconds"]), anchor, case["zone"], start, until)
        elif name == "prefect":
            runs = cron_runs(case["cron"], case["zone"], start, until)
        else:
            runs = (tick.at for tick in schedule_ticks(case["cron"], case["zone"], start, until))
        return [moment.isoformat() for moment in runs]
    except UnknownScheduleError:
        return None


def check(cases: list[dict[str, Any]], answers: list[Any], name: str, most_unknown: int) -> None:
    unknown = 0
    for case, answer in zip(cases, answers, strict=True):
        found = modelled(case, name)
        unknown += found is None
        # The server gives no more than 900 at once.
        assert found is None or found[:900] == answer[:900], case
    assert unknown <= most_unknown, f"{unknown} of {len(cases)}"


def test_dagster(dagster_host: Environment, tmp_path: Path) -> None:
    cases = [*CRON_CASES, *WINDOW_CASES]
    check(cases, asked(dagster_host, "dagster", cases, tmp_path), "dagster", 45)


def test_prefect(prefect_host: Environment, tmp_path: Path) -> None:
    cases = [*CRON_CASES, *INTERVAL_CASES]
    check(cases, asked(prefect_host, "prefect", cases, tmp_path), "prefect", 120)
