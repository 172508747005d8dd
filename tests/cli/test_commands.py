"""graph, check, explain, formats: results on standard output, messages on standard error, exit statuses."""

from __future__ import annotations

import json

import pytest

from dagport.diagnostics import CATALOGUE
from dagport.project.read import PAYS_FROM
from tests.cli.conftest import Dagport, Files

SALES = "# airflow\n# dag sales extract load\n"
UNSURE = "# airflow\n# dag unsure only\n# doubt unsure\n"


@pytest.fixture(autouse=True)
def dags(files: Files) -> None:
    files({"dags/sales.py": SALES, "dags/unsure.py": UNSURE, "dags/helper.py": "x = 1\n"})


def test_graph_as_text(dagport: Dagport) -> None:
    done = dagport("graph", "dags")
    assert (done.status, done.err) == (0, "dags/unsure.py:3:1: warning DP201 who knows [unsure]\n")
    assert "sales  dags/sales.py:2\n  exact · manual\n  ├─ extract  [python]\n  └─ load  [python]\n" in done.out
    assert "unsure  dags/unsure.py:2\n  not exact" in done.out


@pytest.mark.parametrize("format_", ["json", "jsonl"])
def test_graph_as_json(dagport: Dagport, format_: str) -> None:
    done = dagport("graph", "dags", "--format", format_)
    assert (done.status, done.err) == (0, "")
    records = json.loads(done.out) if format_ == "json" else [json.loads(line) for line in done.out.splitlines()]
    assert [record["path"] for record in records] == ["dags/sales.py", "dags/unsure.py"]
    assert [record["pipelines"][0]["exact"] for record in records] == [True, False]
    again = dagport("graph", "-", "--format", format_, stdin=done.out)
    assert again.out == done.out


@pytest.mark.parametrize("format_", ["text", "json", "jsonl", "mermaid", "dot"])
def test_graph_of_nothing(dagport: Dagport, files: Files, format_: str) -> None:
    files({"empty/x.py": ""})
    done = dagport("graph", "empty", "--format", format_)
    assert (done.status, done.err) == (0, "")


def test_error_in_one_file(dagport: Dagport, files: Files) -> None:
    files({"dags/broken.py": "# airflow dag\n# error\n"})
    for format_ in ("json", "jsonl", "text"):
        done = dagport("graph", "dags", "--format", format_)
        assert done.status == 1
        assert "sales" in done.out
        assert "dags/broken.py:2:1: error DP301 it raises" in done.err


def test_graph_from_standard_input(dagport: Dagport) -> None:
    done = dagport("graph", "-", "--format", "jsonl", stdin="# dag piped a\n")
    assert json.loads(done.out)["path"] == "<stdin>"
    done = dagport("graph", "-", "--format", "jsonl", "--stdin-filename", "dags/piped.py", stdin="# dag piped a\n")
    assert json.loads(done.out)["path"] == "dags/piped.py"


def test_number_of_jobs_changes_nothing(dagport: Dagport, files: Files) -> None:
    files({f"many/f{number}.py": f"# airflow dag\n# dag d{number} a b\n" for number in range(PAYS_FROM)})
    outputs = {
        dagport("graph", "many", "--format", "jsonl", *jobs).out for jobs in ((), ("--jobs", "1"), ("--jobs", "3"))
    }
    assert len(outputs) == 1


def test_check(dagport: Dagport) -> None:
    done = dagport("check", "dags")
    assert (done.status, done.err) == (0, "")
    assert done.out == (
        "dags/unsure.py:3:1: warning DP201 who knows [unsure]\n"
        "    3 | # doubt unsure\n"
        "      | ^^^^^^^^^^^^^^\n"
        "      = Make it a constant, or accept that the pipeline is not claimed exact.\n"
        "\n"
        "pipeline  tasks  exact  doubts     file\n"
        "sales         2  yes               dags/sales.py\n"
        "unsure        1  no     1: line 3  dags/unsure.py\n"
        "\n"
        "2 files, 2 pipelines (1 exact), 3 tasks, 1 warning.\n"
    )


