"""Operators of the project, whose classes come from operators that have a rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagport.workspace import Workspace
from dagport_lineage.model import TaskLineage
from tests.lineage.operators.sql_cases import DEPLOYMENT
from tests.lineage.support import lineage, tasks

DAG = """
from airflow.sdk import DAG
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.common.sql.operators import sql
import elsewhere
{definition}
with DAG("d", schedule=None, default_args={{"conn_id": "pg", "retries": 2}}):
    {call}
"""
CALL = "Own(task_id='t', sql='delete from a')"
WRITES = ["postgres://db.example:5432/shop.public.a"]


def found(definition: str, call: str = CALL, workspace: Workspace | None = None) -> TaskLineage:
    """The lineage of the task ``t``."""
    return tasks(lineage(DAG.format(definition=definition, call=call), DEPLOYMENT, workspace))["t"]


@pytest.mark.parametrize(
    "definition",
    [
        "class Own(SQLExecuteQueryOperator): pass",
        "class Own(sql.SQLExecuteQueryOperator): ...",
        "class Own(SQLExecuteQueryOperator):\n    '''What it is for.'''\n    ui_color = '#fff'",
        "class Base(SQLExecuteQueryOperator): pass\nclass Own(Base): pass",
    ],
)
def test_a_class_that_adds_nothing_does_what_its_base_does(definition: str) -> None:
    done = found(definition)
    assert [str(write.dataset) for write in done.writes] == WRITES
    assert done.gaps == ()


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ("class Own(SQLExecuteQueryOperator):\n    def execute(self, context): pass", "by `execute`"),
        ("class Own(SQLExecuteQueryOperator):\n    def get_db_hook(self): pass", "by `get_db_hook`"),
        ("class Own(SQLExecuteQueryOperator):\n    template_fields = ()", "by `template_fields`"),
        ("class Own(SQLExecuteQueryOperator):\n    ui_color = elsewhere.color()", "by `ui_color`"),
        ("class Own(SQLExecuteQueryOperator):\n    sql: str = 'select 1'", "by `sql`"),
        ("class Own(SQLExecuteQueryOperator):\n    for x in (): pass", "by `code in its body`"),
        ("class Own(SQLExecuteQueryOperator): pass\nOwn.execute = print", "by `what is assigned to it`"),
        ("class Own(SQLExecuteQueryOperator, metaclass=elsewhere.Meta): pass", "by `metaclass`"),
        ("class Own(SQLExecuteQueryOperator): pass\nsetattr(Own, 'get_db_hook', print)", "by `what is assigned to it`"),
        ("class Own(SQLExecuteQueryOperator): pass\nelsewhere.change(globals())", ""),
        ("class Own(SQLExecuteQueryOperator, elsewhere.Mixin): pass", ""),
        ("class Own(elsewhere.Operator): pass", "which extends `elsewhere.Operator`"),
        ("class Base(SQLExecuteQueryOperator):\n    def execute(self, c): pass\nclass Own(Base): pass", "by `execute`"),
        ("class Own(SQLExecuteQueryOperator): pass\nSQLExecuteQueryOperator.execute = print", ""),
    ],
)
def test_any_other_class_may_do_something_else(definition: str, said: str) -> None:
    done = found(definition)
    assert not done.reads
    assert not done.writes
    assert [gap.side for gap in done.gaps] == ["both"]
    assert said in done.gaps[0].message


def test_what_a_mapped_task_takes_from_the_defaults_is_not_known() -> None:
    done = found(
        "class Own(SQLExecuteQueryOperator): pass", "Own.partial(task_id='t').expand(sql=['delete from a', 'select 1'])"
    )
    assert done.writes == ()
    assert "which extends `airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator`" in done.gaps[0].message


@pytest.mark.parametrize(("body", "writes"), [("pass", WRITES), ("def execute(self, context): pass", [])])
def test_a_class_of_another_module_of_the_project(tmp_path: Path, body: str, writes: list[str]) -> None:
    (tmp_path / "dags/common").mkdir(parents=True)
    (tmp_path / "dags/common/__init__.py").write_text("")
    (tmp_path / "dags/common/ops.py").write_text(
        "from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator\n"
        f"class Own(SQLExecuteQueryOperator):\n    {body}\n"
    )
    (tmp_path / "dags/input.py").write_text("")
    done = found("from common.ops import Own", workspace=Workspace(tmp_path))
    assert [str(write.dataset) for write in done.writes] == writes
    assert bool(done.gaps) == (not writes)
