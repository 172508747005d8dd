"""dagport translate: what is written, what is printed where, what is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Dagport, Files

TO = ("--to", "dagster")
OUT = (*TO, "--out", "out")


@pytest.fixture(autouse=True)
def dags(files: Files) -> None:
    files({"dags/sales.py": "# airflow\n# dag sales extract manual1\n", "dags/other.py": "# airflow\n# dag other a\n"})


def written(project: Path) -> list[str]:
    return sorted(
        file.relative_to(project / "out").as_posix() for file in (project / "out").rglob("*") if file.is_file()
    )


def test_without_out_the_files_are_printed(dagport: Dagport, project: Path) -> None:
    done = dagport("translate", "dags", *TO)
    assert done.status == 0
    assert done.out == (
        "# ===== pyproject.toml =====\n[project]\n\n"
        "# ===== src/pipelines/other.py =====\n# from dags/other.py\n# a\n\n"
        "# ===== src/pipelines/sales.py =====\n# from dags/sales.py\n# extract\n# manual1\n\n"
    )
    assert "sales         2       1            0       1  yes            dags/sales.py" in done.err
    assert "\nsales.manual1: manual: because it is manual\n" in done.err
    assert not (project / "out").exists()


def test_out(dagport: Dagport, project: Path) -> None:
    done = dagport("translate", "dags", *OUT)
    assert done.status == 0
    assert written(project) == [".dagport.json", "pyproject.toml", "src/pipelines/other.py", "src/pipelines/sales.py"]
    assert "66.6% carried over to dagster" in done.out
    assert done.err.splitlines() == [
        "new        out/pyproject.toml",
        "new        out/src/pipelines/other.py",
        "new        out/src/pipelines/sales.py",
    ]
    again = dagport("translate", ".", *OUT)
    assert again.err == "unchanged  3 files in out\n"
    assert again.out == done.out


def test_package(dagport: Dagport, project: Path) -> None:
    dagport("translate", "dags", *OUT, "--package", "ml")
    assert "src/ml/sales.py" in written(project)


def test_check(dagport: Dagport, project: Path, files: Files) -> None:
    done = dagport("translate", "dags", *OUT, "--check")
    assert done.status == 1
    assert done.err.count("error DP502 it is missing") == 3
    assert not (project / "out").exists()
    dagport("translate", "dags", *OUT)
    assert dagport("translate", "dags", *OUT, "--check").status == 0
    files({"dags/sales.py": "# airflow\n# dag sales extract\n"})
    before = (project / "out/src/pipelines/sales.py").read_text()
    done = dagport("translate", "dags", *OUT, "--check")
    assert (done.status, done.err.count("DP502")) == (1, 1)
    assert "out/src/pipelines/sales.py: error DP502 its text differs" in done.err
    assert (project / "out/src/pipelines/sales.py").read_text() == before


def test_check_notices_an_edit(dagport: Dagport, files: Files) -> None:
    dagport("translate", "dags", *OUT)
    files({"out/src/pipelines/sales.py": "mine"})
    done = dagport("translate", "dags", *OUT, "--check")
    assert (done.status, "DP501" in done.err) == (1, True)


def test_diff(dagport: Dagport, project: Path, files: Files) -> None:
    dagport("translate", "dags", *OUT)
    files({"dags/sales.py": "# airflow\n# dag sales extract\n"})
    (project / "dags/other.py").unlink()
    done = dagport("translate", "dags", *OUT, "--diff")
    assert done.status == 0
    assert done.out == (
        "--- a/out/src/pipelines/other.py\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-# from dags/other.py\n-# a\n"
        "--- a/out/src/pipelines/sales.py\n+++ b/out/src/pipelines/sales.py\n@@ -1,3 +1,2 @@\n"
        " # from dags/sales.py\n # extract\n-# manual1\n"
    )
    assert "src/pipelines/other.py" in written(project)
    assert dagport("translate", "dags", *OUT, "--diff", "--check").status == 1


def test_edited_file(dagport: Dagport, project: Path, files: Files) -> None:
    dagport("translate", "dags", *OUT)
    files({"out/src/pipelines/sales.py": "mine\n", "dags/other.py": "# airflow\n# dag other b\n"})
    done = dagport("translate", "dags", *OUT)
    assert done.status == 1
    assert "out/src/pipelines/sales.py: error DP501 it was edited since dagport wrote it" in done.err
    assert (project / "out/src/pipelines/sales.py").read_text() == "mine\n"
    assert "# a" in (project / "out/src/pipelines/other.py").read_text()  # all or nothing
    assert dagport("translate", "dags", *OUT, "--force").status == 0
    assert "# extract" in (project / "out/src/pipelines/sales.py").read_text()


def test_error_in_a_source_removes_nothing(dagport: Dagport, project: Path, files: Files) -> None:
    dagport("translate", "dags", *OUT)
    files({"dags/other.py": "# airflow dag\n# error\n", "dags/sales.py": "# airflow\n# dag sales extract\n"})
    done = dagport("translate", "dags", *OUT)
    assert done.status == 1
    assert "kept       out/src/pipelines/other.py" in done.err
    assert "changed    out/src/pipelines/sales.py" in done.err
    assert "src/pipelines/other.py" in written(project)
    files({"dags/other.py": "x = 1\n"})
    done = dagport("translate", "dags", *OUT)
    assert (done.status, "removed    out/src/pipelines/other.py" in done.err) == (0, True)
    assert "src/pipelines/other.py" not in written(project)


def test_nothing_to_translate(dagport: Dagport, project: Path, files: Files) -> None:
    files({"empty/x.py": ""})
    done = dagport("translate", "empty", *OUT)
    assert (done.status, (project / "out").exists()) == (1, False)
    assert "no pipeline was found" in done.err


def test_inexact(dagport: Dagport, project: Path, files: Files) -> None:
    files({"dags/sales.py": "# airflow\n# dag sales a\n# doubt sales\n"})
    done = dagport("translate", "dags", *OUT)
    assert (done.status, "DP406" in done.err) == (1, True)
    assert "src/pipelines/sales.py" not in written(project)
    done = dagport("translate", "dags", *OUT, "--allow-inexact")
    assert (done.status, "DP406" in done.err) == (0, False)
    assert "src/pipelines/sales.py" in written(project)


def test_graphs_in_json_have_no_code(dagport: Dagport, files: Files) -> None:
    files({"sales.json": dagport("graph", "dags/sales.py", "--format", "json").out})
    done = dagport("translate", "sales.json", *TO)
    assert (done.status, "has no function bodies" in done.err) == (2, True)
    assert dagport("check", "sales.json").status == 0
    done = dagport("translate", "sales.json", "--to", "airflow")
    assert (done.status, "with DAG(" in done.out) == (0, True)  # what has no body is told task by task


def test_version_to_write_for(dagport: Dagport, files: Files) -> None:
    files({"sales.json": dagport("graph", "dags/sales.py", "--format", "json").out})
    done = dagport("translate", "sales.json", "--to", "airflow", "--target-version", "2")
    assert (done.status, "airflow.sdk" in done.out) == (0, False)
    done = dagport("translate", "dags", *TO, "--target-version", "2")
    assert (done.status, "--target-version is for --to airflow" in done.err) == (2, True)


def test_quiet(dagport: Dagport) -> None:
    done = dagport("translate", "dags", *OUT, "--quiet")
    assert (done.status, done.out, done.err) == (0, "", "")


def test_out_is_a_file(dagport: Dagport, files: Files) -> None:
    files({"out": ""})
    done = dagport("translate", "dags", *OUT)
    assert (done.status, done.err) == (2, "Error: can't write to out: out is not a folder\n")