def test_check_with_a_target(dagport: Dagport, files: Files) -> None:
    files({"dags/sales.py": "# airflow\n# dag sales a b approximate1 manual1\n"})
    done = dagport("check", "dags/sales.py", "--to", "dagster")
    assert done.status == 0
    assert "pipeline  tasks  native  approximate  manual  exact  doubts  file\n" in done.out
    assert "sales         4       2            1       1  yes            dags/sales.py\n" in done.out
    assert "75% carried over to dagster" in done.out


def test_check_counts_what_was_not_translated(dagport: Dagport) -> None:
    done = dagport("check", "dags", "--to", "dagster", "--format", "json")
    assert done.status == 1  # DP406
    report = json.loads(done.out)
    assert report["share_carried"] == pytest.approx(200 / 3)
    assert [row["fidelities"]["manual"] for row in report["pipelines"]] == [0, 1]
    assert dagport("check", "dags", "--to", "dagster", "--allow-inexact").status == 0


@pytest.mark.parametrize(("threshold", "status"), [("0", 0), ("75", 0), ("75.1", 1), ("100", 1)])
def test_fail_under(dagport: Dagport, files: Files, threshold: str, status: int) -> None:
    files({"dags/sales.py": "# airflow\n# dag sales a b approximate1 manual1\n"})
    done = dagport("check", "dags/sales.py", "--fail-under", threshold)
    assert done.status == status
    assert ("75% of the tasks" in done.err) == bool(status)


def test_check_as_json(dagport: Dagport) -> None:
    report = json.loads(dagport("check", "dags", "--format", "json").out)
    assert report["files"] == 2
    assert report["target"] is report["tasks"] is report["share_carried"] is None
    assert [item["code"] for item in report["diagnostics"]] == ["DP201"]


def test_only_errors_fail_a_check(dagport: Dagport, files: Files) -> None:
    assert dagport("check", "dags/unsure.py").status == 0
    files({"dags/broken.py": "# error\n"})
    assert dagport("check", "dags/broken.py").status == 1
    assert dagport("check", "dags/missing.py").status == 1


def test_explain(dagport: Dagport) -> None:
    done = dagport("explain", "dp201")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("DP201 (warning): A value could not be determined\n")
    assert CATALOGUE["DP201"].why in done.out
    assert CATALOGUE["DP201"].hint in done.out
    listing = dagport("explain")
    assert [line.split()[0] for line in listing.out.splitlines()] == list(CATALOGUE)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["explain", "DP20"], "No such code 'DP20'. Did you mean DP2"),
        (["explain", "nonsense"], "No such code 'nonsense'."),
        (["grph", "dags"], "No such command 'grph'. Did you mean graph?"),
        (["graph"], "Missing argument 'PATH...'."),
        (["graph", "dags", "--format", "xml"], "'xml' is not one of"),
        (["graph", "dags", "--frmat", "xml"], "No such option"),
        (["graph", "dags", "--jobs", "0"], "0 is not in the range"),
        (["graph", "dags", "--from", "luigi"], "'luigi' is not one of"),
        (["graph", "dags", "--airflow-version", "4"], "'4' is none of"),
        (["graph", "dags", "--root", "nowhere"], "the root nowhere is not a folder"),
        (["graph", "dags", "--config", "nowhere.toml"], "nowhere.toml: can't be read"),
        (["check", "dags", "--fail-under", "101"], "101"),
        (["translate", "dags"], "Missing option '--to'"),
        (["translate", "dags", "--to", "dagster", "--diff"], "--diff, --check and --force need --out"),
        (["translate", "dags", "--to", "dagster", "--package", "my-dags"], "'my-dags' is not a name"),
        (["translate", "dags", "--to", "dagster", "--package", "class"], "'class' is not a name"),
    ],
)
def test_wrong_usage(dagport: Dagport, args: list[str], message: str) -> None:
    done = dagport(*args)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert "Traceback" not in done.err


def test_formats(dagport: Dagport) -> None:
    done = dagport("formats")
    assert done.status == 0
    for name in ("airflow", "jsonl", "mermaid", "sarif", "dagster"):
        assert name in done.out


@pytest.mark.parametrize("args", [["--help"], ["-h"], ["graph", "--help"], ["--version"], ["explain", "-h"]])
def test_help(dagport: Dagport, args: list[str]) -> None:
    done = dagport(*args)
    assert (done.status, done.err) == (0, "")
    assert "dagport" in done.out
