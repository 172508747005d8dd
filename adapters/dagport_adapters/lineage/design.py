"""What is known of a DAG before it runs, so that the events of its runs say the same as those of its design."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dagport.options import Deployment, ReadOptions
from dagport.translation import Document
from dagport.workspace import Workspace
from dagport_lineage.facets import Event, Facet
from dagport_lineage.model import TaskLineage
from dagport_lineage.scope import LineageOptions

log = logging.getLogger(__name__)

NO_MOMENT = datetime(1, 1, 1, tzinfo=UTC)  # events of a design have one; their facets don't


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDesign:
    """What is known of a task."""

    lineage: TaskLineage | None = None  # what it reads and writes; None: nothing is known
    job_facets: Mapping[str, Facet] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineDesign:
    """What is known of a DAG: its tasks by their ids."""

    tasks: Mapping[str, TaskDesign] = field(default_factory=dict)
    job_facets: Mapping[str, Facet] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What is known of the DAGs of a file, by their ids."""

    pipelines: Mapping[str, PipelineDesign] = field(default_factory=dict)


def design_of(
    document: Document,
    *,
    options: LineageOptions | None = None,
    deployment: Deployment | None = None,
    workspace: Workspace | None = None,
) -> Design:
    """The design of a file that was read; ``workspace`` is the one that it was read with."""
    from dagport_lineage.events.design import file_events  # start-up: they take the extraction along
    from dagport_lineage.extract import extract

    options = options or LineageOptions()
    lineage = extract(document, deployment=deployment, workspace=workspace, options=options)
    events = file_events(
        document, lineage, options=options, event_time=NO_MOMENT, deployment=deployment, workspace=workspace
    )
    facets = {event["job"]["name"]: _facets(event) for event in events if "job" in event}
    return Design(
        pipelines={
            known.pipeline: PipelineDesign(
                job_facets=facets[known.pipeline],
                tasks={
                    task.task: TaskDesign(lineage=task, job_facets=facets[f"{known.pipeline}.{task.task}"])
                    for task in known.tasks
                },
            )
            for known in lineage.pipelines
        }
    )


def _facets(event: Event) -> Mapping[str, Facet]:
    found: Mapping[str, Facet] = event["job"]["facets"]
    return found


def read_design(
    file: Path, root: Path, *, options: LineageOptions | None = None, deployment: Deployment | None = None
) -> Design | None:
    """The design of an Airflow file of the project ``root``; ``None`` where it can't be read. Never raises.

    The file is analysed, not imported; nothing outside the project is looked at.
    """
    try:
        return _read(file, root, options, deployment)
    except Exception as error:  # noqa: BLE001 - lineage never stops a run
        log.warning("lineage says nothing of what tasks read and write: %s: %s", file.name, type(error).__name__)
        return None


def _read(file: Path, root: Path, options: LineageOptions | None, deployment: Deployment | None) -> Design:
    from dagport.readers.airflow import read  # start-up
    from dagport.source import decoded

    file, root = file.resolve(), root.resolve()
    inner = file.relative_to(root).as_posix()
    workspace = Workspace(root)
    source = decoded(inner, workspace.read(inner), inner)
    deployment = deployment or Deployment()
    document = Document(source, read(source, ReadOptions(deployment=deployment, workspace=workspace)))
    return design_of(document, options=options, deployment=deployment, workspace=workspace)
