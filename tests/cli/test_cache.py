"""The cache as the command line has it: the same bytes with and without, and nobody is bothered."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from dagport import formats
from dagport.cli.app import run
from dagport.project.folders import cache_folder
from tests.cases import FIXTURES
from tests.cli.conftest import Dagport, Files, Result

DAG = "# airflow\n# dag a x\n"


def test_options(dagport: Dagport, files: Files, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGPORT_CACHE_DIR", str(project / "by_variable"))
    files({"dags/a.py": DAG})
    dagport("graph", "dags", "--no-cache")
    assert not (project / "by_variable").exists()
    dagport("graph", "dags")
    assert len(list((project / "by_variable").iterdir())) == 1
    dagport("graph", "dags", "--cache-dir", "by_option")
    assert len(list((project / "by_option").iterdir())) == 1


def test_configuration(dagport: Dagport, files: Files, project: Path) -> None:
    files({"dags/a.py": DAG, "dagport.toml": 'cache-dir = "kept"\n'})
    assert dagport("graph", "dags").status == 0
    assert (project / "kept").is_dir()
    files({"dagport.toml": "no-cache = true\ncache-dir = 'other'\n"})
    assert dagport("graph", "dags").status == 0
    assert not (project / "other").exists()


def test_only_verbose_says_that_there_is_none(dagport: Dagport, files: Files) -> None:
    files({"dags/a.py": DAG, "file": ""})
    assert dagport("graph", "dags", "--cache-dir", "file").err == ""
    [line] = [
        line for line in dagport("graph", "dags", "--cache-dir", "file", "-v").err.splitlines() if "cache" in line
    ]
    assert line.startswith("going on without a cache: ")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"DAGPORT_CACHE_DIR": "/a/b", "XDG_CACHE_HOME": "/c"}, "/a/b"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/dagport"),
        ({"XDG_CACHE_HOME": "c", "HOME": "/home/me"}, "/home/me/.cache/dagport"),
        ({"HOME": "/home/me"}, "/home/me/.cache/dagport"),
    ],
)
def test_folder(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DAGPORT_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(expected)


OUTPUTS: list[Sequence[str]] = [
    *(["graph", "--format", name] for name in formats.PRINTERS),
    *(["check", "--format", name] for name in ("text", "json", "sarif", "github")),
    ["check", "--to", "dagster"],
    ["translate", "--to", "dagster", "--allow-inexact"],
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of some fixtures, whose files have errors and doubts, too."""
    root = tmp_path_factory.mktemp("repository")
    for case in sorted((FIXTURES / "airflow").iterdir())[::4]:
        (root / "dags").mkdir(exist_ok=True)
        shutil.copy(case / "input.py", root / "dags" / f"{case.name}.py")
    (root / "dags/broken.py").write_text("from airflow import DAG\nDAG(", "utf-8")
    (root / "dags/binary.py").write_bytes(b"airflow dag \xff")
    (root / "dags/blank.py").write_text("# airflow dag\n \n", "utf-8")
    return root


def test_processes_share_it(repository: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "dagport",
        "graph",
        "dags",
        "--format",
        "jsonl",
        "-v",
        "--cache-dir",
        str(tmp_path),
    ]
    for _ in range(2):
        runs = [subprocess.Popen(command, cwd=repository, stdout=-1, stderr=-1) for _ in range(3)]
        outputs = [run.communicate() for run in runs]
        assert len(set(outputs)) == 1
        assert b"without a cache" not in outputs[0][1]
        assert [run.returncode for run in runs] == [1, 1, 1]


@pytest.mark.parametrize("command", OUTPUTS, ids=" ".join)
def test_same_bytes(
    repository: Path, command: Sequence[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository)

    def output(*options: str) -> Result:
        status = run([*command, "dags", "dags/blank.py", *options])
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    expected = output("--no-cache", "--jobs", "1")
    for options in (["--jobs", "1"], ["--jobs", "1"], ["--jobs", "2"], ["--no-cache", "--jobs", "2"]):
        assert output(*options) == expected, options
