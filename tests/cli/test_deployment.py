"""``--variables``, ``--connections`` and ``--env-file``, and what the reports say about the deployment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dagport import formats
from tests.cli.conftest import Dagport, Files

READER = formats.READERS["airflow"]
DAG = """\
import os
from airflow.sdk import DAG, BaseHook, Variable
from airflow.providers.standard.operators.bash import BashOperator
with DAG("d", schedule=None):
    BashOperator(task_id=os.environ.get("TASK", "t"), bash_command=Variable.get("command"), cwd="{{ var.value.late }}")
    BashOperator(task_id="c", bash_command=f"{BaseHook.get_connection('pg').password}")
"""
GIVEN = {
    "deploy/v.json": '{"command": "echo"}',
    "deploy/c.json": '{"pg": "postgres://me:hunter2@h/db"}',
    "deploy/x.env": "TASK=given\n",
}
OPTIONS = ("--variables", "deploy/v.json", "--connections", "deploy/c.json", "--env-file", "deploy/x.env")


@pytest.fixture(autouse=True)
def dags(files: Files, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(formats.READERS, "airflow", READER)
    files({"dags/d.py": DAG, **GIVEN})


def states(dagport: Dagport, *options: str) -> dict[str, str]:
    graph = json.loads(dagport("graph", "dags", "--format", "jsonl", *options).out)
    return {item["name"]: item["state"] for item in graph["deployment"] if item["state"] != "at run time"}


def test_options(dagport: Dagport) -> None:
    assert states(dagport) == {"pg": "unknown", "TASK": "assumed", "command": "unknown"}
    assert states(dagport, *OPTIONS) == {"pg": "given", "TASK": "given", "command": "given"}
    needs = "connection pg (given), environment TASK (given), variable command (given), variable late (at run time)"
    assert dagport("graph", "dags", *OPTIONS).out.splitlines()[1:3] == ["  not exact · manual", f"  needs {needs}"]


def test_configuration(dagport: Dagport, files: Files) -> None:
    files({"dagport.toml": 'variables = "deploy/v.json"\nenv-file = "deploy/x.env"\n'})
    assert states(dagport) == {"pg": "unknown", "TASK": "given", "command": "given"}


@pytest.mark.parametrize("command", ["graph", "check"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_are_never_shown(command: str, form: str, dagport: Dagport) -> None:
    result = dagport(command, "dags", "--format", form, *OPTIONS, "--verbose")
    assert "hunter2" not in result.out + result.err
    assert "echo" in result.out or command == "check" or form == "text"


def test_bad_file(dagport: Dagport, files: Files) -> None:
    files({"deploy/v.json": '{"command": "hunter2"\n'})
    result = dagport("graph", "dags", *OPTIONS)
    assert (result.status, result.out) == (2, "")
    assert result.err == "Error: deploy/v.json:2: not JSON: Expecting ',' delimiter\n"


def test_report(dagport: Dagport, files: Files) -> None:
    files({"dags/e.py": DAG, "dags/f.py": DAG, "dags/g.py": DAG})
    lines = dagport("check", "dags").out.splitlines()
    start = lines.index("Needed from the deployment")
    assert lines[start + 1 : start + 6] == [
        "  kind         name     state        asked for in",
        "  connection   pg       unknown      dags/d.py:6, dags/e.py:6, dags/f.py:6 and 1 more",
        "  environment  TASK     assumed      dags/d.py:5, dags/e.py:5, dags/f.py:5 and 1 more",
        "  variable     command  unknown      dags/d.py:5, dags/e.py:5, dags/f.py:5 and 1 more",
        "  variable     late     at run time  dags/d.py:5, dags/e.py:5, dags/f.py:5 and 1 more",
    ]
    report = json.loads(dagport("check", "dags", "--format", "json").out)["deployment"]
    assert [(item["kind"], item["name"], len(item["places"])) for item in report] == [
        ("connection", "pg", 4),
        ("environment", "TASK", 4),
        ("variable", "command", 4),
        ("variable", "late", 4),
    ]


def test_nothing_is_needed(dagport: Dagport, files: Files) -> None:
    files({"dags/d.py": "from airflow.sdk import DAG\nDAG('d', schedule=None)\n"})
    assert "deployment" not in dagport("check", "dags").out
