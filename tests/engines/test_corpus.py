"""Airflow's own example DAGs, read by dagport and built by real Airflow."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from dagport import formats
from dagport.translation import Document, WriteOptions
from tests.cases import PACKAGE, write_project
from tests.engines.compare import Verdict, figures
from tests.engines.environments import Environment, environment, with_dagport
from tests.engines.reading import example_folders, judge, read, truth

INSIDE = Path(__file__).with_name("inside")
REASONS = Path(__file__).with_name("not_exact.toml")
EXACT_OF = {"airflow3": (111, 113), "airflow2": (64, 71)}  # at least so many exact, of so many

pytestmark = pytest.mark.engine


@cache
def corpus(engine: str) -> tuple[tuple[Document, ...], tuple[Verdict, ...]]:
    """Every file of an Airflow's examples, with a verdict for each of its DAGs."""
    documents, verdicts = [], []
    for folder in example_folders(engine):
        for record in truth(environment(engine), [folder]):
            document = read(folder / record["file"], folder)
            documents.append(document)
            verdicts += judge(record, document)
    return tuple(documents), tuple(verdicts)


@pytest.mark.parametrize("engine", EXACT_OF)
def test_graphs_are_what_airflow_builds(engine: str, record_property: Callable[[str, object], None]) -> None:
    _, verdicts = corpus(engine)
    record_property("figures", f"{engine}: {figures(verdicts)}")
    wrong = [str(verdict) for verdict in verdicts if verdict.name in ("false exact", "invented")]
    assert wrong == []
    least, total = EXACT_OF[engine]
    assert len(verdicts) == total
    assert sum(verdict.name == "exact" for verdict in verdicts) >= least


@pytest.mark.parametrize("engine", EXACT_OF)
def test_every_doubt_has_a_reason(engine: str) -> None:
    """The DAGs that aren't exact are known, one by one, and the file's diagnostics say what the table says."""
    reasons: dict[str, str] = tomllib.loads(REASONS.read_text("utf-8"))[engine]
    documents, verdicts = corpus(engine)
    assert {verdict.dag for verdict in verdicts if verdict.name != "exact"} == set(reasons)
    said = {item.message for document in documents for item in document.graph.diagnostics}
    assert [reason for reason in reasons.values() if not any(reason in message for message in said)] == []


def test_exact_dags_load_in_dagster(
    dagster_host: Environment, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """All exact ones, translated into one project, pass Dagster's own validation without a warning."""
    documents, verdicts = corpus("airflow3")
    translation = formats.target("dagster")(documents, WriteOptions(package=PACKAGE))
    exact = {verdict.dag for verdict in verdicts if verdict.name == "exact"}
    tasks = {
        (pipeline.id, task.id)
        for document in documents
        for pipeline in document.graph.pipelines
        if pipeline.id in exact
        for task in pipeline.tasks
    }
    assert tasks <= {(outcome.pipeline, outcome.task) for outcome in translation.outcomes}
    counts = Counter(outcome.fidelity for outcome in translation.outcomes)
    record_property("fidelities", dict(counts))
    assert counts["manual"] == 0
    project = write_project(translation, tmp_path)
    loaded = json.loads(dagster_host.run([INSIDE / "load_dagster.py", project, PACKAGE], env=with_dagport()).stdout)
    assert len(loaded["assets"]) > len(exact)
    check = ["-m", "dagster", "definitions", "validate", "-m", f"{PACKAGE}.definitions"]
    dagster_host.run(check, cwd=project / "src", env=with_dagport({"DAGSTER_HOME": str(tmp_path)}))
