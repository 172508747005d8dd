"""Declared inlets and outlets become reads and writes, or gaps."""

from __future__ import annotations

import pytest

from tests.lineage.support import lineage, tasks

DAG = """
from datetime import datetime
from airflow.sdk import DAG, Asset, AssetAlias
from airflow.providers.standard.operators.empty import EmptyOperator
from elsewhere import THING
with DAG("d", schedule=None, start_date=datetime(2026, 1, 1)):
    EmptyOperator(task_id="t", inlets=[{}], outlets=[{}])
"""


@pytest.mark.parametrize(
    ("inlets", "outlets", "reads", "writes", "gaps"),
    [
        ("", "", [], [], []),
        ('Asset("s3://b/x")', "", ["s3://b/x"], [], []),
        ("", 'Asset("file:///data/out.csv")', [], ["file//data/out.csv"], []),
        (
            'Asset("o", uri="postgres://h/d/s/o")',
            'Asset("x-custom://thing/1")',
            ["postgres://h:5432/d.s.o"],
            ["x-custom://thing/1"],
            [],
        ),
        ("", 'Asset("orders")', [], ["asset/orders"], []),
        ("", 'AssetAlias("orders-alias")', [], [], [("outputs", "runtime")]),
        ("", 'Asset("postgres://h/orders")', [], [], [("outputs", "name")]),
        ('Asset("s3://b/{{ ds }}")', "", [], [], [("inputs", "template")]),
        ('Asset.ref(name="elsewhere")', "", ["asset/elsewhere"], [], []),
        ("THING", 'Asset("s3://b/x")', [], ["s3://b/x"], [("inputs", "opaque")]),
        ("", 'THING, Asset("s3://b/x")', [], ["s3://b/x"], [("outputs", "opaque")]),
        ("", '"s3://b/x"', [], [], [("outputs", "opaque")]),
    ],
)
def test_declared(inlets: str, outlets: str, reads: list[str], writes: list[str], gaps: list[tuple[str, str]]) -> None:
    task = tasks(lineage(DAG.format(inlets, outlets)))["t"]
    assert [str(read.dataset) for read in task.reads] == reads
    assert [str(write.dataset) for write in task.writes] == writes
    assert [(gap.side, gap.reason) for gap in task.gaps] == gaps


def test_what_the_graph_leaves_out_of_one_task_is_no_gap_of_another() -> None:
    text = DAG.format("THING", "") + '    EmptyOperator(task_id="tt", outlets=[Asset("orders")])\n'
    assert [len(task.gaps) for task in tasks(lineage(text)).values()] == [1, 0]
