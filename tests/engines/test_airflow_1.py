"""Files with the habits of Airflow 1 in, Airflow 3 files out: they load, and are the DAGs that they were.

``airflow1/*.txt`` are the files. Airflow 1 itself runs on no Python that is still maintained: what a file was is told
by the last Airflow 2, which has shims for the old names, and by dagport's reader where that can't import the file.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from dagport.graph import Pipeline
from dagport.options import ReadOptions
from dagport.readers.airflow import read
from dagport.source import Source
from dagport.workspace import Workspace
from tests.engines.environments import Environment, environment
from tests.engines.test_upgrade import told, upgraded

FILES = sorted((Path(__file__).parent / "airflow1").glob("*.txt"))
# What a person has to do before the file loads, as it is told.
LEFT = {
    "macros.py": "Airflow 3 has no airflow.utils.timezone.make_aware",
    "plugins.py": "import GreetOperator from the module that defines it",
    "subdag.py": "Airflow 3 has no SubDAGs: use a TaskGroup",
    "triggers.py": "TriggerDagRunOperator takes no function since Airflow 2",
}

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("upgrade")]


def test_habits_of_airflow_1(airflow2: Environment, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    for file in FILES:
        (old / f"{file.stem}.py").write_text(file.read_text("utf-8"), "utf-8")
    written = upgraded(old, new, version=None)
    reasons: dict[str, list[str]] = defaultdict(list)
    for item in written.diagnostics:
        reasons[item.path or ""].append(item.message)
    before = told(airflow2, old, tmp_path)["dags"]
    after = told(environment("airflow3-providers"), new, tmp_path)
    assert {Path(name).name for name in after["errors"]} == set(LEFT), after["errors"]
    for name, reason in LEFT.items():
        assert any(reason in item for item in reasons[name]), name
    native = {item.path for item in written.outcomes} - {
        item.path for item in written.outcomes if item.fidelity == "manual"
    }
    assert len(native) >= 10
    assert not native & set(LEFT)
    graphs = [read(_source(file), ReadOptions(workspace=Workspace(old))) for file in sorted(old.glob("*.py"))]
    pipelines = {item.id: item for graph in graphs if graph.path not in LEFT for item in graph.pipelines}
    assert set(after["dags"]) == set(pipelines)
    for name, dag in after["dags"].items():
        assert shape(dag) == shape_of(pipelines[name]), name
        if name in before:
            assert dag == before[name] | _with_start(before[name], dag), name
    assert len(before.keys() & after["dags"].keys()) >= 12


def _source(file: Path) -> Source:
    return Source(file.name, file.read_text("utf-8"), file.name)


def _with_start(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Airflow 2 keeps a start date of the default arguments with the tasks, Airflow 3 with the DAG as well."""
    return {"start": after["start"]} if before["start"] == "None" else {}


def shape(dag: dict[str, Any]) -> tuple[list[str], list[tuple[str, str]]]:
    """Task ids and edges, as an Airflow tells them."""
    tasks = dag["tasks"]
    return sorted(tasks), sorted((name, below) for name, task in tasks.items() for below in task["downstream"])


def shape_of(pipeline: Pipeline) -> tuple[list[str], list[tuple[str, str]]]:
    """The same of a graph."""
    return sorted(task.id for task in pipeline.tasks), sorted((e.upstream, e.downstream) for e in pipeline.edges)
