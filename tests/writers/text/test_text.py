"""The tree for people."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagport.graph import Edge, FileGraph, Group, Pipeline, Schedule, ScheduleKind, Task
from dagport.writers.text import schedule_text, write
from tests.graphs import EMPTY, FILE_GRAPHS, SALES, UNSURE


def test_tree() -> None:
    assert (
        "".join(write([SALES, EMPTY, UNSURE]))
        == """\
sales  dags/sales.py:10
  exact · 0 0 * * * (@daily) · Europe/Berlin · from 2024-01-01T00:00:00+00:00 · catchup · tags core, daily
  ├─ extract  [python]
  ├─ load/
  │  ├─ load.write  [bash]  <- extract (data result)
  │  └─ load.checks/
  │     └─ load.checks.rows  [python, all_done, mapped over table (2)]  <- load.write
  └─ notify  [notify, teardown, only if NOTIFY]  <- load.checks.rows (label done), extract (pulls count)

unsure  dags/unsure.py
  not exact · schedule unknown: Variable.get('when')
  └─ only  [python]
"""
    )


@pytest.mark.parametrize(
    ("kind", "fields", "text"),
    [
        ("cron", {"cron": "5 4 * * *"}, "5 4 * * *"),
        ("interval", {"seconds": 90}, "every 90 s"),
        ("assets", {"assets": ("a", "b"), "condition": "all"}, "on assets a, b"),
        ("assets", {"assets": ("a", "b"), "condition": "any"}, "on assets any: a, b"),
        ("once", {}, "once"),
        ("timetable", {"class_": "my.Table"}, "timetable my.Table"),
        ("opaque", {"text": "f(\n  x)"}, "schedule unknown: f( x)"),
    ],
)
def test_schedules(kind: ScheduleKind, fields: dict[str, object], text: str) -> None:
    assert schedule_text(Schedule(kind=kind, **fields)) == text  # type: ignore[arg-type]


def test_pipeline_without_tasks() -> None:
    [pipeline] = UNSURE.pipelines
    assert "(no tasks)" in "".join(write([replace(UNSURE, pipelines=(replace(pipeline, tasks=()),))]))


@given(st.lists(FILE_GRAPHS, max_size=2))
def test_any_graph_is_printed(graphs: list[FileGraph]) -> None:
    assert isinstance("".join(write(graphs)), str)


def test_every_task_is_shown_even_in_groups_that_are_odd() -> None:
    """A graph that was read from JSON may name a group that isn't there, or a parent that is its own child."""
    tasks = tuple(
        Task(id=f"t{n}", operator="x", kind="python", group=group) for n, group in enumerate(("gone", "a", None))
    )
    pipeline = Pipeline(
        id="odd",
        exact=True,
        schedule=Schedule(kind="manual"),
        tasks=tasks,
        groups=(Group(id="a", parent="elsewhere"), Group(id="empty")),
        edges=(Edge(upstream="nowhere", downstream="t0"),),
    )
    text = "".join(write([FileGraph(path="p", orchestrator="airflow", pipelines=(pipeline,))]))
    for shown in ("t0  [python]  <- nowhere", "a/", "t1", "t2", "empty/"):
        assert shown in text
