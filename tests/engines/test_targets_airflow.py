"""``--to airflow`` on whole collections of DAGs: real Airflow builds from what is written what it built before.

Airflow's own examples are in Airflow's own dialect already: they stay as they are. To try the writer, they are written
anew from their graphs as well, for Airflow 3 and for Airflow 2.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from dagport import codec
from dagport.graph import FileGraph, Pipeline, Task
from dagport.source import Source
from dagport.translation import Document, Translation, WriteOptions
from dagport.verify.pairs import verify_graphs
from dagport.verify.schedules import Horizon
from dagport.workspace import Workspace
from dagport.writers.airflow import write
from dagport.writers.airflow.written.files import write_documents
from tests.engines.compare import compare_file
from tests.engines.environments import NO_PROGRAMS, Environment, environment
from tests.engines.reading import TRUTH, example_folders, truth
from tests.engines.reading import read as read_airflow
from tests.engines.test_dag_factory import put_files
from tests.engines.test_dag_factory import read as read_yaml
from tests.writers.airflow.returning import differences, read_files
from tests.writers.airflow.test_written import pipelines

WANTED = 0.99
HORIZON = Horizon(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 15, tzinfo=UTC))
STRATEGY = """
from airflow.plugins_manager import AirflowPlugin
from airflow.example_dags.plugins.decreasing_priority_weight_strategy import DecreasingPriorityStrategy

class Plugin(AirflowPlugin):
    name = "strategy"
    priority_weight_strategies = [DecreasingPriorityStrategy]
"""
"""What the examples need of their deployment: the strategy, registered, which Airflow 2 asks for at import."""
Record = Callable[[str, object], None]

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("targets-airflow")]


@cache
def corpus() -> tuple[Document, ...]:
    """The files of Airflow 3's examples that have DAGs."""
    folders = example_folders("airflow3")
    root = folders[0].parents[1]
    files = [file for folder in folders for file in sorted(folder.rglob("*.py"))]
    documents = [read_airflow(file, root) for file in files if file.name != "__init__.py"]
    return tuple(document for document in documents if document.graph.pipelines)


def put(translation: Translation, folder: Path) -> Path:
    """Write the files below a folder."""
    for path, text in translation.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return folder


def share(translation: Translation) -> float:
    """Which part of the tasks is native."""
    counts = Counter(outcome.fidelity for outcome in translation.outcomes)
    return counts["native"] / counts.total()


def figures(translation: Translation) -> str:
    """The tasks by their fidelity."""
    counts = Counter(outcome.fidelity for outcome in translation.outcomes)
    return f"{counts.total()} tasks: {dict(counts)}, {share(translation):.1%} native, {len(translation.files)} files"


def wrong(records: Sequence[dict[str, Any]], graphs: Sequence[FileGraph]) -> list[str]:
    """Where Airflow builds something other than the graphs that the files were written from."""
    by_id = {pipeline.id: codec.to_json(pipeline) for graph in graphs for pipeline in graph.pipelines}
    found = []
    for record in records:
        mine = [by_id[dag["dag_id"]] for dag in record["dags"]]
        verdicts = compare_file(record, {"pipelines": mine})
        found += [str(verdict) for verdict in verdicts if verdict.differences]
    return found


def test_examples_of_airflow_3(airflow3: Environment, tmp_path: Path, record_property: Record) -> None:
    documents = corpus()
    written = write(documents, WriteOptions(allow_inexact=True))
    record_property("figures", figures(written))
    print("in its own dialect:", figures(written))  # noqa: T201 - what the figures are about
    assert share(written) >= WANTED
    records = truth(airflow3, [put(written, tmp_path)])
    assert [record["error"] for record in records if not record["ok"]] == []
    graphs = [document.graph for document in documents]
    again = read_files(written.files, Workspace(tmp_path))
    verdicts = [item for item in verify_graphs(graphs, again, HORIZON, limit=1) if item.check != "outcomes"]
    exact = {pipeline.id for graph in graphs for pipeline in graph.pipelines if pipeline.exact}
    assert len(exact) >= 110
    unknown = {(item.pipeline, item.check) for item in verdicts if item.state != "same" and item.pipeline in exact}
    assert {check for _, check in unknown} <= {"schedule"}  # timetables that no model has
    assert [item for item in verdicts if item.differences] == []


def test_examples_written_anew(airflow3: Environment, tmp_path: Path, record_property: Record) -> None:
    documents = corpus()
    written = write_documents(documents, WriteOptions())
    record_property("figures", figures(written))
    print("written anew:", figures(written))  # noqa: T201 - what the figures are about
    assert share(written) >= WANTED
    graphs = [document.graph for document in documents]
    records = truth(airflow3, [put(written, tmp_path)])
    assert [record["error"] for record in records if not record["ok"]] == []
    assert sum(len(record["dags"]) for record in records) >= 110
    assert wrong(records, graphs) == []
    again = read_files(written.files, Workspace(tmp_path))
    assert differences(graphs, again) == []
    assert [item.message for graph in again for item in graph.diagnostics if item.severity == "error"] == []


