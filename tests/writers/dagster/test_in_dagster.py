"""Generated projects in real Dagster: they load without a warning, and run with the right dates and states."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dagport import formats
from dagport.graph import Pipeline, Schedule, Task
from dagport.translation import Translation, WriteOptions
from dagport.values import Template, XCom
from tests.cases import write_project
from tests.engines.environments import Environment, environment
from tests.engines.reading import read
from tests.writers.dagster.making import EMPTY, bash, pipeline, python, translate

INSIDE = Path(__file__).parent.parent.parent / "engines" / "inside"
TICKS = Path(__file__).with_name("inside_ticks.py")
SQLITE = "airflow.providers.sqlite.operators.sqlite.SqliteOperator"

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("dagster-writer")]


@pytest.fixture(scope="module")
def dagster() -> Environment:
    return environment("dagster")


def load(dagster: Environment, translation: Translation, folder: Path) -> Path:
    """Write the project, and load it with Dagster's validation, warnings being errors."""
    project = write_project(translation, folder)
    dagster.run([INSIDE / "load_dagster.py", project, "pipelines"])
    return project


def run(dagster: Environment, project: Path, job: str, day: str = "2026-01-01", **env: str) -> dict[str, Any]:
    """Run a job for a day: the values of its assets, and the errors of those that failed."""
    words: list[str | Path] = [INSIDE / "run_dagster.py", project, "pipelines", day, job]
    result: dict[str, Any] = json.loads(dagster.run(words, env=env).stdout)[job]
    return {
        kind: {key.removeprefix(f"{job}/"): value for key, value in found.items()} for kind, found in result.items()
    }


# Dates: the pipeline, ticks of its schedule, and what Airflow gives the run that starts at the tick.

DATES = """
def dates(ds, ts, data_interval_start, data_interval_end):
    return [ds, ts, data_interval_start.isoformat(), data_interval_end.isoformat()]
"""
DAY, HOUR = "%Y-%m-%d", "%Y-%m-%d-%H:%M"


def dated(name: str, cron: str, version: str, zone: str = "UTC", start: str = "2026-01-01T00:00:00+00:00") -> Pipeline:
    task = python(DATES, "dates")
    schedule = Schedule(kind="cron", cron=cron)
    return pipeline(task, id=name, schedule=schedule, engine_version=version, timezone=zone, start_date=start)


CASES: list[tuple[Pipeline, str, list[str]]] = [
    (
        dated("midnight_3", "0 0 * * *", "3"),
        "2026-03-02T00:00:00+00:00",
        ["2026-03-02", *["2026-03-02T00:00:00+00:00"] * 3],
    ),
    (
        dated("midnight_2", "0 0 * * *", "2"),
        "2026-03-02T00:00:00+00:00",
        ["2026-03-01", *["2026-03-01T00:00:00+00:00"] * 2, "2026-03-02T00:00:00+00:00"],
    ),
    (
        dated("nine_3", "0 9 * * *", "3"),
        "2026-03-02T09:00:00+00:00",
        ["2026-03-02", *["2026-03-02T09:00:00+00:00"] * 3],
    ),
    (
        dated("nine_2", "15 9 * * *", "2"),
        "2026-03-02T09:15:00+00:00",
        ["2026-03-01", *["2026-03-01T09:15:00+00:00"] * 2, "2026-03-02T09:15:00+00:00"],
    ),
    (
        dated("weekdays_2", "30 6 * * 1-5", "2"),
        "2026-03-02T06:30:00+00:00",  # a Monday: the interval started on Friday
        ["2026-02-27", *["2026-02-27T06:30:00+00:00"] * 2, "2026-03-02T06:30:00+00:00"],
    ),
    (
        dated("paris_3", "0 0 * * *", "3", "Europe/Paris", "2026-01-01T00:00:00+01:00"),
        "2026-03-02T00:00:00+01:00",  # the day before, in UTC
        ["2026-03-01", *["2026-03-01T23:00:00+00:00"] * 3],
    ),
    (
        dated("hours_2", "0 * * * *", "2"),
        "2026-03-02T05:00:00+00:00",
        ["2026-03-02", *["2026-03-02T04:00:00+00:00"] * 2, "2026-03-02T05:00:00+00:00"],
    ),
    (
        dated("six_hours_3", "0 */6 * * *", "3"),
        "2026-03-02T18:00:00+00:00",
        ["2026-03-02", *["2026-03-02T18:00:00+00:00"] * 3],
    ),
    (
        dated("months_2", "0 0 1 * *", "2"),
        "2026-03-01T00:00:00+00:00",
        ["2026-02-01", *["2026-02-01T00:00:00+00:00"] * 2, "2026-03-01T00:00:00+00:00"],
    ),
]


def test_dates(dagster: Environment, tmp_path: Path) -> None:
    project = load(dagster, translate(*(item for item, _, _ in CASES), source=DATES), tmp_path)
    ticks = {item.id: [tick] for item, tick, _ in CASES}
    found = json.loads(dagster.run([TICKS, project, json.dumps(ticks)]).stdout)
    assert {job: results[0][1] for job, results in found.items()} == {item.id: dates for item, _, dates in CASES}


