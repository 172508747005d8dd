"""Events of DAG files, where the tests say what is known of the tasks: the extraction has tests of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from textwrap import dedent
from urllib.parse import urlsplit

from dagport.graph import FileGraph
from dagport.options import ReadOptions
from dagport.readers.airflow import read
from dagport.source import Source
from dagport.translation import Document
from dagport_lineage.events.design import file_events
from dagport_lineage.events.git import Commit
from dagport_lineage.facets import Event, Facet
from dagport_lineage.model import AssetName, DatasetName, FileLineage, PipelineLineage, TaskLineage
from dagport_lineage.scope import LineageOptions

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
COMMIT = Commit(
    revision="0123456789012345678901234567890123456789",
    repo_url="https://github.com/shop/pipelines",
    branch="main",
    time=NOW,
    prefix="airflow",
)


def document(text: str) -> Document:
    """A DAG file of a project, and its graph."""
    source = Source("dags/input.py", dedent(text))
    return Document(replace(source, file="dags/input.py"), read(source, ReadOptions()))


def lineage(graph: FileGraph, known: Iterable[TaskLineage] = ()) -> FileLineage:
    """What is known: of the given tasks that, of all others that they touch no data."""
    by_id = {task.task: task for task in known}
    pipelines = [
        PipelineLineage(
            pipeline=one.id,
            exact=one.exact,
            tasks=tuple(by_id.get(task.id, TaskLineage(task=task.id)) for task in one.tasks),
        )
        for one in graph.pipelines
    ]
    uris = [(asset.name, urlsplit(asset.uri)) for asset in graph.assets]
    assets = [
        AssetName(asset=name, dataset=DatasetName(f"{uri.scheme}://{uri.netloc}", uri.path.lstrip("/")))
        for name, uri in uris
    ]
    return FileLineage(path=graph.path, pipelines=tuple(pipelines), assets=tuple(assets))


def events(
    text: str,
    known: Iterable[TaskLineage] = (),
    *,
    options: LineageOptions | None = None,
    commit: Commit | None = None,
) -> list[Event]:
    """The events of a DAG file."""
    found = document(text)
    options = options or LineageOptions(namespace="prod")
    return file_events(found, lineage(found.graph, known), options=options, commit=commit, event_time=NOW)


def by_name(found: Iterable[Event]) -> dict[str, Event]:
    """Job events by the name of the job."""
    return {event["job"]["name"]: event for event in found if "job" in event}


def job_facets(found: Iterable[Event], name: str) -> dict[str, Facet]:
    """The facets of one job."""
    facets: dict[str, Facet] = by_name(found)[name]["job"]["facets"]
    return facets


def plain(facet: Facet) -> Facet:
    """A facet without its producer and schema."""
    return {name: value for name, value in facet.items() if not name.startswith("_")}
