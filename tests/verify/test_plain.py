"""Which operators of one's own certainly skip no other tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagport.options import ReadOptions
from dagport.readers.airflow import read
from dagport.source import Source
from dagport.translation import Document
from dagport.verify.plain import plain_operators
from dagport.workspace import Workspace

DAG = """
from datetime import datetime
from airflow import DAG
{0}

with DAG("d", schedule=None, start_date=datetime(2026, 1, 1)):
    Own(task_id="a") >> Own(task_id="b")
"""
BASE = "from airflow.models.baseoperator import BaseOperator\n"
IN_THE_FILE = {
    "an operator": (f"{BASE}class Own(BaseOperator):\n    def execute(self, context): return 1", True),
    "by its module": ("import airflow.models\nclass Own(airflow.models.BaseOperator): pass", True),
    "of a class beside it": (f"{BASE}class First(BaseOperator): pass\nclass Own(First): pass", True),
    "of a known operator": ("from airflow.operators.bash import BashOperator\nclass Own(BashOperator): pass", True),
    "a skip of its own": (
        f"{BASE}from airflow.exceptions import AirflowSkipException\n"
        "class Own(BaseOperator):\n    def execute(self, context): raise AirflowSkipException()",
        True,
    ),
    "a mixin": (
        f"{BASE}from airflow.models.skipmixin import SkipMixin\nclass Own(BaseOperator, SkipMixin): pass", False,
    ),
    "a mixin within": (
        f"{BASE}from airflow.models import skipmixin\nclass Own(BaseOperator):\n"
        "    def execute(self, context): skipmixin.SkipMixin().skip(1, 2, 3)",
        False,
    ),
    "another task's state": (
        f"{BASE}class Own(BaseOperator):\n    def execute(self, context): context['ti'].set_state('skipped')", False,
    ),
    "an unknown base": ("from elsewhere import OddOperator\nclass Own(OddOperator): pass", False),
    "a base that skips": (
        "from airflow.operators.python import ShortCircuitOperator\nclass Own(ShortCircuitOperator): pass", False,
    ),
    "imported": ("from elsewhere import Own", False),
}  # fmt: skip


def found(folder: Path, text: str) -> bool:
    file = folder / "dags" / "flow.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    source = Source("dags/flow.py", text, "dags/flow.py")
    graph = read(source, ReadOptions(airflow_version="2", workspace=Workspace(folder)))
    names = {task.operator for pipeline in graph.pipelines for task in pipeline.tasks}
    assert len(names) == 1
    plain = plain_operators([Document(source, graph)], folder)
    assert plain <= names
    return plain == names


@pytest.mark.parametrize(("text", "expected"), IN_THE_FILE.values(), ids=list(IN_THE_FILE))
def test_in_the_file(tmp_path: Path, text: str, expected: bool) -> None:
    assert found(tmp_path, DAG.format(text)) is expected


@pytest.mark.parametrize("place", ["dags/own/ops.py", "own/ops.py"])
def test_in_another_file(tmp_path: Path, place: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    (file.parent / "__init__.py").touch()
    file.write_text(f"{BASE}class Own(BaseOperator): pass", "utf-8")
    assert found(tmp_path, DAG.format("from own.ops import Own"))
    file.write_text(f"{BASE}class Own(BaseOperator):\n    def execute(self, context): self.skip()", "utf-8")
    assert not found(tmp_path, DAG.format("from own.ops import Own"))
