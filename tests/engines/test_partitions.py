"""Dagster's partitions and ticks beside the runs that the model says Airflow starts, around changes of the clocks."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dagport.graph import Pipeline, Schedule
from dagport.semantics.schedules import Fire, UnknownScheduleError, fires
from tests.engines.environments import Environment, clean_variables, with_dagport
from tests.engines.schedule_cases import CRONS

INSIDE = Path(__file__).with_name("inside") / "partitions.py"
CHANGES = {
    "UTC": ("2024-03-31T01:00:00+00:00",),
    "Asia/Kolkata": ("2024-03-31T01:00:00+00:00",),
    "America/Sao_Paulo": ("2018-11-04T03:00:00+00:00",),
    "Europe/Paris": ("2024-03-31T01:00:00+00:00", "2024-10-27T01:00:00+00:00"),
    "America/New_York": ("2024-03-10T07:00:00+00:00", "2024-11-03T06:00:00+00:00"),
    "Australia/Lord_Howe": ("2024-04-06T15:00:00+00:00",),
}
ALIGNED_EVERYWHERE = {"0 0 * * *", "0 9 * * 1-5", "0 0 31 * *", "0 2 * * 0", "0 0 1 */3 *", "0 0 * * 7"} - {"0 2 * * 0"}
NEVER_ALIGNED_IN_PARIS = {"30 2 * * *", "*/30 1-3 * * *", "*/30 * * * 1-5"}


def cases() -> list[dict[str, Any]]:
    found = []
    for zone, changes in CHANGES.items():
        for change, cron in ((change, cron) for change in changes for cron in CRONS if not cron.startswith("@")):
            moment = datetime.fromisoformat(change)
            start, begin, until = ((moment + timedelta(hours=hours)).isoformat() for hours in (-24 * 400, -20, 30))
            near = (moment - timedelta(hours=40)).isoformat()
            versions = [
                {
                    "cron": cron,
                    "zone": zone,
                    "version": version,
                    "start": near,
                    "early": start,
                    "from": begin,
                    "until": until,
                }
                for version in "23"
            ]
            found += versions
    return found


CASES = cases()


@pytest.fixture(scope="module")
def answers(dagster_host: Environment) -> list[dict[str, Any]]:
    done = subprocess.run(
        [str(dagster_host.python), str(INSIDE)],
        input=json.dumps(CASES), env=with_dagport(clean_variables()), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def planned(case: dict[str, Any], start: str) -> list[Fire]:
    pipeline = Pipeline(
        id="d",
        exact=True,
        schedule=Schedule(kind="cron", cron=case["cron"]),
        start_date=case[start],
        timezone=case["zone"],
    )
    begin, until = datetime.fromisoformat(case["from"]), datetime.fromisoformat(case["until"])
    return list(fires(pipeline, version=case["version"], start=begin, until=until))


@pytest.mark.engine
def test_partitions_are_runs(answers: list[dict[str, Any]], record_property: Callable[[str, object], None]) -> None:
    outcomes: Counter[str] = Counter()
    for case, answer in zip(CASES, answers, strict=True):
        if "reason" in answer:
            outcomes["none: " + " ".join(answer["reason"].split()[:3])] += 1
            continue
        begin, until = datetime.fromisoformat(case["from"]), datetime.fromisoformat(case["until"])
        runs = [
            [fire.logical_date.isoformat(), [moment.isoformat() for moment in fire.data_interval]]
            for fire in planned(case, "start")
            if fire.logical_date >= begin
        ]
        windows = [row for row in answer["windows"] if datetime.fromisoformat(row[2][1]) <= until]
        assert [row[1:3] for row in windows] == runs[: len(windows)], case
        assert len(windows) == min(len(runs), 60), case
        for key, _, _, again, off in answer["windows"]:
            assert again == [key, key], case
            assert off == [None, None], case
        outcomes["aligned"] += 1
        outcomes["keys"] += len(windows)
    record_property("figures", f"partitions around clock changes: {dict(outcomes)}")
    assert outcomes["aligned"] > len(CASES) / 2


@pytest.mark.engine
def test_what_can_be_aligned_is(answers: list[dict[str, Any]]) -> None:
    refused = {(case["cron"], case["zone"]) for case, answer in zip(CASES, answers, strict=True) if "reason" in answer}
    assert not {cron for cron, _ in refused} & ALIGNED_EVERYWHERE
    assert {(cron, "Europe/Paris") for cron in NEVER_ALIGNED_IN_PARIS} <= refused
    assert not {cron for cron, zone in refused if zone == "UTC" and len(cron.split()) == 5} & {
        "*/7 * * * *",
        "30 2 * * *",
    }


@pytest.mark.engine
def test_ticks_of_schedules(answers: list[dict[str, Any]], record_property: Callable[[str, object], None]) -> None:
    """Where Dagster's schedule of a cron fires at other times than Airflow's DAG: only around changes of the clocks."""
    outcomes: Counter[str] = Counter()
    different = set()
    for case, answer in zip(CASES, answers, strict=True):
        if isinstance(answer["ticks"], str):
            outcomes["Dagster refuses it"] += 1
            continue
        try:
            runs = [fire.at.isoformat() for fire in planned(case, "early")]
        except UnknownScheduleError:
            outcomes["Airflow gets stuck"] += 1
            continue
        outcomes["same" if runs == answer["ticks"] else "different"] += 1
        if runs != answer["ticks"]:
            different.add((case["cron"], case["zone"]))
    record_property("figures", f"ticks around clock changes: {dict(outcomes)}; {sorted(different)}")
    assert not {cron for cron, zone in different if zone in ("UTC", "Asia/Kolkata")}
    assert ("30 2 * * *", "Europe/Paris") in different  # 03:00 in Dagster, 03:30 in Airflow
    assert not {cron for cron, _ in different} & {"0 0 31 * *", "0 9 * * 1-5"}
