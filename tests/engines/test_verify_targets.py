"""``dagport verify --engine dagster=...`` and ``prefect=...``: stubs end as the models say, and changes show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dagport.cli.app import run
from tests.engines.environments import Environment
from tests.verify.test_targets import GATED, SHOP, project

pytestmark = pytest.mark.engine
MAPPED = """
from datetime import datetime

from airflow.sdk import dag, task, teardown


@dag(schedule=None, start_date=datetime(2026, 1, 1))
def mapped():
    @task
    def files():
        return ["a", "b"]

    @task
    def load(file):
        return len(file)

    @task(trigger_rule="all_done")
    def report(sizes):
        return list(sizes or [])

    @task
    def total(sizes):
        return sum(sizes)

    @teardown
    def clean_up():
        print("clean")

    sizes = load.expand(file=files())
    report(sizes)
    total(sizes) >> clean_up()


mapped()
"""
CHANGES = {
    "dagster": ('rule="none_failed_min_one_success"', 'rule="all_success"'),
    "prefect": ('rule="none_failed_min_one_success"', 'rule="all_success"'),
}


def verdicts(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, dict[str, Any]]:
    """The verdicts of the engine, by their pipelines."""
    capsys.readouterr()
    run(["verify", *map(str, arguments), "--no-cache", "--format", "json"])
    rows = json.loads(capsys.readouterr().out)["verdicts"]
    return {row["pipeline"]: row for row in rows if row["check"] == "engines"}


def check(
    capsys: pytest.CaptureFixture[str], folder: Path, to: str, engine: Environment, most: int, mapped: str
) -> None:
    dags = folder / "dags"
    dags.mkdir()
    for name, text in (("shop", SHOP), ("mapped", MAPPED), ("gated", GATED.replace("def shop", "def gated"))):
        (dags / f"{name}.py").write_text(text.replace("\nshop()", f"\n{name}()"), "utf-8")
    asked = ("--engine", f"{to}={engine.python}", "--runs", most)
    found = verdicts(capsys, dags, "--to", to, *asked)
    assert {name: (row["state"], row["unknown"], row["differences"]) for name, row in found.items()} == {
        "shop": ("same", None, []), "gated": ("same", None, []), "mapped": (mapped, None, []),
    }  # fmt: skip
    assert all(row["compared"] == most for row in found.values())
    made = project(folder, to, GATED)
    made.change(*CHANGES[to])
    found = verdicts(capsys, made.source, made.folder, *asked)
    assert found["shop"]["differences"][0]["task"] == "join"


def test_dagster(dagster_host: Environment, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(capsys, tmp_path, "dagster", dagster_host, 6, "same")


def test_prefect(prefect_host: Environment, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(capsys, tmp_path, "prefect", prefect_host, 3, "same")


@pytest.mark.parametrize("value", ["dagster", "dagster=", "spark=python", "4=python"])
def test_usage(value: str, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP, "utf-8")
    assert run(["verify", str(tmp_path / "shop.py"), "--to", "dagster", "--engine", value]) == 2


def test_no_such_python(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop.py").write_text(SHOP, "utf-8")
    arguments = [str(tmp_path / "shop.py"), "--to", "dagster", "--engine", f"dagster={tmp_path / 'python'}"]
    assert run(["verify", *arguments]) == 2
    assert "can't run the stubs" in capsys.readouterr().err


def test_results(
    dagster_host: Environment, airflow3: Environment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --run, both sides hand over the same; another constant is noticed, by its task."""
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "mapped.py").write_text(MAPPED, "utf-8")
    (dags / "shop.py").write_text(GATED, "utf-8")
    engines = ("--engine", f"dagster={dagster_host.python}", "--engine", f"3={airflow3.python}", "--runs", 1, "--run")
    made = project(tmp_path, "dagster", GATED)
    made.change("    return 1\n", "    return 3\n")
    capsys.readouterr()
    run(["verify", *map(str, (dags, made.folder, "--to", "dagster", *engines)), "--no-cache", "--format", "json"])
    rows = [row for row in json.loads(capsys.readouterr().out)["verdicts"] if row["check"] == "data"]
    by_target = {(row["target"], row["pipeline"]): row for row in rows}
    ours = [by_target["dagster", name] for name in ("mapped", "shop")]
    assert [(row["state"], row["unknown"], row["differences"]) for row in ours] == [("same", None, [])] * 2
    tasks = [one["task"] for one in by_target[str(made.folder), "shop"]["differences"]]
    assert tasks == ["delta", "join"]
    assert by_target[str(made.folder), "mapped"]["unknown"] == "it isn't in the target"


def test_results_in_prefect(
    prefect_host: Environment, airflow3: Environment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mapped.py").write_text(MAPPED, "utf-8")
    engines = ("--engine", f"prefect={prefect_host.python}", "--engine", f"3={airflow3.python}", "--runs", 1, "--run")
    run(["verify", *map(str, (tmp_path / "mapped.py", "--to", "prefect", *engines)), "--no-cache", "--format", "json"])
    [row] = [row for row in json.loads(capsys.readouterr().out)["verdicts"] if row["check"] == "data"]
    assert (row["state"], row["unknown"], row["differences"]) == ("same", None, [])
    assert row["compared"] == 5
