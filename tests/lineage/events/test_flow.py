"""Our own facets: control flow, and how much is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dagport.graph import Place
from dagport_lineage.events import json_line
from dagport_lineage.events.flow_facets import CONTROL_FLOW, COVERAGE, MAX_GAPS
from dagport_lineage.facets import Event
from dagport_lineage.model import (
    TaskLineage,
)
from tests.lineage.events.shop import GAP, READ, RICH, SHOP
from tests.lineage.events.support import COMMIT, events, job_facets, plain


@pytest.fixture(scope="module")
def rich() -> list[Event]:
    return events(SHOP, [RICH], commit=COMMIT)


def test_control_flow_of_a_pipeline(rich: list[Event]) -> None:
    flow = plain(job_facets(rich, "shop")[CONTROL_FLOW])
    assert flow == {
        "exact": True,
        "schedule": {"kind": "cron", "cron": "0 0 * * *", "preset": "@daily"},
        "tasks": ["start", "run", "bash", "clean.end", "use", "use__1"],
        "edges": [
            {"upstream": "bash", "downstream": "clean.end", "kind": "order"},
            {"upstream": "run", "downstream": "bash", "kind": "order"},
            {"upstream": "run", "downstream": "use__1", "kind": "data", "key": "return_value"},
            {"upstream": "start", "downstream": "run", "kind": "order", "label": "go"},
        ],
        "groups": [{"id": "clean", "tooltip": "Clean up"}],
        "triggerRules": {"bash": "all_done"},
    }
    assert plain(job_facets(rich, "later")[CONTROL_FLOW])["schedule"] == {
        "kind": "assets",
        "assets": ["orders"],
        "condition": "all",
    }


def test_control_flow_of_a_task_names_the_jobs_beside_it(rich: list[Event]) -> None:
    flow = plain(job_facets(rich, "shop.run")[CONTROL_FLOW])
    job = {"namespace": "prod"}
    assert flow == {
        "parent": {**job, "name": "shop"},
        "upstream": [{**job, "name": "shop.start", "kind": "order", "label": "go"}],
        "downstream": [
            {**job, "name": "shop.bash", "kind": "order"},
            {**job, "name": "shop.use__1", "kind": "data", "key": "return_value"},
        ],
        "operator": "airflow.providers.standard.operators.python.PythonOperator",
        "triggerRule": "all_success",
    }
    assert plain(job_facets(rich, "shop.clean.end")[CONTROL_FLOW])["group"] == "clean"
    assert plain(job_facets(rich, "shop.use")[CONTROL_FLOW])["mapped"] is True


def test_a_result_that_is_pulled_without_waiting_is_a_flow() -> None:
    text = """
        from airflow.providers.standard.operators.bash import BashOperator
        from airflow.sdk import DAG
        with DAG("d", schedule=None):
            BashOperator(task_id="a", bash_command="x")
            BashOperator(task_id="b", bash_command="{{ ti.xcom_pull('a', key='k') }}")
    """
    flow = job_facets(events(text), "d")[CONTROL_FLOW]
    assert flow["edges"] == [{"upstream": "a", "downstream": "b", "kind": "flow", "key": "k"}]


OTHERS = [
    ('TriggerDagRunOperator(task_id="t", trigger_dag_id="other")', "downstream", [("other", "trigger")]),
    ('TriggerDagRunOperator(task_id="t", trigger_dag_id="{{ params.x }}")', "downstream", []),
    ('ExternalTaskSensor(task_id="t", external_dag_id="other")', "upstream", [("other", "wait")]),
    ('ExternalTaskSensor(task_id="t", external_dag_id="o", external_task_id="a.b")', "upstream", [("o.a.b", "wait")]),
    (
        'ExternalTaskSensor(task_id="t", external_dag_id="o", external_task_ids=["a", "b"])',
        "upstream",
        [("o.a", "wait"), ("o.b", "wait")],
    ),
    ('ExternalTaskSensor(task_id="t", external_dag_id="o", external_task_ids=[X])', "upstream", []),
    ('ExternalTaskSensor(task_id="t", external_dag_id="o", external_task_group_id="g")', "upstream", []),
    ('ExternalTaskSensor(task_id="t", external_dag_id=X, external_task_id="a")', "upstream", []),
]


@pytest.mark.parametrize(("call", "side", "expected"), OTHERS, ids=[case[0] for case in OTHERS])
def test_other_pipelines_are_named_where_the_source_names_them(
    call: str, side: str, expected: list[tuple[str, str]]
) -> None:
    text = f"""
        from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
        from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
        from airflow.sdk import DAG
        from elsewhere import X
        with DAG("d", schedule=None):
            {call}
    """
    facet = job_facets(events(text), "d.t")[CONTROL_FLOW]
    other = "upstream" if side == "downstream" else "downstream"
    assert [(one["name"], one["kind"]) for one in facet[side]] == expected
    assert facet[other] == []


def test_labels_tooltips_and_conditions_lose_their_secrets() -> None:
    text = """
        from airflow.providers.standard.operators.empty import EmptyOperator
        from airflow.sdk import DAG, Label, TaskGroup
        with DAG("d", schedule=None):
            with TaskGroup("g", tooltip="mysql://me:hunter22@db"):
                EmptyOperator(task_id="a") >> Label("mysql://me:hunter22@db") >> EmptyOperator(task_id="b")
    """
    found = events(text)
    assert "hunter22" not in "".join(map(json_line, found))
    assert job_facets(found, "d")[CONTROL_FLOW]["edges"][0]["label"]


def test_coverage_says_what_is_missing_and_where() -> None:
    gaps = tuple(
        replace(GAP, message=f"{at} of mysql://me:secret@db", place=Place(path="dags/input.py", span=(at + 1, 1, 9, 9)))
        for at in range(MAX_GAPS + 2)
    )
    found = events(SHOP, [TaskLineage(task="run", reads=(READ,), gaps=gaps)])
    coverage = plain(job_facets(found, "shop.run")[COVERAGE])
    assert {**coverage, "gaps": coverage["gaps"][0]} == {
        "exact": True,
        "inputs": "partial",
        "outputs": "none",
        "gaps": {**coverage["gaps"][0], "side": "inputs", "reason": "template", "path": "dags/input.py", "line": 1},
        "moreGaps": 2,
    }
    assert len(coverage["gaps"]) == MAX_GAPS
    assert "secret" not in str(coverage)
    counts = plain(job_facets(found, "shop")[COVERAGE])
    assert counts["inputs"]["partial"] == 1
    assert sum(counts["inputs"].values()) == sum(counts["outputs"].values()) == 6


def test_an_inexact_pipeline_says_so_in_all_its_jobs() -> None:
    text = """
        from airflow.providers.standard.operators.empty import EmptyOperator
        from airflow.sdk import DAG
        import unknown
        with DAG("d", schedule=None):
            if unknown.x():
                EmptyOperator(task_id="a")
    """
    found = events(text)
    assert {job_facets(found, name)[COVERAGE]["exact"] for name in ("d", "d.a")} == {False}
    assert job_facets(found, "d.a")[CONTROL_FLOW]["condition"] == "unknown.x()"
