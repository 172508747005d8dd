"""Running the command line inside the test's process."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dagport import formats
from dagport.cli.app import run


@dataclass(frozen=True)
class Result:
    """What a run left behind."""

    status: int
    out: str
    err: str


Dagport = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project in the current folder; its Airflow files are read, and Dagster's written, by the fakes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setitem(formats.READERS, "airflow", "tests.project.fakes:read")
    monkeypatch.setitem(formats.TARGETS, "dagster", "tests.project.fakes:write")
    (tmp_path / "dags").mkdir()
    return tmp_path


@pytest.fixture
def dagport(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Dagport:
    """Run ``dagport`` with arguments, and standard input if there is any."""

    def call(*args: str, stdin: str | None = None) -> Result:
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        status = run(list(args))
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return call


@pytest.fixture
def files(project: Path) -> Callable[[dict[str, str]], None]:
    """Write files of the project."""

    def write(texts: dict[str, str]) -> None:
        for path, text in texts.items():
            file = project / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")

    return write


Files = Callable[[dict[str, str]], None]
