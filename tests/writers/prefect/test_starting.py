"""Tasks that start another DAG."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dagport.graph import DataFlow, Pipeline, Schedule, Task
from dagport.values import Code
from dagport.writers.common.starting import OPERATORS
from tests.writers.dagster.making import bash
from tests.writers.prefect.making import calls, decorators, fidelities, module, said, translate

OPERATOR = "airflow.providers.standard.operators.trigger_dagrun.TriggerDagRunOperator"
MANUAL = Schedule(kind="manual")


def pipelines(*started: str, **arguments: Any) -> tuple[Pipeline, ...]:
    given = {"trigger_dag_id": "child", **arguments}
    start = Task(id="start", operator=OPERATOR, kind="trigger", arguments=given)
    children = [Pipeline(id=one, exact=True, schedule=MANUAL, tasks=(bash("t"),)) for one in started]
    return Pipeline(id="train", exact=True, schedule=MANUAL, tasks=(start,)), *children


@pytest.mark.parametrize("more", [{}, {"poke_interval": 5}, {"conf": None, "wait_for_completion": False}])
def test_a_plain_run(more: dict[str, Any]) -> None:
    found = translate(*pipelines("child", **more))
    text = module(found)
    assert fidelities(found)["start"] == "native"
    assert 'run_deployment("child/child", timeout=0, as_subflow=False)' in text
    assert "from prefect.deployments import run_deployment" in text
    assert decorators(text)["start"] == "task"
    assert calls(text) == ["start_run = start.submit()", "return [start_run]"]


@pytest.mark.parametrize(
    ("started", "more", "why"),
    [
        ((), {}, "isn't one that is translated"),
        (("other",), {}, "isn't one that is translated"),
        (("child", "child"), {}, "isn't one that is translated"),
        (("child",), {"conf": {"a": 1}}, "with `conf`"),
        (("child",), {"wait_for_completion": True}, "with `wait_for_completion`"),
        (("child",), {"logical_date": "{{ ds }}"}, "with `logical_date`"),
        (("child",), {"fail_when_dag_is_paused": True}, "with `fail_when_dag_is_paused`"),
        (("child",), {"trigger_dag_id": Code("x", "")}, "known only when it runs"),
        (("a&b",), {"trigger_dag_id": "a&b"}, "another name"),
    ],
)
def test_more_than_a_plain_run(started: tuple[str, ...], more: dict[str, Any], why: str) -> None:
    found = translate(*pipelines(*started, **more))
    assert fidelities(found)["start"] == "manual"
    assert any(why in message for message in said(found, "DP401"))


@pytest.mark.parametrize(("key", "fidelity"), [("trigger_run_id", "manual"), ("return_value", "native")])
def test_what_is_read_of_the_run(key: str, fidelity: str) -> None:
    """The operator returns nothing, but pushes the id of the run, which isn't Prefect's."""
    first, child = pipelines("child")
    flow = DataFlow(upstream="start", downstream="next", key=key)
    found = translate(replace(first, tasks=(*first.tasks, bash("next")), data_flows=(flow,)), child)
    assert fidelities(found)["start"] == fidelity
    assert any("reads what it pushes" in message for message in said(found, "DP401")) == (fidelity == "manual")


def test_old_names() -> None:
    assert len(OPERATORS) == 3
