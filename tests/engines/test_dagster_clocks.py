"""Where dagport says that Dagster reads a cron expression as Airflow does, it does: random ones, when clocks change."""

from __future__ import annotations

import json
import random
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dagport.semantics.schedules import Restriction, UnknownScheduleError
from dagport.semantics.schedules.cron import parse
from dagport.semantics.schedules.firing import chain_from
from dagport.semantics.schedules.timetables import CronClock, CronDataInterval, CronTrigger
from dagport.writers.common.cron import parse_cron
from dagport.writers.dagster.clocks import agree
from tests.engines.environments import Environment, clean_variables
from tests.engines.schedule_cases import CRONS, random_cron

INSIDE = Path(__file__).with_name("inside") / "dagster_clocks.py"
CHANGES = {  # a moment some hours before the clocks change
    "America/New_York": ("2026-03-07T18:00:00+00:00", "2026-10-31T18:00:00+00:00"),
    "Europe/Paris": ("2026-03-28T12:00:00+00:00", "2026-10-24T12:00:00+00:00"),
    "Australia/Lord_Howe": ("2026-04-04T04:00:00+00:00", "2026-10-03T04:00:00+00:00"),
    "America/Santiago": ("2026-04-04T12:00:00+00:00", "2026-09-05T12:00:00+00:00"),
}
DAYS = 3
NIGHTLY = (
    "0 0 * * *",
    "30 1 * * *",
    "0 1 * * *",
    "0 2 * * *",
    "30 2 * * *",
    "0 3 * * *",
    "*/30 1 * * *",
    "0 1,2 * * *",
)


def cases() -> list[list[str]]:
    """Expressions that are known, and some by a seed, around every change."""
    source = random.Random(7)
    crons = [*NIGHTLY, *(cron for cron in CRONS if parse_cron(cron)), *(random_cron(source) for _ in range(30))]
    found = []
    for zone, moments in CHANGES.items():
        for cron in crons:
            known = parse_cron(cron)
            if known is None or known.months or known.days or not agree(known, ZoneInfo(zone)):
                continue  # what fires on few days takes Dagster minutes to look for
            for moment in moments:
                until = datetime.fromisoformat(moment) + timedelta(days=DAYS)
                found.append([cron, zone, moment, until.isoformat()])
    return found


def expected(cron: str, zone: str, start: str, until: str) -> tuple[list[str], list[list[str]]]:
    """Airflow's runs: when those of the cron itself start, and the data intervals."""
    clock, begin, end = (
        CronClock(parse(cron), ZoneInfo(zone)),
        datetime.fromisoformat(start),
        datetime.fromisoformat(until),
    )
    bounds = Restriction(earliest=begin, catchup=True)
    ticks, windows = [], []
    for fire in chain_from(CronTrigger(clock), bounds, begin):
        if fire.at > end:
            break
        ticks.append(fire.at.isoformat())
    for fire in chain_from(CronDataInterval(clock), bounds, begin):
        if fire.at > end:
            break
        windows.append([moment.isoformat() for moment in fire.data_interval])
    return ticks, windows


@pytest.mark.engine
def test_reads_them_alike(dagster: Environment, record_property: Callable[[str, object], None]) -> None:
    chosen = cases()
    done = subprocess.run(
        [str(dagster.python), str(INSIDE)],
        input=json.dumps(chosen), env=clean_variables(), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    counted: Counter[str] = Counter()
    for case, answer in zip(chosen, answers, strict=True):
        try:
            ticks, windows = expected(*case)
        except UnknownScheduleError:
            counted["refused"] += 1
            continue
        assert answer["ticks"] == ticks, case
        assert answer["windows"] == windows, case
        counted["same"] += 1
    record_property("figures", f"cron expressions when clocks change: {dict(counted)}")
    assert counted["same"] > 60, counted


@pytest.mark.parametrize(
    ("cron", "zone", "alike"),
    [
        ("0 0 * * *", "Europe/Paris", True),
        ("0 2 * * *", "Europe/Paris", True),
        ("30 2 * * *", "Europe/Paris", False),
        ("30 2 * * *", "UTC", True),
        ("30 2 * * 1", "Europe/Paris", True),  # clocks change on Sundays
        ("0 * * * *", "Europe/Paris", True),
        ("0 * * * *", "Australia/Lord_Howe", False),  # by half an hour
        ("0 * * * 1-5", "Europe/Paris", False),
        ("0 0 * * *", "America/Santiago", True),  # at midnight, once a day
        ("*/30 2 * * *", "Europe/Paris", False),
        ("*/30 3 * * *", "Asia/Kolkata", True),  # no changes
    ],
)
def test_which_are_alike(cron: str, zone: str, alike: bool) -> None:
    known = parse_cron(cron)
    assert known is not None
    assert agree(known, ZoneInfo(zone)) == alike
