"""Fields of DAGs: schedules, dates, params, callbacks, documentation, groups."""

from __future__ import annotations

import pytest

from dagport.graph import Schedule
from dagport.values import Call, Ref
from tests.readers.airflow.reading import doubts, graph_of, one

SCHEDULES = [
    ("None", Schedule(kind="manual")),
    ('"@daily"', Schedule(kind="cron", cron="0 0 * * *", preset="@daily")),
    ('"@midnight"', Schedule(kind="cron", cron="0 0 * * *", preset="@midnight")),
    ('" 5  4 * * 1-5 "', Schedule(kind="cron", cron="5 4 * * 1-5")),
    ('"0 0 * jan,feb sun"', Schedule(kind="cron", cron="0 0 * jan,feb sun")),
    ('"0 0 L * 5#2"', Schedule(kind="cron", cron="0 0 L * 5#2")),
    ("timedelta(hours=36)", Schedule(kind="interval", seconds=129600)),
    ('"@once"', Schedule(kind="once")),
    ('[Asset("b"), Asset("a")]', Schedule(kind="assets", assets=("a", "b"), condition="all")),
    ('Asset("a") | Asset("b")', Schedule(kind="assets", assets=("a", "b"), condition="any")),
    ('Asset.ref(name="a")', Schedule(kind="assets", assets=("a",), condition="all")),
]


@pytest.mark.parametrize(("text", "expected"), SCHEDULES)
def test_schedules(text: str, expected: Schedule) -> None:
    assert one(f'with DAG("d", schedule={text}): E("a")').schedule == expected


ARGUMENTS = [
    'schedule="61 * * * *"', 'schedule="* * * *"', 'schedule="0 0 * * 8"', 'schedule="nonsense"',
    "schedule=timedelta(0)",
    'schedule="@continuous"', 'start_date="2024-01-01"', 'tags=["x" * 101]', "tags=[1]", "dagrun_timeout=60",
    'schedule="@daily", catchup=True', 'schedule="@daily", params={"n": Param(type="integer")}',
    'schedule="@daily", params={"n": Param(5, type="integer", minimum=7)}', 'owner_links={"me": "nothing"}',
    "default_args=None", '"positional"', "nothing=1", 'schedule_interval="@daily"', 'max_active_runs="3"',
    'schedule=[Asset("")]', 'schedule=[Asset("x", nothing=1)]',
]  # fmt: skip


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_arguments_that_airflow_refuses(arguments: str) -> None:
    assert {"DP301", "DP305"} & set(doubts(f'with DAG("d", {arguments}): E("a")'))


UNCLAIMED = [
    'schedule="5-1 * * * *"', 'schedule="H * * * *"',
    'start_date=datetime.fromisoformat("2024-01-01T00:00:00+05:30")',
    "catchup=None", "params={1: 2}", 'schedule="@daily", params={"n": Param("x", format="date")}',
    "start_date=datetime.now()",
]  # fmt: skip


@pytest.mark.parametrize("arguments", UNCLAIMED)
def test_arguments_that_are_doubted(arguments: str) -> None:
    assert doubts(f'with DAG("d", {arguments}): E("a")')


def test_params_of_all_sources() -> None:
    pipeline = one(
        'with DAG("d", params={"a": 1, "b": Param(2, type="integer")}, default_args={"params": {"a": 3}}): E("t")'
    )
    assert pipeline.params["a"] == 3
    assert pipeline.params["b"] == Call("airflow.sdk.Param", (2,), {"type": "integer"})


def test_params_of_a_decorated_function() -> None:
    pipeline = one('@dag(params={"a": 5})\ndef d(a, b="x"):\n    "About it"\n    flow(a)\nd(3)')
    assert (pipeline.params, pipeline.doc) == ({"a": 3, "b": "x"}, "About it")


def test_callbacks_and_owners() -> None:
    pipeline = one(
        'with DAG("d", on_failure_callback=[work], default_args={"owner": "b"}):\n    E("x"); E("y", owner="a")'
    )
    assert (pipeline.callbacks, pipeline.owners) == ({"on_failure": [Ref("work")]}, ("a", "b"))


DATES = [
    ("datetime(2024, 1, 2)", "2024-01-02T00:00:00+00:00", None),
    ('default_args={"start_date": "2024-01-02"}', "2024-01-02T00:00:00+00:00", "UTC"),
]


@pytest.mark.parametrize(("given", "date", "zone"), DATES)
def test_start_dates(given: str, date: str, zone: str | None) -> None:
    argument = given if "=" in given else f"start_date={given}"
    pipeline = one(f'with DAG("d", schedule="@daily", {argument}): E("a")')
    assert (pipeline.start_date, pipeline.timezone) == (date, zone)


def test_groups() -> None:
    pipeline = one(
        """
        with DAG("d"):
            with TaskGroup("a", tooltip="tip"):
                with TaskGroup("b", prefix_group_id=False):
                    E("x")
                    with TaskGroup("c"): E("y")
            @task_group
            def g():
                "its doc"
                E("z")
            g(); g()
        """
    )
    assert [(group.id, group.parent, group.tooltip) for group in pipeline.groups] == [
        ("a", None, "tip"),
        ("a.b", "a", None),
        ("c", "a.b", None),
        ("g", None, "its doc"),
        ("g__1", None, "its doc"),
    ]
    assert [(task.id, task.group) for task in pipeline.tasks] == [
        ("x", "a.b"), ("c.y", "c"), ("g.z", "g"), ("g__1.z", "g__1"),
    ]  # fmt: skip


REGISTERED = [  # a file's end; the ids of its pipelines
    ('d = DAG("d")', ["d"]),
    ('def f(): DAG("d")\nf()', []),
    ('def f():\n    with DAG("d"): E("a")\nf()', ["d"]),
    ('with DAG("d", auto_register=False): E("a")', []),
    ('with DAG("d", auto_register=False) as d: E("a")', ["d"]),
    ('d = DAG("d")\ndel d', []),
    ('globals()["x"] = DAG("d")', ["d"]),
    ("DAG = None", []),
    ('d = DAG("d")\nd.__enter__()\nE("a")\nd.__exit__(None, None, None)', ["d"]),
    ('import airflow.sdk as sdk\nwith sdk.DAG("d"): E("a")', ["d"]),
    ('from airflow import models\nwith models.DAG("d"): E("a")', ["d"]),
    ('d = DAG("d")\n@d.task\ndef f(): ...\nf()', ["d"]),
]


@pytest.mark.parametrize(("body", "expected"), REGISTERED)
def test_which_dags_are_found(body: str, expected: list[str]) -> None:
    from tests.readers.airflow.reading import HEADER

    graph = graph_of(HEADER + body)
    assert [pipeline.id for pipeline in graph.pipelines] == expected
    assert all(pipeline.exact for pipeline in graph.pipelines)