def test_examples_written_for_airflow_2(airflow2: Environment, tmp_path: Path, record_property: Record) -> None:
    """What Airflow 2 has nothing for is manual or approximate; all else loads, and is what it was."""
    documents = corpus()
    written = write(documents, WriteOptions(airflow_version="2"))
    record_property("figures", figures(written))
    print("for Airflow 2:", figures(written))  # noqa: T201 - what the figures are about
    assert share(written) >= 0.9
    deployment = tmp_path / "deployment"
    (deployment / "plugins").mkdir(parents=True)
    (deployment / "plugins" / "strategy.py").write_text(STRATEGY, "utf-8")
    (deployment / "virtualenv.py").touch()  # Airflow 2 looks for it where a task would use it
    variables = {"PYTHONPATH": str(deployment), "AIRFLOW__CORE__PLUGINS_FOLDER": str(deployment / "plugins")}
    records = truth(airflow2, [put(written, tmp_path / "dags")], variables)
    assert [record["error"] for record in records if not record["ok"]] == []
    changed = {outcome.pipeline for outcome in written.outcomes if outcome.fidelity != "native"}
    dated = {item.id for document in documents for item in document.graph.pipelines if item.start_date}
    for record in records:
        record["dags"] = [in_terms_of_3(dag, dated) for dag in record["dags"] if dag["dag_id"] not in changed]
        record["airflow"] = 3
    graphs = [in_terms_of_2(document.graph) for document in documents]
    assert sum(len(record["dags"]) for record in records) >= 75
    assert wrong(records, graphs) == []


def in_terms_of_3(dag: dict[str, Any], dated: Collection[str]) -> dict[str, Any]:
    """What Airflow 2 says, as Airflow 3 says it.

    A class has another name, everyone is asked for a start date, and what has no schedule has nothing to catch up on.
    """
    timetable = dag["timetable"].replace("Dataset", "Asset")
    start = dag["start_date"] if dag["dag_id"] in dated else None
    catchup = dag["catchup"] and timetable != "NullTimetable"
    return {**dag, "timetable": timetable, "start_date": start, "catchup": catchup}


def in_terms_of_2(graph: FileGraph) -> FileGraph:
    """The graph with the names that assets have in Airflow 2: their URIs; ``@asset`` is a task like others there."""
    uris = {asset.name: asset.uri for asset in graph.assets}

    def named(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(uris.get(name, name) for name in names)

    def task_in_2(task: Task) -> Task:
        operator = "airflow.sdk.task" if "_AssetMain" in task.operator else task.operator
        return replace(task, operator=operator, inlets=named(task.inlets), outlets=named(task.outlets))

    def pipeline_in_2(item: Pipeline) -> Pipeline:
        schedule = replace(item.schedule, assets=named(item.schedule.assets)) if item.schedule.assets else item.schedule
        return replace(item, tasks=tuple(map(task_in_2, item.tasks)), schedule=schedule)

    return replace(graph, pipelines=tuple(map(pipeline_in_2, graph.pipelines)))


def test_dag_factory_files(tmp_path: Path, record_property: Record) -> None:
    """The collection of YAML files, the fixtures and the small programs, all as Python."""
    root = tmp_path / "project"
    paths = put_files(root)
    documents = [read_yaml(root, path.relative_to(root).as_posix()) for path in paths]
    written = write(documents, WriteOptions())
    record_property("figures", figures(written))
    print("dag-factory:", figures(written))  # noqa: T201 - what the figures are about
    refused = {(Path(o.path).with_suffix(".py").name, o.pipeline) for o in written.outcomes if o.fidelity == "manual"}
    files = [put(written, root) / path for path in sorted(written.files)]
    variables = {**NO_PROGRAMS, "PYTHONPATH": str(root / "dags"), "AIRFLOW_HOME": str(tmp_path / "home")}
    done = environment("airflow3-dag-factory").run([TRUTH, *files], env=variables)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert share(written) >= WANTED, refused
    for record, file in zip(records, files, strict=True):
        assert record["ok"], (file, record["error"])
    for record, document in zip(records, [item for item in documents if _has_file(item, written)], strict=True):
        record["dags"] = [dag for dag in record["dags"] if (record["file"], dag["dag_id"]) not in refused]
        assert wrong([record], [document.graph]) == []


def _has_file(document: Document, written: Translation) -> bool:
    return f"{document.graph.path.removesuffix('.yml')}.py" in written.files


def test_random_pipelines(airflow3: Environment, tmp_path: Path) -> None:
    """Groups in groups, labels, rules and any order: Airflow builds what the graph says."""
    found: list[Pipeline] = []

    @settings(max_examples=60, deadline=None, derandomize=True, phases=[Phase.generate], database=None)
    @given(pipelines())
    def collect(pipeline: Pipeline) -> None:
        found.append(replace(pipeline, id=f"p{len(found)}"))

    collect()
    graphs = [FileGraph(path=f"{item.id}.py", orchestrator="airflow", pipelines=(item,)) for item in found]
    written = write([Document(Source("graph.json", ""), graph) for graph in graphs], WriteOptions())
    records = truth(airflow3, [put(written, tmp_path)])
    assert [record["error"] for record in records if not record["ok"]] == []
    assert wrong(records, graphs) == []
    assert len(records) == len(found) > 50
