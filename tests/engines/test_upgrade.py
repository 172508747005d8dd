"""Files of Airflow 2, upgraded: they load in Airflow 3 as the DAGs that they were, and no run has other dates."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dagport.options import AirflowVersion, ReadOptions
from dagport.readers.airflow import read
from dagport.source import Source
from dagport.translation import Document, Translation, WriteOptions
from dagport.workspace import Workspace
from dagport.writers.airflow import write
from dagport.writers.airflow.upgrade import facts
from tests.engines.environments import NO_PROGRAMS, Environment, environment
from tests.engines.moved_names import moved

PROGRAM = Path(__file__).parent / "inside" / "upgraded.py"
CASES = Path(__file__).parents[1] / "writers" / "airflow" / "cases"
GONE = {"example_subdag_operator.py": "SubDAGs", "subdag.py": "SubDAGs"}
# Cases of the unit tests that are about what Airflow 3 doesn't load, or Airflow 2 without its providers.
NOT_LOADED = {
    "imports_1_10", "templates_adjacent", "imports_gone", "sql_operators", "days_ago", "imports_merge",
    "imports_several_lines", "habits_1_10",
}  # fmt: skip

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("upgrade")]


def upgraded(folder: Path, out: Path, version: AirflowVersion | None = "2") -> Translation:
    """Upgrade a folder's files into another folder; without a version, of that which each file is written for."""
    documents = []
    for file in sorted(folder.rglob("*.py")):
        path = str(file.relative_to(folder))
        source = Source(path, file.read_text("utf-8"), path)
        options = ReadOptions(airflow_version=version, workspace=Workspace(folder))
        documents.append(Document(source, read(source, options)))
    written = write(documents, WriteOptions(allow_inexact=True))
    for path, text in written.files.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text(text, "utf-8")
    return written


def told(engine: Environment, folder: Path, home: Path) -> dict[str, Any]:
    """What an Airflow makes of a folder."""
    variables = {**NO_PROGRAMS, "AIRFLOW_HOME": str(home / engine.name), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    done = engine.run([PROGRAM, folder], env=variables)
    found: dict[str, Any] = json.loads(done.stdout.partition("RESULT")[2])
    return found


def test_moved_names_are_fresh() -> None:
    kept = json.loads(Path(facts.__file__).with_name("moved.json").read_text("utf-8"))
    assert kept == moved()


@pytest.mark.parametrize("engine", ["airflow2", "airflow2-10"])
def test_examples_of_airflow_2(engine: str, airflow3: Environment, tmp_path: Path) -> None:
    """Those of the last Airflow 2, and those of Airflow 2.10's wheel."""
    airflow = environment(engine)
    package = airflow.run(["-c", "import airflow, os; print(os.path.dirname(airflow.__file__))"]).stdout.split()[-1]
    shutil.copytree(Path(package, "example_dags"), tmp_path / "old", ignore=shutil.ignore_patterns("__pycache__"))
    written = upgraded(tmp_path / "old", tmp_path / "new")
    before, after = told(airflow, tmp_path / "old", tmp_path), told(airflow3, tmp_path / "new", tmp_path)
    assert set(after["errors"]) <= set(GONE)
    manual = {(item.path, item.pipeline) for item in written.outcomes if item.fidelity == "manual"}
    counts = Counter(item.fidelity for item in written.outcomes)
    print(f"{engine}: {len(before['dags'])} DAGs, {dict(counts)}")  # noqa: T201 - what the figures are about
    same = 0
    for name, dag in before["dags"].items():
        if any(pipeline == name or name.startswith(f"{pipeline}.") for _, pipeline in manual):
            continue
        assert name in after["dags"], name
        assert after["dags"][name] == dag, name
        same += 1
    assert same > 50  # of about sixty


def test_cases(airflow2: Environment, airflow3: Environment, tmp_path: Path) -> None:
    for case in CASES.glob("*.txt"):
        if case.stem not in NOT_LOADED:
            text = case.read_text("utf-8").partition("=== ")[0]
            (tmp_path / "old").mkdir(exist_ok=True)
            # One DAG of each name in a folder.
            (tmp_path / "old" / f"{case.stem}.py").write_text(_renamed(text, case.stem), "utf-8")
    written = upgraded(tmp_path / "old", tmp_path / "new")
    before, after = told(airflow2, tmp_path / "old", tmp_path), told(airflow3, tmp_path / "new", tmp_path)
    assert (before["errors"], after["errors"]) == ({}, {})
    manual = {item.pipeline for item in written.outcomes if item.fidelity == "manual"}
    assert {name: dag for name, dag in after["dags"].items() if name not in manual} == {
        name: dag for name, dag in before["dags"].items() if name not in manual
    }


def _renamed(text: str, name: str) -> str:
    for one in ("a", "b"):
        text = text.replace(f'DAG("{one}"', f'DAG("{name}_{one}"').replace(f'(("{one}"', f'(("{name}_{one}"')
        text = text.replace(f', ("{one}"', f', ("{name}_{one}"').replace(f'dag_id="{one}"', f'dag_id="{name}_{one}"')
    return text.replace("def pipeline()", f"def {name}()").replace("\npipeline()", f"\n{name}()")
