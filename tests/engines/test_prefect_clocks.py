"""The schedules of deployments, as Prefect itself plans their runs, beside the runs that Airflow starts."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dagport.graph import Pipeline, Schedule
from dagport.semantics.schedules import fires
from dagport.values import Call
from dagport.writers.prefect.when import version_of
from tests.engines.environments import Environment, with_dagport
from tests.writers.dagster.making import bash
from tests.writers.prefect.making import deployment, said, translate

pytestmark = pytest.mark.engine
INSIDE = Path(__file__).parent / "inside" / "prefect_clocks.py"
START, END = "2026-02-20T05:10:00+00:00", "2026-04-10T12:00:00+00:00"
UNTIL = "2026-05-01T00:00:00+00:00"
TRIGGERS = "airflow.timetables.trigger"
SIX_HOURS = Call("datetime.timedelta", (), {"hours": 6})
EVENTS = [
    Call("datetime.datetime.fromisoformat", (f"2026-03-{day:02}T{hour:02}:30:00+02:00",), {})
    for day in range(1, 31)
    for hour in range(0, 24, 2)
]


def cron(text: str) -> Schedule:
    return Schedule(kind="cron", cron=text)


def timetable(name: str, *args: Any, **more: Any) -> Schedule:
    return Schedule(kind="timetable", class_=name, args={**{str(key): arg for key, arg in enumerate(args)}, **more})


SCHEDULES: dict[str, tuple[Schedule, str]] = {
    "daily": (cron("0 0 * * *"), "UTC"),
    "in Tokyo": (cron("30 9 * * 1-5"), "Asia/Tokyo"),
    "day or weekday": (cron("0 6,18 1,15 * 1"), "UTC"),
    "some months": (cron("0,20,40 */8 10-20 3,4 *"), "Asia/Tokyo"),
    "every 5 minutes": (cron("*/5 * * * *"), "UTC"),
    "in Paris, where clocks change at night": (cron("0 6 * * *"), "Europe/Paris"),
    "hours": (Schedule(kind="interval", seconds=5 * 3600), "UTC"),
    "seconds": (Schedule(kind="interval", seconds=90001), "Europe/Paris"),
    "several": (timetable(f"{TRIGGERS}.MultipleCronTriggerTimetable", "5 4 * * *", "0 1 * * 1", timezone="UTC"), "UTC"),
    "with an interval": (
        timetable(f"{TRIGGERS}.CronTriggerTimetable", "5 4 * * *", timezone="UTC", interval=SIX_HOURS),
        "UTC",
    ),
    "once": (Schedule(kind="once"), "UTC"),
    "events": (timetable("airflow.timetables.events.EventsTimetable", event_dates=EVENTS), "UTC"),
}  # fmt: skip


def pipelines() -> list[Pipeline]:
    """Every schedule, for both versions of Airflow, with an end and without."""
    found = []
    for schedule, zone in SCHEDULES.values():
        for version in ("2", "3"):
            if version == "2" and "MultipleCron" in (schedule.class_ or ""):
                continue
            for end in (None, END):
                found.append(
                    Pipeline(
                        id="p", exact=True, schedule=schedule, engine_version=version, timezone=zone, catchup=False,
                        start_date=START, end_date=end, tasks=(bash("a"),),
                    )
                )  # fmt: skip
    return found


def expected(pipeline: Pipeline) -> list[str]:
    start, until = datetime.fromisoformat(START), datetime.fromisoformat(UNTIL)
    return [fire.at.isoformat() for fire in fires(pipeline, version=version_of(pipeline), start=start, until=until)]


def test_prefect_plans_the_runs_of_airflow(prefect_host: Environment, tmp_path: Path) -> None:
    asked: list[tuple[int, dict[str, Any]]] = []
    made = pipelines()
    reported = set()
    for number, pipeline in enumerate(made):
        translation = translate(pipeline)
        if any("`end_date`" in message for message in said(translation, "DP403")):
            reported.add(number)
        for schedule in deployment(translation)["schedules"]:
            # Prefect looks 1000 runs ahead at most.
            for week in range(0, 70, 3):
                start = datetime.fromisoformat(START) + timedelta(days=week)
                until = start + timedelta(days=3) - timedelta(seconds=1)
                asked.append((number, {"schedule": schedule, "start": start.isoformat(), "until": until.isoformat()}))
    cases = tmp_path / "cases.json"
    cases.write_text(json.dumps([case for _, case in asked]), "utf-8")
    answers = json.loads(prefect_host.run([INSIDE, cases], env=with_dagport()).stdout)
    planned: dict[int, set[str]] = {number: set() for number in range(len(made))}
    for (number, _), answer in zip(asked, answers, strict=True):
        planned[number].update(moment for moment in answer if moment <= UNTIL)
    for number, pipeline in enumerate(made):
        wanted = set(expected(pipeline))
        surplus = planned[number] - wanted
        assert wanted <= planned[number], pipeline
        if number in reported:  # it goes on after its end, as the writer says
            surplus = {moment for moment in surplus if moment < max(wanted)}
        if version_of(pipeline) == "2" and (pipeline.end_date is None or number in reported):
            # A deployment that is turned on before the start date runs when the first interval begins, too.
            surplus -= {min(surplus | wanted)}
        assert surplus == set(), pipeline
    assert {made[number].timezone for number in reported} == {"Europe/Paris"}
