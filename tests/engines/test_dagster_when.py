"""Generated schedules in real Dagster: their runs, also when clocks change, are those of the model of Airflow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dagport.graph import Asset, FileGraph, Pipeline, Schedule, Task
from dagport.semantics.schedules import fires
from dagport.semantics.schedules.model import Version
from dagport.source import Source
from dagport.translation import Document, WriteOptions
from dagport.values import Call
from dagport.writers.dagster import write
from tests.cases import write_project
from tests.engines.environments import Environment
from tests.writers.dagster.making import bash, module, pipeline, python, translate

TICKS = Path(__file__).with_name("inside") / "dagster_ticks.py"
SOURCE = """
def dated(ds, data_interval_end):
    return [ds, data_interval_end.isoformat()]


def plain():
    return 1
"""
ASLEEP = 300  # seconds after which a sensor counts as asleep
STEP = 240  # seconds between two looks of a sensor
FORMS = ("dg.ScheduleDefinition", "dg.build_schedule_from_partitioned_job", "timetable_sensor")
PLAIN, PARTITIONED, SENSOR = FORMS


@dataclass(frozen=True)
class Case:
    """A pipeline, the days that are looked at, and the form that is expected."""

    name: str
    form: str
    schedule: Schedule
    start: str  # of the horizon
    days: float
    version: Version = "3"
    zone: str = "UTC"
    dated: bool = False
    begins: str | None = None  # the start date, else the start of the horizon
    ends: str | None = None
    catchup: bool | None = False
    step: int = STEP

    @property
    def pipeline(self) -> Pipeline:
        return pipeline(
            python(SOURCE, "dated" if self.dated else "plain"),
            id=self.name,
            schedule=self.schedule,
            engine_version=self.version,
            timezone=self.zone,
            start_date=self.begins or self.start,
            end_date=self.ends,
            catchup=self.catchup,
        )

    @property
    def horizon(self) -> tuple[datetime, datetime]:
        start = datetime.fromisoformat(self.start)
        return start, start + timedelta(days=self.days)


def cron(text: str) -> Schedule:
    return Schedule(kind="cron", cron=text)


def timetable(name: str, *given: Any, **options: Any) -> Schedule:
    args = {**{str(index): value for index, value in enumerate(given)}, **options}
    return Schedule(kind="timetable", class_=f"airflow.timetables.any.{name}", args=args)


def delta(**parts: float) -> Call:
    return Call("datetime.timedelta", (), parts)


SPRING, AUTUMN, SUMMER = "2026-03-06T12:00:00+00:00", "2026-10-30T12:00:00+00:00", "2026-06-01T00:00:00+00:00"
NEW_YORK = "America/New_York"
AT_CHANGES = {  # whether Dagster's own ticks and partitions are Airflow's runs
    "daily": ("0 0 * * *", True),
    "nine": ("15 9 * * *", True),
    "at_two": ("0 2 * * *", True),
    "half_past_two": ("30 2 * * *", False),
    "half_past_one": ("30 1 * * *", True),
    "hourly": ("0 * * * *", True),
    "every_quarter": ("*/15 * * * *", True),
    "six_hours": ("0 */6 * * *", True),
    "weekdays": ("15 * * * 1-5", False),
    "night": ("*/30 1-3 * * *", False),
}
VERSIONS: tuple[tuple[Version, bool], ...] = (("3", False), ("3", True), ("2", True))
CLOCKS = [
    Case(
        name=f"{name}_{when}_{version}_{'dated' if dated else 'plain'}",
        form=(PARTITIONED if dated else PLAIN) if alike else SENSOR,
        schedule=cron(text),
        start=start,
        days=5,
        version=version,
        zone=NEW_YORK,
        dated=dated,
    )
    for name, (text, alike) in AT_CHANGES.items()
    for when, start in (("spring", SPRING), ("autumn", AUTUMN))
    for version, dated in VERSIONS
    if (name, when, version) != ("weekdays", "autumn", "2")  # Airflow itself doesn't get past that day
]
JUNE_FOURTH, MAY_TENTH, MAY_FIRST = (
    "2026-06-04T00:00:00+00:00",
    "2026-05-10T00:00:00+00:00",
    "2026-05-01T00:00:00+00:00",
)
FUTURE, LATER_THEN = "2090-06-01T00:00:00+00:00", "2090-06-03T07:00:00+00:00"
EVENTS = ["2026-06-02T03:00:00+00:00", "2026-06-01T09:00:00+00:00"]
TWO = timetable("MultipleCronTriggerTimetable", "0 1 * * *", "0 1,2 * * 1", timezone="UTC")
DAY_BEFORE = timetable("CronTriggerTimetable", "0 6 * * *", timezone=NEW_YORK, interval=delta(days=1))
WITH_INTERVAL = timetable("CronDataIntervalTimetable", "0 6 * * *", NEW_YORK)
SEVEN_HOURS = timetable("DeltaTriggerTimetable", delta(hours=7), interval=delta(hours=7))
SIX, HOURS, DAYS = cron("0 6 * * *"), Schedule(kind="interval", seconds=5400), Schedule(kind="interval", seconds=86400)
OTHERS = [
    Case("weekly", PARTITIONED, cron("0 6 * * 1"), SUMMER, 30, dated=True),
    Case("weekly_2", PARTITIONED, cron("0 6 * * 1"), SUMMER, 30, "2", dated=True),
    Case("plain_2", PLAIN, cron("0 6 * * 1-5"), SUMMER, 20, "2", begins=MAY_FIRST),
    Case("two_crons", PLAIN, TWO, SUMMER, 20),
    Case("two_crons_dated", SENSOR, TWO, SUMMER, 8, dated=True),
    Case("interval_before", SENSOR, DAY_BEFORE, SPRING, 4, dated=True),
    Case("data_interval_3", PARTITIONED, WITH_INTERVAL, SPRING, 4, dated=True),
    Case("six_fields", SENSOR, cron("0 6 * * * 30"), SUMMER, 2),
    Case("last_day", SENSOR, cron("0 6 l * *"), "2026-02-25T00:00:00+00:00", 6),
    Case("second_monday", SENSOR, cron("0 6 * * mon#2"), SUMMER, 15, step=290),
    Case("delta_3", SENSOR, HOURS, SPRING, 2, dated=True),
    Case("delta_2", SENSOR, HOURS, SPRING, 2, "2", dated=True, catchup=True),
    Case("delta_trigger", SENSOR, SEVEN_HOURS, SPRING, 3),
    Case("once", SENSOR, Schedule(kind="once"), SUMMER, 1, begins="2026-06-01T07:30:00+00:00"),
    Case("events", SENSOR, timetable("EventsTimetable", EVENTS), SUMMER, 2),
    Case("begins_later", PARTITIONED, SIX, SUMMER, 6, dated=True, begins="2026-06-03T07:00:00+00:00"),
    Case("begins_in_the_future", PLAIN, SIX, FUTURE, 6, begins=LATER_THEN),
    Case("ends", PLAIN, SIX, SUMMER, 6, ends=JUNE_FOURTH),
    Case("ends_2", PLAIN, SIX, SUMMER, 8, "2", begins=MAY_FIRST, ends=JUNE_FOURTH),
    Case("ends_dated", SENSOR, SIX, SUMMER, 6, dated=True, ends="2026-06-04T06:00:00+00:00"),
    Case("ends_delta", SENSOR, HOURS, SUMMER, 1, ends="2026-06-01T10:00:00+00:00"),
    Case("catches_up", SENSOR, SIX, SUMMER, 20, catchup=True, begins=MAY_TENTH, step=86400),
    Case(
        "catches_up_dated", SENSOR, cron("0 0 * * *"), SUMMER, 20, "2", NEW_YORK, dated=True, catchup=True,
        begins="2025-10-10T00:00:00+00:00", step=86400,
    ),
    Case("missed", SENSOR, cron("0 * * * * 0"), SUMMER, 4, step=86400 + 1800),
    Case("catches_up_delta", SENSOR, DAYS, SUMMER, 3, catchup=True, begins=MAY_TENTH),
]  # fmt: skip
CASES = [*CLOCKS, *OTHERS]


@pytest.fixture(scope="module")
def found(dagster: Environment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[Any]]]:
    """What real Dagster runs for all cases: one project, one process."""
    project = write_project(
        translate(*(case.pipeline for case in CASES), source=SOURCE), tmp_path_factory.mktemp("when")
    )
    horizons = {case.name: [*(moment.isoformat() for moment in case.horizon), case.step] for case in CASES}
    answer: dict[str, list[list[Any]]] = json.loads(dagster.run([TICKS, project, json.dumps(horizons)]).stdout)
    return answer


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_has_the_form(case: Case) -> None:
    text = module(translate(case.pipeline, source=SOURCE), case.name)
    assert [form for form in FORMS if f"{form}(" in text] == [case.form]


@pytest.mark.engine
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_runs_when_airflow_does(case: Case, found: dict[str, list[list[Any]]]) -> None:
    start, until = case.horizon
    begin = min(start, datetime.fromisoformat(case.begins)) if case.catchup and case.begins else start
    expected = [
        [fire.at.isoformat(), fire.logical_date.isoformat(), *(moment.isoformat() for moment in fire.data_interval)]
        for fire in fires(case.pipeline, version=case.version, start=begin, until=until)
    ]
    runs = found[case.name]
    assert expected, "the case shows nothing"
    if case.form == PLAIN:
        assert [run[0] for run in runs] == [run[0] for run in expected]
    elif case.form == PARTITIONED:
        assert runs == expected
    else:
        looked = until - (until - start) % timedelta(seconds=case.step)
        expected = [run for run in expected if datetime.fromisoformat(run[0]) <= looked]
        if case.step > ASLEEP and not case.catchup:
            # What it has missed is left out, but for the last run.
            looks = [start + timedelta(seconds=case.step) * number for number in range((until - start).days + 1)]
            expected = [
                [run for run in expected if datetime.fromisoformat(run[0]) <= look][-1]
                for look in looks
                if look <= until
            ]
        assert [run[1:] for run in runs] == [run[1:] for run in expected]
        if begin == start and case.step <= ASLEEP:
            for run, planned in zip(runs, expected, strict=True):
                late = datetime.fromisoformat(run[0]) - datetime.fromisoformat(planned[0])
                assert timedelta() <= late < timedelta(seconds=case.step)


# Assets, and dates that are tags


UPDATES = """
import time