SOURCE = """
from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.exceptions import AirflowFailException
from airflow.sdk import Variable

if TYPE_CHECKING:
    from numbers import Number

LIMIT = 3


def limited(value: Number) -> Number:
    return min(value, LIMIT)


def values(ti):
    ti.xcom_push(key="unit", value="MB")
    return {"a": 5}


def shown(values, unit, **context):
    return f"{limited(values['a'])} {unit} {context['params']['name']} {Variable.get('colour')}"


def shouted(text):
    return text.upper()


def failing():
    raise AirflowFailException("no good")


async def later(value):
    return value + 1
"""


def mixed() -> Pipeline:
    tasks: list[Task] = [
        python(SOURCE, "values"),
        bash("echoed", "echo first; echo last"),
        python(SOURCE, "shouted", {"op_args": [XCom("echoed")]}),
        python(SOURCE, "shouted", {"op_args": [XCom("shouted")]}, id="shouted_again"),
        bash("told", Template("echo {{ ti.xcom_pull('values', key='unit') }}", ("xcom:values.unit",))),
        bash("skipping", "exit 99"),
        bash("after_skipping"),
        bash("broken", "exit 3"),
        python(SOURCE, "failing"),
        bash("after_failing"),
        python(SOURCE, "later", {"op_args": [1]}),
        Task(id="nothing", operator=EMPTY, kind="empty", outlets=("done",)),
        Task(id="sensor", operator="airflow.sensors.python.PythonSensor", kind="sensor"),
        bash("own", "echo $A$HOME", {"env": {"A": "b"}, "do_xcom_push": False}),
    ]
    edges = "echoed>shouted shouted>shouted_again values>told skipping>after_skipping failing>after_failing"
    return pipeline(*tasks, edges=edges, id="mixed")


def test_a_run(dagster: Environment, tmp_path: Path) -> None:
    found = run(dagster, load(dagster, translate(mixed(), source=SOURCE), tmp_path), "mixed")
    assert set(found["failed"]) == {"broken", "failing", "sensor"}
    assert found["assets"] == {
        "values": {"unit": "MB", "return_value": {"a": 5}},
        "echoed": "last",
        "shouted": "LAST",
        "shouted_again": "LAST",
        "told": "MB",
        "later": 2,
        "nothing": None,
        "own": None,
    }


EMPTY_LISTS = """\
from airflow.sdk import DAG, task

@task
def rows():
    return []

@task
def double(row):
    return row * 2

@task(trigger_rule="none_failed")
def total(found):
    return len(list(found))

@task(task_id="load")
def pushes(ti=None):
    ti.xcom_push(key="rows", value=3)

@task.short_circuit
def wanted():
    return False

@task(trigger_rule="all_done")
def read_rows(ti=None):
    return [ti.xcom_pull(task_ids="load", key="rows")]

with DAG("lists", schedule=None) as dag:
    total(double.expand(row=rows()))
    load = pushes()
    wanted.override(ignore_downstream_trigger_rules=False)() >> load >> read_rows()
"""


def test_what_hands_over_nothing(dagster: Environment, tmp_path: Path) -> None:
    """A mapped task without instances hands over an empty list, and what was skipped nothing by any key."""
    path = tmp_path / "lists.py"
    path.write_text(EMPTY_LISTS)
    translation = formats.target("dagster")([read(path, tmp_path)], WriteOptions(package="pipelines"))
    assert {one.fidelity for one in translation.outcomes} == {"native"}
    found = run(dagster, load(dagster, translation, tmp_path), "lists")
    assert found["failed"] == {}
    assert found["assets"] == {"rows": [], "total": 0, "read_rows": [None]}


SIMPLE = SOURCE.replace("from __future__ import annotations\n", "").replace(": Number", "").replace(" -> Number", "")


def test_config_and_variables(dagster: Environment, tmp_path: Path) -> None:
    use = python(SIMPLE, "shown", {"op_kwargs": {"values": XCom("values"), "unit": XCom("values", "unit")}})
    tasks = pipeline(python(SIMPLE, "values"), use, edges="values>shown", params={"name": "x"})
    project = load(dagster, translate(tasks, source=SIMPLE), tmp_path)
    assert run(dagster, project, "train", COLOUR="red")["assets"]["shown"] == "3 MB x red"
    assert set(run(dagster, project, "train")["failed"]) == {"shown"}


def test_sql(dagster: Environment, tmp_path: Path) -> None:
    day = Template("INSERT INTO days VALUES ('{{ ds }}', 1)", ("ds",))
    tasks = [
        sql("create", "CREATE TABLE days (day TEXT, n INT)", autocommit=True),
        sql("insert", [day, "INSERT INTO days VALUES ('b', 2)"]),
        sql("select", "SELECT n, day FROM days WHERE n < :limit ORDER BY n", parameters={"limit": 9}),
        sql("broken", ["DELETE FROM days", "DELETE FROM nowhere"]),
    ]
    edges = "create>insert insert>select select>broken"
    schedule = Schedule(kind="cron", cron="0 0 * * *")
    project = load(dagster, translate(pipeline(*tasks, edges=edges, schedule=schedule)), tmp_path)
    url = f"sqlite:///{tmp_path}/days.db"
    found = run(dagster, project, "train", "2026-01-02", SQLITE_DEFAULT_URL=url)
    assert found["assets"] == {
        "create": None,
        "insert": [None, None],
        "select": [{"type": "tuple", "items": [1, "2026-01-02"]}, {"type": "tuple", "items": [2, "b"]}],
    }
    assert set(found["failed"]) == {"broken"}


def sql(task_id: str, statement: Any, **arguments: Any) -> Task:
    return Task(id=task_id, operator=SQLITE, kind="sql", arguments={"sql": statement, **arguments})
