"""Tasks that start another DAG of the project."""

from __future__ import annotations

from typing import Any

import pytest

from dagport.graph import Pipeline, Schedule, Task
from tests.writers.dagster.making import DAILY, bash, fidelities, module, pipeline, python, translate

TRIGGER = "airflow.providers.standard.operators.trigger_dagrun.TriggerDagRunOperator"
DATED = """
def dated(ds):
    return ds
"""


def trigger(task_id: str = "go", **arguments: Any) -> Task:
    return Task(id=task_id, operator=TRIGGER, kind="trigger", arguments={"trigger_dag_id": "child", **arguments})


def test_a_sensor_starts_the_other_job() -> None:
    parent, child = pipeline(trigger(), trigger("again"), id="parent"), pipeline(bash("b"), id="child")
    translation = translate(parent, child)
    assert fidelities(translation) == {"go": "native", "again": "native", "b": "native"}
    assert 'when=Updated("parent/go") | Updated("parent/again")' in module(translation, "child")
    assert [item.code for item in translation.diagnostics] == ["DP403", "DP403"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"conf": {"a": 1}},
        {"wait_for_completion": True},
        {"logical_date": "{{ ds }}"},
        {"trigger_dag_id": "elsewhere"},
        {"trigger_dag_id": None},
        {"reset_dag_run": True},
    ],
)
def test_what_asks_for_more_has_no_form(arguments: dict[str, Any]) -> None:
    translation = translate(pipeline(trigger(**arguments), id="parent"), pipeline(bash("b"), id="child"))
    assert fidelities(translation)["go"] == "manual"
    assert "updates_sensor" not in module(translation, "child")


@pytest.mark.parametrize(
    ("child", "fidelity"),
    [
        (pipeline(python(DATED, "dated"), id="child", schedule=DAILY), "manual"),  # its runs are partitions
        (pipeline(python(DATED, "dated"), id="child"), "native"),
        (pipeline(python(DATED, "dated"), id="child", schedule=Schedule(kind="interval", seconds=60)), "native"),
    ],
)
def test_the_dates_of_the_other_runs(child: Pipeline, fidelity: str) -> None:
    assert fidelities(translate(pipeline(trigger(), id="parent"), child, source=DATED))["go"] == fidelity
