"""Airflow's control flow in real Prefect: the written cases and random DAGs as flows, and how their tasks end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dagport import formats
from dagport.graph import Pipeline
from dagport.passes.control import control_of
from dagport.semantics.outcomes.model import Outcomes, Prediction
from dagport.semantics.outcomes.predict import predict_airflow
from dagport.semantics.outcomes.rules import Version
from dagport.semantics.outcomes.stubs import conf_of
from dagport.translation import WriteOptions
from tests.engines.control_dags import dag_text, has_form
from tests.engines.control_flows import flow_text, with_mapped_groups, write_support
from tests.engines.environments import Environment
from tests.engines.reading import read
from tests.semantics.random_graphs import batch
from tests.semantics.written import Written, written

pytestmark = pytest.mark.engine
SCRIPT = Path(__file__).parent / "inside" / "prefect_control.py"
SEEDS, DAGS = (4001, 4002), 12  # batches of random DAGs, and how many in each


def runs(engine: Environment, folder: Path, flows: Sequence[tuple[str, str, Outcomes]]) -> list[dict[str, Any]]:
    """What real Prefect makes of flows: their modules, names and outcomes."""
    rows = [{"module": module, "flow": flow, "outcomes": conf_of(outcomes)} for module, flow, outcomes in flows]
    (folder / "cases.json").write_text(json.dumps(rows), "utf-8")
    return list(json.loads(engine.run([SCRIPT, folder, folder / "cases.json"], timeout=400).stdout))


def composed(folder: Path, graphs: Sequence[tuple[Pipeline, Outcomes]]) -> list[tuple[str, str, Outcomes]]:
    """Flows of graphs alone, by the writer's composition."""
    write_support(folder)
    for number, (pipeline, _) in enumerate(graphs):
        (folder / "pipelines" / f"graph_{number}.py").write_text(flow_text(pipeline), "utf-8")
    return [(f"pipelines.graph_{number}", "run", outcomes) for number, (_, outcomes) in enumerate(graphs)]


def translated(folder: Path, graphs: Sequence[tuple[Pipeline, Outcomes]]) -> list[tuple[str, str, Outcomes]]:
    """Flows of DAG files, by the reader and the writer."""
    dags = folder / "dags"
    dags.mkdir()
    for number, one in enumerate(graphs):
        (dags / f"dag_{number}.py").write_text(dag_text(*one), "utf-8")
    documents = [read(dags / f"dag_{number}.py", dags) for number in range(len(graphs))]
    translation = formats.target("prefect")(documents, WriteOptions(package="translated"))
    assert {one.fidelity for one in translation.outcomes} == {"native"}
    for path, text in translation.files.items():
        file = folder / path.removeprefix("src/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return [(f"translated.flows.{one.id}", one.id, outcomes) for one, outcomes in graphs]


def differences(prediction: Prediction, found: dict[str, Any]) -> dict[str, Any]:
    """Tasks that ended as no run of Airflow would; instances that never were are one, as in Airflow, or all alike."""
    wrong: dict[str, Any] = {}
    for task in {task for task, _ in prediction.states}:
        states = found["states"].get(task, [])
        expected = {index: state for (one, index), state in prediction.states.items() if one == task}
        rows = [prediction.allows((task, index), state) or prediction.allows((task, -1), state)
                for index, state in enumerate(states)]  # fmt: skip
        certain = not any(one == task for one, _ in prediction.possible) and -1 not in expected
        if not states or not all(rows) or (certain and len(states) != len(expected)):
            wrong[task] = states, expected
    if found["run"] not in prediction.possible_runs:
        wrong["run"] = found["run"], prediction.run, found["message"]
    return wrong


def doubts(pipeline: Pipeline) -> list[str]:
    """Why some of its tasks are called approximate beforehand."""
    return [one.doubt for one in control_of(pipeline).values() if one.doubt is not None]


def graphs_of(cases: Sequence[tuple[Written, Version]]) -> list[tuple[Pipeline, Outcomes]]:
    """The graphs of some cases, and what their tasks do."""
    return [
        (replace(with_mapped_groups(one.pipeline, one.outcomes), engine_version=version), one.outcomes)
        for one, version in cases
    ]


def test_written_cases(prefect_host: Environment, tmp_path: Path) -> None:
    cases: list[tuple[Written, Version]] = [(one, "3" if "3" in one.versions else "2") for one in written()]
    by_functions = [(one, version) for one, version in cases if version == "3" and has_form(one.pipeline)]
    alone = [one for one in cases if one not in by_functions]
    flows = [*translated(tmp_path, graphs_of(by_functions)), *composed(tmp_path, graphs_of(alone))]
    wrong = {}
    for (one, version), found in zip([*by_functions, *alone], runs(prefect_host, tmp_path, flows), strict=True):
        different = differences(predict_airflow(one.pipeline, one.outcomes, version=version), found)
        if different:
            wrong[one.name] = different
    doubted = {one.name for (one, _), (graph, _) in zip(cases, graphs_of(cases), strict=True) if doubts(graph)}
    assert {name: different for name, different in wrong.items() if name not in doubted} == {}
    assert set(wrong) == doubted
    assert len(by_functions) > 85


def test_random_dags(prefect_host: Environment, tmp_path: Path) -> None:
    batches = [batch(seed, DAGS, "3") for seed in SEEDS]
    graphs = [(with_mapped_groups(pipeline, outcomes), outcomes) for pipeline, outcomes in batches]
    results = runs(prefect_host, tmp_path, composed(tmp_path, graphs))
    for (pipeline, outcomes), found in zip(batches, results, strict=True):
        assert differences(predict_airflow(pipeline, outcomes, version="3"), found) == {}
