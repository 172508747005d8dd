"""For which Airflow a file is written, and what each version refuses to import."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

import pytest

from dagport.options import AirflowVersion, ReadOptions
from dagport.project.discovery import Search, discover
from dagport.project.read import ReadRequest, read_input
from dagport.readers.airflow import read
from dagport.readers.airflow.versions import find_version
from dagport.source import Source


@pytest.mark.parametrize(
    ("source", "version", "certain"),
    [
        ("from airflow.sdk import DAG", "3", True),
        ("import airflow.sdk", "3", True),
        ("from airflow.providers.standard.operators.bash import BashOperator", "3", True),
        ("from airflow import DAG", "3", False),
        ("x = 1", "3", False),
        ("from airflow.decorators import dag", "2", False),
        ("from airflow.operators.bash import BashOperator", "2", False),
        ("from airflow.operators.bash_operator import BashOperator", "1.10", True),
        ("from airflow.contrib.hooks.x import Y", "1.10", True),
        ("from airflow.contrib.hooks.x import Y\nfrom airflow.decorators import dag", "2", True),
        ("from airflow.operators.dummy import DummyOperator", "2", True),
        ("from airflow.utils.dates import days_ago", "2", True),
        ("from airflow.utils import dates", "2", False),
        ("import airflow.datasets", "2", True),
        ("from airflow import datasets", "2", True),
        ("from airflow.datasets import Dataset", "2", True),
        ("from airflow.models import DagBag", "3", False),
        ("from airflow.models import SlaMiss", "2", True),
        ("from airflow.models.param import Param", "3", False),
        ("try:\n    from airflow.sdk import DAG\nexcept ImportError:\n    from airflow import DAG", "3", True),
        ("from airflow import DAG\nDAG('x', schedule_interval=None)", "2", True),
        ("with x():\n    from airflow.operators.subdag import SubDagOperator", "2", True),
    ],
)
def test_version(source: str, version: str, *, certain: bool) -> None:
    found = find_version(ast.parse(source), source)
    assert (found.name, found.certain) == (version, certain)


@pytest.mark.parametrize(
    ("version", "statement", "problem"),
    [
        ("3", "from airflow.operators.dummy_operator import DummyOperator", "No module named"),
        ("3", "import airflow.datasets", "No module named 'airflow.datasets'"),
        ("3", "from airflow.utils.dates import days_ago", "cannot import name 'days_ago'"),
        ("3", "from airflow.utils.trigger_rule import TriggerRule", None),
        ("3", "from airflow.operators.bash import BashOperator", None),
        ("3", "from airflow.providers.amazon.aws.operators.s3 import S3ListOperator", None),
        ("2", "from airflow.sdk import DAG", "No module named 'airflow.sdk'"),
        ("2", "from airflow.utils.dates import days_ago", None),
        ("1.10", "from airflow.operators.dummy_operator import DummyOperator", None),
    ],
)
def test_import_of_a_removed_name(version: AirflowVersion, statement: str, problem: str | None) -> None:
    graph = read(Source("dag.py", f"{statement}\nimport airflow\n"), ReadOptions(version))
    raised = [item.message for item in graph.diagnostics if item.code == "DP301"]
    assert bool(raised) == (problem is not None)
    assert all(problem in message for message in raised if problem)


@pytest.mark.parametrize(("version", "schedule"), [("3", "manual"), ("2", "interval")])
def test_compatible_import_takes_the_branch_of_the_version(version: AirflowVersion, schedule: str) -> None:
    source = """
        try:
            from airflow.sdk import DAG
        except ImportError:
            from airflow import DAG
        from airflow.operators.bash import BashOperator
        with DAG("d", start_date=None):
            BashOperator(task_id="t", bash_command="true")
    """
    graph = read(Source("dag.py", textwrap.dedent(source)), ReadOptions(version))
    (pipeline,) = graph.pipelines
    assert (pipeline.exact, pipeline.schedule.kind, pipeline.engine_version) == (True, schedule, version)


def test_helper_modules_tell_the_version(tmp_path: Path) -> None:
    (tmp_path / "common.py").write_text(
        "from airflow.operators.dummy_operator import DummyOperator\n"
        "from airflow import DAG\n"
        "def make(name):\n"
        "    with DAG(name, schedule_interval=None) as dag:\n"
        "        DummyOperator(task_id='t')\n"
        "    return dag\n"
    )
    (tmp_path / "sales.py").write_text("# an airflow dag\nfrom common import make\ndag = make('sales')\n")
    (found,) = discover([str(tmp_path / "sales.py")], Search(root=tmp_path))
    (pipeline,) = read_input(found, ReadRequest()).documents[0].graph.pipelines
    assert (pipeline.id, pipeline.exact, pipeline.engine_version) == ("sales", True, "1.10")
    assert pipeline.assumptions == ()
