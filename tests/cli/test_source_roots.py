"""``--source-root``, and where modules are looked for without it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dagport import formats
from tests.cli.conftest import Dagport, Files

READER = formats.READERS["airflow"]
DAG = """\
from airflow.sdk import DAG
from names import NAME
dag = DAG(NAME, schedule=None)
"""


@pytest.fixture(autouse=True)
def sources(files: Files, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(formats.READERS, "airflow", READER)
    files({"dags/d.py": DAG, "lib/names.py": "NAME = 'of_lib'", "more/names.py": "NAME = 'of_more'"})


def found(dagport: Dagport, *options: str) -> list[tuple[str, bool]]:
    graph = json.loads(dagport("graph", "dags", "--format", "jsonl", "--no-cache", *options).out)
    return [(item["id"], item["exact"]) for item in graph["pipelines"]]


def test_a_folder_that_nobody_names_is_not_searched(dagport: Dagport) -> None:
    assert found(dagport) == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--source-root", "lib"), "of_lib"),
        (("--source-root", "lib", "--source-root", "more"), "of_lib"),
        (("--source-root", "more", "--source-root", "lib"), "of_more"),
    ],
)
def test_named_folders_are_searched_in_their_order(dagport: Dagport, options: tuple[str, ...], expected: str) -> None:
    assert found(dagport, *options) == [(expected, True)]


def test_two_modules_of_a_name_are_a_doubt_where_the_order_is_a_guess(dagport: Dagport, files: Files) -> None:
    files({"names.py": "NAME = 'of_root'", "plugins/names.py": "NAME = 'of_plugins'"})
    said = dagport("graph", "dags", "--format", "jsonl").out
    assert found(dagport) == [("of_root", False)]
    assert "DP214" in said
    assert "plugins/names.py" in said


def test_the_configuration_lists_folders(dagport: Dagport, files: Files) -> None:
    files({"dagport.toml": 'source-root = ["more"]'})
    assert found(dagport) == [("of_more", True)]


@pytest.mark.parametrize(
    ("given", "problem"),
    [("nowhere", "not a folder"), ("names.py", "not a folder"), ("..", "outside the project root")],
)
def test_a_folder_that_can_not_be_one_is_wrong_usage(dagport: Dagport, files: Files, given: str, problem: str) -> None:
    files({"names.py": ""})
    run = dagport("graph", "dags", "--root", ".", "--source-root", given)
    assert run.status == 2
    assert problem in run.err


def test_the_configuration_wants_a_list(dagport: Dagport, files: Files) -> None:
    files({"dagport.toml": 'source-root = "more"'})
    run = dagport("graph", "dags")
    assert run.status == 2
    assert "is not a list" in run.err
