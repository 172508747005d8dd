"""``dagport verify`` beside the real engines: stubs of both sides end as the models say, and every change shows."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from dagport.cli.app import run
from dagport.graph import Pipeline
from dagport.semantics.outcomes import Outcomes
from dagport.verify.pairs import Pair, Told
from dagport.verify.sides import Side
from dagport_adapters.commands.verifying import Fleet, _Both, on_engines
from tests.engines.environments import Environment
from tests.engines.test_upgrade import upgraded
from tests.verify.test_outcomes import MAPPED, SCOPE, SHOP, SHORT, pipeline

pytestmark = pytest.mark.engine
EXAMPLES = (
    "example_nested_branch_dag", "example_setup_teardown", "example_short_circuit_operator",
    "example_dynamic_task_mapping", "latest_only_with_trigger",
)  # fmt: skip
NOT_EXACT = {"example_params_ui_tutorial", "example_python_decorator", "example_python_operator", "example_sensors"}
GROUP = """
    @task
    def files():
        return [1]

    @task(retries=1)
    def load(file):
        return file

    @task(trigger_rule="none_failed")
    def store(file):
        return file

    @task_group
    def each(file):
        store(load(file))

    each.expand(file=files()) >> EmptyOperator(task_id="end", trigger_rule="one_success")
"""


def verified(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, list[dict[str, Any]]]:
    """The exit status and the verdicts of the command."""
    status = run(["verify", *map(str, arguments), "--no-cache", "--format", "json"])
    return status, json.loads(capsys.readouterr().out)["verdicts"]


@pytest.fixture
def examples(airflow2: Environment, tmp_path: Path) -> Path:
    """A folder with the example DAGs of Airflow 2, ``old``, and what they are upgraded to, ``new``."""
    package = airflow2.run(["-c", "import airflow, os; print(os.path.dirname(airflow.__file__))"]).stdout.split()[-1]
    shutil.copytree(Path(package, "example_dags"), tmp_path / "old", ignore=shutil.ignore_patterns("__pycache__"))
    upgraded(tmp_path / "old", tmp_path / "new")
    return tmp_path


def test_upgraded_examples(examples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All upgraded examples of which the graph is exact end as they did, by the models."""
    arguments = (examples / "old", examples / "new", "--airflow-version", "2", "--root", examples)
    _, verdicts = verified(capsys, *arguments)
    rows = [row for row in verdicts if row["check"] == "outcomes"]
    states = Counter(row["state"] for row in rows)
    whole = sum(row["compared"] == row["space"] for row in rows if row["state"] == "same")
    compared = sum(row["compared"] for row in rows)
    print(f"{dict(states)}; {compared} outcomes; {whole} pipelines with all of theirs")  # noqa: T201 - what was covered
    assert [row["differences"] for row in rows if row["state"] == "different"] == []
    unknown = {row["pipeline"]: row["unknown"] for row in rows if row["state"] == "unknown"}
    assert {name for name, why in unknown.items() if "isn't exact" in why} == NOT_EXACT == set(unknown)
    assert states["same"] > 60


def test_examples_run(
    airflow2: Environment, airflow3: Environment, examples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some of them are run, too, in both Airflows."""
    for side in ("old", "new"):
        chosen = examples / f"some_{side}"
        chosen.mkdir()
        for name in EXAMPLES:
            file = examples / side / ("example_latest_only_with_trigger.py" if "latest" in name else f"{name}.py")
            shutil.copy(file, chosen)
    engines = ("--engine", f"2={airflow2.python}", "--engine", f"3={airflow3.python}", "--runs", 2)
    arguments = (examples / "some_old", examples / "some_new", "--airflow-version", "2", "--root", examples)
    _, verdicts = verified(capsys, *arguments, *engines)
    rows = [row for row in verdicts if row["check"] == "engines" and row["pipeline"] in EXAMPLES]
    assert [(row["pipeline"], row["differences"], row["unknown"]) for row in rows if row["state"] != "same"] == []
    assert len(rows) == len(EXAMPLES)
    assert all(row["compared"] == 2 for row in rows)


def named(body: str, name: str, version: str = "2") -> Pipeline:
    return replace(pipeline(body), id=name, engine_version=version)


def test_changes_show_in_the_engine(airflow2: Environment) -> None:
    """What the models find is what the engine does, with the same smallest example."""
    changed = {
        "same": (SHOP, SHOP),
        "short": (SHORT, SHORT),
        "scope": (SCOPE, SCOPE),
        "mapped": (MAPPED, MAPPED),
        "group": (GROUP, GROUP),
        "rule": (SHOP, SHOP.replace('"none_failed_min_one_success"', '"all_success"')),
        "setup": (SCOPE, SCOPE.replace(").as_setup()", ")")),
        "edge": (SHOP, SHOP.replace("[fast, slow] >> join", "[slow] >> join; look >> fast")),
    }
    sides = [Pair(path="x", source=named(old, name), target=named(new, name)) for name, (old, new) in changed.items()]
    verdicts = {one.pipeline: one for one in on_engines(sides, {"2": str(airflow2.python)}, 2, Told())}
    assert {name: one.differences for name, one in verdicts.items() if changed[name][0] == changed[name][1]} == (
        dict.fromkeys(["same", "short", "scope", "mapped", "group"], ())
    )
    assert {one.state for name, one in verdicts.items() if changed[name][0] == changed[name][1]} == {"same"}
    first = {name: str(one.differences[0].message) for name, one in verdicts.items() if one.differences}
    run_in = "in the target, run in Airflow, when"
    assert first == {
        "rule": f"success in the source, skipped {run_in} `look` chooses `fast`",
        "setup": f"upstream_failed in the source, success {run_in} `up` fails",
        "edge": f"success in the source, skipped {run_in} `look` chooses `fast`",
    }


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def test_a_model_that_is_wrong_shows(airflow2: Environment, folder: Path) -> None:
    """The engine has another rule than the model is asked about; and it isn't taken for another version."""
    said = named(SHOP, "shop", "2")
    other = named(SHOP.replace('"none_failed_min_one_success"', '"all_success"'), "shop", "2")
    pair = Pair(path="x", source=said, target=said)
    with ExitStack() as stack:
        fleet = Fleet(dict.fromkeys("23", str(airflow2.python)), folder, stack)
        fleet.add("source", Side.of(other))
        fleet.add("target", Side.of(other))
        verdict = _Both(pair, (Side.of(said), Side.of(said)), fleet, ()).verdict(1)
        fleet.runners["source", "3"] = fleet.runners["source", "2"]
        with pytest.raises(click.UsageError, match=r"--engine 3=.* has Airflow 2"):
            fleet.run("source", Side.of(replace(said, engine_version="3")), Outcomes())
    [difference] = verdict.differences
    assert difference.task == "join"
    assert difference.message == ("in the source: skipped in Airflow, success by the model, when `look` chooses `fast`")
