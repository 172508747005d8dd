"""What the writers make of each written case: the last columns of the table of cases in ``semantics.md``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

from tests.engines import dictated_dags
from tests.semantics.written import Written, written

from dagport import formats
from dagport.graph import Pipeline
from dagport.options import ReadOptions
from dagport.source import Source
from dagport.translation import Document, TaskOutcome, WriteOptions

TARGETS = ("dagster", "prefect")
NOT_DICTATED = ("latest_only", "depends_on_past", "wait_for_downstream")
"""Cases that need a clock or a run before: their DAGs aren't written from the case."""
SHOWN = {"native": "same", "approximate": "approximate", "delegated": "by Airflow", "manual": "refused"}
WORST = tuple(SHOWN)


@cache
def forms_of_cases() -> Mapping[str, tuple[str, ...]]:
    """For each case of Airflow 3, by its name, how far each target carries its DAG: the worst of its tasks."""
    cases = list(filter(is_dictated, written()))
    documents = [document(replace(one.pipeline, id=f"case{number}"), one) for number, one in enumerate(cases)]
    by_target = [dict(_worst(target, documents)) for target in TARGETS]
    return {one.name: tuple(found[f"case{number}"] for found in by_target) for number, one in enumerate(cases)}


def is_dictated(one: Written) -> bool:
    """Whether the tasks of a case can be told to do what it says."""
    return "3" in one.versions and not any(word in one.tasks for word in NOT_DICTATED)


def document(pipeline: Pipeline, one: Written) -> Document:
    """The DAG file of a case, read."""
    text = dictated_dags.dag_file(pipeline, one.outcomes)
    source = Source(f"{pipeline.id}.py", text, f"{pipeline.id}.py")
    return Document(source, formats.reader("airflow")(source, ReadOptions()))


def _worst(target: str, documents: list[Document]) -> Iterator[tuple[str, str]]:
    outcomes: dict[str, list[TaskOutcome]] = {}
    for outcome in formats.target(target)(documents, WriteOptions()).outcomes:
        outcomes.setdefault(outcome.pipeline, []).append(outcome)
    for pipeline, found in outcomes.items():
        yield pipeline, SHOWN[max((one.fidelity for one in found), key=WORST.index)]
