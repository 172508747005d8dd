"""The events of Airflow's own example DAGs: all valid, with every job and the same bytes each time."""

from __future__ import annotations

from functools import cache

import pytest

from dagport.translation import Document
from dagport_lineage.events import json_line
from dagport_lineage.events.design import file_events
from dagport_lineage.events.validation import problems, unverifiable
from dagport_lineage.extract import extract
from dagport_lineage.facets import Event
from dagport_lineage.scope import LineageOptions
from tests.engines.reading import example_folders, read
from tests.lineage.events.support import COMMIT, NOW

pytestmark = pytest.mark.engine

LEAST_EVENTS = {"airflow3": 550, "airflow2": 350}


def events_of(document: Document) -> list[Event]:
    options = LineageOptions()
    return file_events(document, extract(document, options=options), options=options, commit=COMMIT, event_time=NOW)


@cache
def corpus(engine: str) -> tuple[tuple[Document, list[Event]], ...]:
    files = [(folder, file) for folder in example_folders(engine) for file in sorted(folder.rglob("*.py"))]
    documents = [read(file, folder) for folder, file in files]
    return tuple((document, events_of(document)) for document in documents)


@pytest.mark.parametrize("engine", LEAST_EVENTS)
def test_every_event_is_valid_facet_by_facet(engine: str) -> None:
    events = [event for _, found in corpus(engine) for event in found]
    assert len(events) >= LEAST_EVENTS[engine]
    assert [text for event in events for text in (*problems(event), *unverifiable(event))] == []


@pytest.mark.parametrize("engine", LEAST_EVENTS)
def test_there_is_a_job_for_every_pipeline_and_task(engine: str) -> None:
    for document, found in corpus(engine):
        expected = {pipeline.id for pipeline in document.graph.pipelines}
        expected |= {f"{pipeline.id}.{task.id}" for pipeline in document.graph.pipelines for task in pipeline.tasks}
        assert {event["job"]["name"] for event in found if "job" in event} == expected


@pytest.mark.parametrize("engine", LEAST_EVENTS)
def test_the_bytes_are_the_same_each_time(engine: str) -> None:
    for document, found in corpus(engine):
        assert list(map(json_line, events_of(document))) == list(map(json_line, found))
