"""From a file's graph to its lineage: what is declared, what is none, what is unknown."""

from __future__ import annotations

import pytest

from dagport_lineage.extract import merged
from dagport_lineage.model import ColumnSource, DatasetName, Found, Gap, Read, Write
from dagport_lineage.scope import LineageOptions
from tests.lineage.support import lineage, tasks

FILE = """
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, Asset, BaseOperator

    class Own(BaseOperator):
        def execute(self, context):
            return None

    with DAG("shop", schedule=None):
        EmptyOperator(task_id="gate")
        EmptyOperator(task_id="declared", inlets=[Asset("s3://raw/orders.csv")], outlets=[Asset("s3://clean/orders")])
        Own(task_id="own", outlets=[Asset("s3://clean/own")])
        Own(task_id="bare")
"""
ORDERS, CLEAN, OWN = (
    DatasetName("s3://raw", "orders.csv"),
    DatasetName("s3://clean", "orders"),
    DatasetName("s3://clean", "own"),
)


@pytest.mark.parametrize(
    ("task", "inputs", "outputs", "reads", "writes"),
    [
        ("gate", "none", "none", [], []),
        ("declared", "resolved", "resolved", [ORDERS], [CLEAN]),
        ("own", "unknown", "partial", [], [OWN]),
        ("bare", "unknown", "unknown", [], []),
    ],
)
def test_each_side_is_resolved_none_or_unknown(
    task: str, inputs: str, outputs: str, reads: list[DatasetName], writes: list[DatasetName]
) -> None:
    found = tasks(lineage(FILE))[task]
    assert (found.state("inputs"), found.state("outputs")) == (inputs, outputs)
    assert [read.dataset for read in found.reads] == reads
    assert [write.dataset for write in found.writes] == writes


def test_what_has_no_rule_is_a_gap_that_names_the_operator_and_its_place() -> None:
    (gap,) = tasks(lineage(FILE))["bare"].gaps
    assert (gap.side, gap.reason) == ("both", "operator")
    assert "Own" in gap.message
    assert gap.place is not None
    assert gap.place.span is not None
    assert gap.place.span[0] == 13


def test_what_several_rules_say_of_one_dataset_is_one_claim() -> None:
    column = {"id": (ColumnSource(ORDERS, "id"),)}
    declared = Found(
        reads=(Read(dataset=ORDERS, how="declared"),),
        writes=(Write(dataset=CLEAN, how="declared"),),
        gaps=(Gap(side="outputs", reason="sql", message="x"),),
    )
    sql = Found(
        reads=(Read(dataset=ORDERS, how="sql", columns=("id",)),),
        writes=(Write(dataset=CLEAN, how="sql", sources=(ORDERS,), columns=column),),
        gaps=(Gap(side="outputs", reason="sql", message="x"),),
    )
    for parts in ((declared, sql), (sql, declared)):
        found = merged("t", parts)
        assert [(read.dataset, read.columns) for read in found.reads] == [(ORDERS, ("id",))]
        assert [(write.sources, write.columns) for write in found.writes] == [((ORDERS,), column)]
        assert len(found.gaps) == 1


HANDED = """
    from airflow.sdk import DAG, task

    @task
    def make():
        return 1

    @task
    def take(x):
        return x

    with DAG("shop", schedule=None):
        take(make())
"""


def test_results_are_datasets_where_the_user_asks_for_them() -> None:
    without, with_them = lineage(HANDED), lineage(HANDED, options=LineageOptions(namespace="prod", xcom=True))
    handed = DatasetName("airflow-xcom://prod", "shop.make.return_value")
    assert [task.writes + task.reads for task in tasks(without).values()] == [(), ()]
    assert [write.dataset for write in tasks(with_them)["make"].writes] == [handed]
    assert [read.dataset for read in tasks(with_them)["take"].reads] == [handed]


def test_what_runs_around_an_operator_counts() -> None:
    found = tasks(
        lineage("""
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG

    with DAG("shop", schedule=None):
        EmptyOperator(task_id="before", pre_execute=lambda context: open("/data/x"))
        EmptyOperator(task_id="after", post_execute=print)
        EmptyOperator(task_id="none", pre_execute=None)
        EmptyOperator(task_id="told", on_success_callback=print)
    """)
    )
    assert {name: [gap.message for gap in task.gaps] for name, task in found.items()} == {
        "before": ["what `pre_execute` reads and writes isn't followed"],
        "after": ["what `post_execute` reads and writes isn't followed"],
        "none": [],
        "told": [],
    }
