"""Options that come from dagport.toml or pyproject.toml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Dagport, Files


@pytest.fixture(autouse=True)
def dags(files: Files) -> None:
    files({"dags/sales.py": "# airflow\n# dag sales a manual1\n"})


def test_options(dagport: Dagport, files: Files, project: Path) -> None:
    files({"dagport.toml": 'to = "dagster"\n[translate]\nout = "generated"\n[graph]\nformat = "jsonl"\n'})
    assert dagport("translate", "dags").status == 0
    assert (project / "generated/src/pipelines/sales.py").exists()
    assert json.loads(dagport("graph", "dags").out)["path"] == "dags/sales.py"
    assert "carried over to dagster" in dagport("check", "dags").out


def test_command_line_counts_more(dagport: Dagport, files: Files) -> None:
    files({"dagport.toml": '[graph]\nformat = "jsonl"\n'})
    assert dagport("graph", "dags", "--format", "text").out.startswith("sales")


def test_table_of_the_command_counts_more(dagport: Dagport, files: Files) -> None:
    files({"dagport.toml": 'airflow-version = "2"\n[graph]\nairflow-version = "3"\nformat = "jsonl"\n'})
    assert json.loads(dagport("graph", "dags").out)["orchestrator"] == "airflow3"


def test_pyproject_and_relative_paths(
    dagport: Dagport, files: Files, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files({"pyproject.toml": '[tool.dagport.translate]\nout = "generated"\nto = "dagster"\n', "sub/x": ""})
    monkeypatch.chdir(project / "sub")
    assert dagport("translate", "../dags").status == 0
    assert "# from dags/sales.py" in (project / "generated/src/pipelines/sales.py").read_text()


def test_flags(dagport: Dagport, files: Files) -> None:
    files({"dagport.toml": 'to = "dagster"\nquiet = true\n'})
    assert dagport("translate", "dags").err == ""


def test_root(dagport: Dagport, files: Files) -> None:
    files({"dagport.toml": 'root = "dags"\n', "other/x.py": "# airflow dag"})
    assert dagport("graph", "dags").out.startswith("sales  sales.py:2")
    assert "DP106" in dagport("graph", "other").err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("job = 3", "unknown key job. Did you mean jobs?"),
        ("nonsense = 3", "unknown key nonsense."),
        ("[graph]\nfail-under = 3", "unknown key graph.fail-under."),
        ("graph = 3", "graph is not a table"),
        ("jobs = 0", "jobs: 0 is not in the range"),
        ('jobs = "many"', "jobs: 'many' is not a valid integer"),
        ("jobs = true", "jobs: True is not a value for it"),
        ('quiet = "yes"', "quiet: 'yes' is not true or false"),
        ("config = 'other.toml'", "unknown key config."),
        ("force = true", "unknown key force."),
        ("[translate]\nforce = true", "unknown key translate.force."),
        ("airflow-version = 2.0", "airflow-version: '2.0' is none of"),
        ("limits = 3", "limits is not a table"),
        ("[limits]\nstep = 3", "unknown key limits.step. Did you mean steps?"),
        ("[limits]\nsteps = -3", "limits.steps: -3 is not a number above 0"),
        ("jobs = [", "dagport.toml: "),
    ],
)
def test_refused(dagport: Dagport, files: Files, text: str, message: str) -> None:
    files({"dagport.toml": text})
    done = dagport("graph", "dags")
    assert (done.status, done.out) == (2, "")
    assert "dagport.toml" in done.err
    assert message in done.err


@pytest.mark.parametrize(
    "text",
    ["fail-under = 3", "[check]\nfail-under = 3", "[limits]\nseconds = 2.5", "jobs = 1", "airflow-version = 2"],
)
def test_taken(dagport: Dagport, files: Files, text: str) -> None:
    files({"dagport.toml": text})
    assert dagport("graph", "dags").status == 0


def test_example_of_the_documentation(dagport: Dagport, files: Files, project: Path) -> None:
    page = Path(__file__).parents[2] / "docs/cli.md"
    _, _, rest = page.read_text("utf-8").partition("```toml\n")
    files({"pyproject.toml": rest.partition("```")[0], "dags/sales.py": "# airflow\n# dag sales a b c d manual1\n"})
    assert dagport("graph", "dags", "--format", "jsonl").out.count('"airflow2"') == 1
    assert dagport("check", "dags").status == 0
    assert dagport("translate", "dags").status == 0
    assert (project / "dagster_project/src/pipelines/sales.py").exists()
    files({"dags/sales.py": "# airflow\n# dag sales a b c manual1\n"})
    assert dagport("check", "dags").status == 1


def test_own_configuration_file(dagport: Dagport, files: Files) -> None:
    files({"ci.toml": 'format = "jsonl"\n', "dagport.toml": "broken ["})
    done = dagport("graph", "dags", "--config", "ci.toml")
    assert json.loads(done.out)["path"] == "dags/sales.py"


def test_verbose_says_what_is_used(dagport: Dagport, files: Files, project: Path) -> None:
    assert f"project root: {project}\nconfiguration: none\n" in dagport("graph", "dags", "-v").err
    files({"dagport.toml": ""})
    assert f"configuration: {project}/dagport.toml\n" in dagport("graph", "dags", "-v").err
