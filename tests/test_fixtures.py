"""Every fixture gives exactly the graph, the messages and the project that are committed beside it."""

from __future__ import annotations

import json

import pytest

from dagport import codec
from tests.cases import Case, cases, expected, write

CASES = [*cases("airflow"), *cases("dag-factory")]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@each_case
def test_graph(case: Case, accept: bool) -> None:
    check(case, "graph.json", case.graph(), accept)


@each_case
def test_translation(case: Case, accept: bool) -> None:
    check(case, "diagnostics.txt", {"diagnostics.txt": case.output().pop("diagnostics.txt")}, accept)
    files = {path: text for path, text in case.output().items() if path.startswith("dagster/")}
    check(case, "dagster/**/*", files, accept)


@each_case
def test_translation_to_prefect(case: Case, accept: bool) -> None:
    check(case, "prefect/**/*", case.flows(), accept)


@each_case
def test_graph_reads_back(case: Case) -> None:
    graph = case.document.graph
    assert codec.from_json(json.loads(json.dumps(codec.to_json(graph)))) == graph


@each_case
@pytest.mark.parametrize("target", ["translation", "for_prefect"])
def test_every_task_has_one_outcome(case: Case, target: str) -> None:
    """Of a pipeline that is translated, no task gets lost and none comes twice."""
    translation = getattr(case, target)
    outcomes = [(outcome.pipeline, outcome.task) for outcome in translation.outcomes]
    translated = {pipeline for pipeline, _ in outcomes}
    tasks = [
        (pipeline.id, task.id)
        for pipeline in case.document.graph.pipelines
        if pipeline.id in translated
        for task in pipeline.tasks
    ]
    assert sorted(outcomes) == sorted(tasks)
    refused = {item.pipeline for item in translation.diagnostics if item.code == "DP406"}
    assert {pipeline.id for pipeline in case.document.graph.pipelines if pipeline.tasks} <= translated | refused


def check(case: Case, pattern: str, files: dict[str, str], accept: bool) -> None:
    """Compare with what is committed; a missing expectation is a failure, as is one too many."""
    if accept:
        write(case, pattern, files)
    assert expected(case, pattern) == files
