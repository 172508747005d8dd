"""What Airflow's OpenLineage provider keeps in the params of a DAG."""

from __future__ import annotations

import pytest

from dagport.options import ReadOptions
from dagport.readers.airflow import read
from dagport.source import Source

HEADER = """\
from airflow.providers.openlineage.api import emission_policy
from airflow.providers.openlineage.api.emission_policy import extend_global_openlineage_emission_policy as extend
from airflow.providers.openlineage.utils.selective_enable import disable_lineage, enable_lineage
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from elsewhere import OTHER
with DAG("d", schedule=None) as dag:
    a = EmptyOperator(task_id="a")
    b = EmptyOperator(task_id="b")
"""
KNOWN: dict[str, dict[str, object]] = {
    "extend(dag, emit=False)": {"_openlineage_emission_policy": {"emit": False}},
    "extend(extend(dag, emit=False), emit_dag_events=True)": {
        "_openlineage_emission_policy": {"emit": False, "emit_dag_events": True}
    },
    "extend(dag, hook_lineage=False, emit=None)": {},
    "extend(a, emit=False) >> b": {},
    "enable_lineage(dag)": {"_selective_enable_ol": True},
    "disable_lineage(a) >> b": {},
}
DOUBTFUL = ("extend(dag, emit=OTHER)", "extend(dag, **OTHER)", "extend(OTHER, emit=True)", "enable_lineage(OTHER)")


@pytest.mark.parametrize("statement", KNOWN)
def test_becomes_a_param(statement: str) -> None:
    (pipeline,) = read(Source("d.py", HEADER + statement), ReadOptions()).pipelines
    assert pipeline.exact
    assert pipeline.params == KNOWN[statement]
    assert len(pipeline.edges) == statement.count(">>")


@pytest.mark.parametrize("statement", DOUBTFUL)
def test_what_is_not_known_is_a_doubt(statement: str) -> None:
    (pipeline,) = read(Source("d.py", HEADER + statement), ReadOptions()).pipelines
    assert not pipeline.exact
