"""What docs/moving.md shows is what the commands say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from dagport.cli.app import dagport
from dagport_adapters.airflow.dagport_switch import read_switch
from tests.pages import check, played

PAGE = Path(__file__).parents[3] / "docs" / "moving.md"
TARGETS = "targets:\n  dagster: {conn_id: dagster}\n"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def test_the_commands_say_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, accept: bool) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAGPORT_SWITCH", raising=False)
    for name in ("dags", "plugins"):
        (tmp_path / name).mkdir()
    (tmp_path / "dags" / "shop.py").write_text(next(text for text in blocks("python") if "DAG(" in text))
    (tmp_path / "dags" / "dagport_switch.yaml").write_text(TARGETS)

    def run(command: str, _: str) -> str:
        program, *words = shlex.split(command)
        assert program == "dagport"
        return CliRunner().invoke(dagport, words, catch_exceptions=False).output

    check(PAGE, played(PAGE.read_text("utf-8"), run), accept=accept)


def test_the_switch_file_of_the_page_can_be_read() -> None:
    [text] = blocks("yaml")
    assert set(read_switch(text)) == {("shop", "load"), ("shop", "report")}
