"""Results that tasks hand over, as datasets."""

from __future__ import annotations

from dataclasses import replace

from dagport.graph import Edge, Pipeline, Schedule, Task
from dagport.source import Source
from dagport_lineage.extract.xcom import handed_over, result_dataset
from dagport_lineage.model import Found
from dagport_lineage.scope import LineageOptions, Scope
from tests.lineage.callables.world import HEADER, graph_of, scope_of

FLOW = f"""{HEADER}
with DAG("d", schedule=None, start_date=datetime(2024, 1, 1)):
    @task
    def a(): return 1
    @task
    def b(x): return x
    @task
    def c(ti=None): return ti.xcom_pull(task_ids="a", key="k")
    @task
    def e(): ...
    b(a()) >> c() >> e()
"""


def said(found: Found) -> tuple[list[str], list[str]]:
    return [str(item.dataset) for item in found.reads], [str(item.dataset) for item in found.writes]


def scope() -> Scope:
    source = Source("dags/d.py", FLOW, "dags/d.py")
    made = scope_of(source, graph_of(source))
    return replace(made, options=LineageOptions(namespace="prod", xcom=True))


def test_results_are_datasets_between_tasks() -> None:
    made = scope()
    found = {task: said(parts) for task, parts in handed_over(made.pipeline, made).items()}
    result, key = "airflow-xcom://prod/d.a.return_value", "airflow-xcom://prod/d.a.k"
    assert found == {"a": ([], [result, key]), "b": ([result], []), "c": ([key], [])}
    assert str(result_dataset("d", "a", "k", "prod")) == key


def test_nothing_unless_it_is_asked_for() -> None:
    made = scope()
    assert handed_over(made.pipeline, replace(made, options=LineageOptions())) == {}


def test_a_handover_that_may_not_be_there_is_a_gap() -> None:
    made = scope()
    pipeline = Pipeline(
        id="d",
        exact=False,
        schedule=Schedule(kind="manual"),
        tasks=(Task(id="a", operator="x", kind="python"), Task(id="b", operator="x", kind="python")),
        edges=(Edge(upstream="a", downstream="b", kind="data", key="return_value", conditional="unknown()"),),
    )
    found = handed_over(pipeline, made)
    assert list(found) == ["b"]
    assert not found["b"].reads
    assert [(gap.side, gap.reason) for gap in found["b"].gaps] == [("inputs", "opaque")]
