"""The reference DAG: what a real Airflow 3.3.2 with its OpenLineage provider 2.20.3 emitted for it, and our events.

``reference/jobs.json`` has of its 40 events, by job: the official job facets, and the datasets.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dagport_lineage.events.design import file_events
from dagport_lineage.events.validation import problems, unverifiable
from dagport_lineage.extract import extract
from dagport_lineage.facets import Event, Json
from dagport_lineage.scope import LineageOptions
from tests.lineage.events.support import NOW, by_name, document, plain

REFERENCE = Path(__file__).with_name("reference")
JOBS = json.loads((REFERENCE / "jobs.json").read_text("utf-8"))
NOT_RUN = {"ref_dag.gate"}  # the provider tells nothing of an EmptyOperator

NOT_OURS = {("ref_dag.grp.lineage", "sql"), ("ref_dag.grp.lineage", "inputs"), ("ref_dag.grp.lineage", "outputs")}
"""What a method of the user's operator tells the provider when it runs: we run nothing, and say that it is unknown."""

FOUND = {
    "ref_dag.extract": (
        [("s3://raw-bucket", "orders/2026.csv")],
        [("postgres://db.example:5432", "shop.public.orders")],
    ),
    "ref_dag.bash": ([("file", "/data/out.csv")], [("file", "/data/out.csv"), ("x-custom://thing", "1")]),
    "ref_dag.grp.lineage": (None, [("postgres://db.example:5432", "shop.public.orders_clean")]),
    "ref_consumer.consume": ([("postgres://db.example:5432", "shop.public.orders_clean")], []),
}
"""The datasets that the file declares; the provider drops those of schemes whose own provider isn't installed."""


@pytest.fixture(scope="module")
def ours() -> dict[str, Event]:
    found = document((REFERENCE / "reference_dag.txt").read_text("utf-8"))
    options = LineageOptions(namespace="refns")
    events = file_events(found, extract(found, options=options), options=options, event_time=NOW)
    for event in events:
        assert problems(event) == []
        assert unverifiable(event) == []
    return by_name(events)


def test_the_jobs_are_the_same(ours: dict[str, Event]) -> None:
    assert set(ours) - NOT_RUN == set(JOBS)
    assert {event["job"]["namespace"] for event in ours.values()} == {job["namespace"] for job in JOBS.values()}


@pytest.mark.parametrize(
    ("job", "key"), [(job, key) for job, found in JOBS.items() for key in found["facets"] if (job, key) not in NOT_OURS]
)
def test_a_job_facet_is_the_same(ours: dict[str, Event], job: str, key: str) -> None:
    expected = JOBS[job]["facets"][key]
    facet = ours[job]["job"]["facets"][key]
    assert facet["_schemaURL"] == expected["_schemaURL"]
    assert plain(facet) == plain(expected)


@pytest.mark.parametrize("job", sorted(JOBS))
def test_every_dataset_that_the_provider_finds_is_found(ours: dict[str, Event], job: str) -> None:
    for side in ("inputs", "outputs"):
        if (job, side) not in NOT_OURS:
            assert {tuple(name) for name in JOBS[job][side]} <= set(names(ours[job], side) or ())


@pytest.mark.parametrize("job", sorted(FOUND))
def test_declared_datasets_are_there_although_the_provider_drops_them(ours: dict[str, Event], job: str) -> None:
    inputs, outputs = FOUND[job]
    if inputs is None:
        assert job.rpartition(".")[2] in str(ours[job]["job"]["name"])
    else:
        assert set(inputs) <= set(names(ours[job], "inputs") or ())
    assert set(outputs) <= set(names(ours[job], "outputs") or ())


@pytest.mark.parametrize("job", sorted(set(JOBS) - set(FOUND)))
def test_nothing_is_invented(ours: dict[str, Event], job: str) -> None:
    assert not names(ours[job], "inputs")
    assert not names(ours[job], "outputs")


def names(event: Event, side: str) -> Json:
    found = event.get(side)
    return [(each["namespace"], each["name"]) for each in found] if found is not None else None