def fails():
    raise ValueError("no good")


def sleeps():
    time.sleep(60)
    return "too late"


def dates(logical_date, data_interval_start, data_interval_end, ts):
    return [logical_date.isoformat(), data_interval_start.isoformat(), data_interval_end.isoformat(), ts]
"""
ASSETS = tuple(Asset(name=name, uri=f"s3://lake/{name}") for name in ("x", "y", "elsewhere"))
TRIGGER = "airflow.providers.standard.operators.trigger_dagrun.TriggerDagRunOperator"
WAIT = "airflow.providers.standard.sensors.external_task.ExternalTaskSensor"
TAGS = {
    "airflow/logical_date": "2026-05-01T00:00:00+00:00",
    "airflow/data_interval_start": "2026-05-01T00:00:00+00:00",
    "airflow/data_interval_end": "2026-05-01T04:00:00+00:00",
}


def waiting(name: str, condition: str, *assets: str) -> Pipeline:
    return pipeline(bash("use"), id=name, schedule=Schedule(kind="assets", assets=assets, condition=condition))


def wait(timeout: float, **arguments: Any) -> Task:
    return Task(id="wait", operator=WAIT, kind="wait", arguments={"timeout": timeout, "poke_interval": 1, **arguments})


@pytest.mark.engine
def test_waits_for_other_jobs(dagster: Environment, tmp_path: Path) -> None:
    """A wait ends well when the run of the same logical date has done what it waits for, and else at its timeout."""
    delta, day = Schedule(kind="interval", seconds=14400), cron("0 0 * * *")
    before = Call("datetime.timedelta", (), {"days": 1})
    pipelines = (
        pipeline(wait(0, external_dag_id="source", external_task_id="b"), id="by_task", schedule=delta),
        pipeline(wait(0, external_dag_id="source"), id="by_run", schedule=delta),
        pipeline(bash("b"), bash("c", "exit 1"), id="source", schedule=delta),
        pipeline(wait(0, external_dag_id="parts", execution_delta=before), id="day_before", schedule=day),
        pipeline(bash("b"), id="parts", schedule=day),
    )
    project = write_project(translate(*pipelines), tmp_path)
    other = {**TAGS, "airflow/logical_date": "2026-05-01T04:00:00+00:00"}
    runs: list[list[Any]] = [
        ["by_task", TAGS],
        ["source", TAGS],  # of its tasks one succeeds
        ["by_task", TAGS],
        ["by_task", other],
        ["by_run", TAGS],
        ["parts", {}, "2026-05-01"],
        ["day_before", {}, "2026-05-01"],
        ["day_before", {}, "2026-05-02"],
    ]
    script = TICKS.with_name("dagster_updates.py")
    steps = json.dumps({"sensors": [], "runs": runs})
    answer = json.loads(dagster.run([script, project, steps]).stdout)
    assert answer["ended"] == [False, False, True, False, False, True, False, True]


@pytest.mark.engine
def test_update_sensors_and_dates_of_runs(dagster: Environment, tmp_path: Path) -> None:
    """A run when all, any or an expression of the assets have been updated since the last one, in another module."""
    pipelines = (
        waiting("both", "all", "x", "y"),  # before its producers: they are connected all the same
        waiting("either", "any", "x", "y"),
        waiting("one", "all", "x"),
        waiting("mixed", "(('x' & 'elsewhere') | 'y')", "x", "y", "elsewhere"),
        pipeline(bash("make", outlets=("x",)), id="first"),
        pipeline(bash("make", outlets=("y",)), id="second"),
        pipeline(python(UPDATES, "fails", outlets=("x",)), id="broken"),
        pipeline(bash("use"), id="child"),
        pipeline(bash("use"), id="forever", schedule=Schedule(kind="continuous")),
        pipeline(Task(id="go", operator=TRIGGER, kind="trigger", arguments={"trigger_dag_id": "child"}), id="parent"),
        pipeline(python(UPDATES, "sleeps", execution_timeout_s=0.2), id="slow"),
        pipeline(python(UPDATES, "dates"), id="dated", schedule=Schedule(kind="interval", seconds=14400)),
    )
    graph = FileGraph(path="dags/train.py", orchestrator="airflow", pipelines=pipelines, assets=ASSETS)
    document = Document(Source("dags/train.py", UPDATES), graph)
    project = write_project(write([document], WriteOptions(delegate=False)), tmp_path)
    runs: list[Any] = [[job, {}] for job in ("first", "first", "second", "broken", "second", "first")]
    sensors = [
        "both_schedule",
        "either_schedule",
        "one_schedule",
        "mixed_schedule",
        "child_schedule_by_tasks",
        "forever_schedule",
    ]
    steps = {
        "sensors": sensors,
        "runs": [*runs, ["parent", {}], ["slow", {}], ["dated", TAGS], ["dated", {}]],
        "running": ["forever"],
    }
    script = TICKS.with_name("dagster_updates.py")
    answer = json.loads(dagster.run([script, project, json.dumps(steps)]).stdout)
    asked = {job: [look[job] for look in answer["asked"]] for job in sensors}
    assert asked == {
        "both_schedule": [0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0],
        "either_schedule": [0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0],
        "one_schedule": [0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0],
        "mixed_schedule": [0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0],
        "child_schedule_by_tasks": [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
        "forever_schedule": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0],  # until one is running
    }
    assert answer["values"][-3] is None, "the time limit"
    assert answer["values"][-2] == [*TAGS.values(), TAGS["airflow/logical_date"]]
    by_hand = answer["values"][-1]
    assert len(set(by_hand)) == 1
    assert datetime.now(UTC) - datetime.fromisoformat(by_hand[0]) < timedelta(minutes=5)
