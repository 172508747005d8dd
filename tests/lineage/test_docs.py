"""The commands of ``docs/lineage.md`` print what it says, in the project that it shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from dagport.cli.app import run

PAGE = Path(__file__).parents[2] / "docs/lineage.md"
FILE = re.compile(r"^```(?:python|json)\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n\$ dagport (.*)\n((?:.*\n)*?)```$", re.MULTILINE)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project of the page."""
    for path, text in FILE.findall(PAGE.read_text("utf-8")):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_outputs(project: Path, capsys: pytest.CaptureFixture[str], accept: bool) -> None:
    text = PAGE.read_text("utf-8")

    def block(match: re.Match[str]) -> str:
        run(shlex.split(match[1]))
        captured = capsys.readouterr()
        return f"```console\n$ dagport {match[1]}\n{captured.out}{captured.err}```"

    found = CONSOLE.sub(block, text)
    if accept:
        PAGE.write_text(found, "utf-8")
    assert found.count("$ dagport lineage") == 6
    assert PAGE.read_text("utf-8") == found
