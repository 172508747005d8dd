"""The commands of ``docs/lineage.md`` print what it says, in the project that it shows."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from dagport.cli.app import run
from tests.pages import check, played, write_below

PAGE = Path(__file__).parents[2] / "docs/lineage.md"


def test_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, accept: bool
) -> None:
    text = PAGE.read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    played(text, lambda command, shown: shown, write=write_below(tmp_path))  # files that commands need come after them

    def command(line: str, shown: str) -> str:
        if not line.startswith("dagport lineage "):  # what runs a DAG, or changes the environment
            return shown
        run(shlex.split(line)[1:])
        captured = capsys.readouterr()
        return captured.out + captured.err

    found = played(text, command)
    check(PAGE, found, accept=accept)
    assert found.count("$ dagport lineage") == 6
