"""What is made of each file where it is read: its coverage, and its events with stand-ins."""

from __future__ import annotations

import json
from collections.abc import Iterator

from dagport.options import ReadOptions
from dagport.source import Source
from dagport.translation import Document
from dagport_lineage.estate.source import COVERAGE, EVENT, MOMENT, Settings
from dagport_lineage.events import json_line
from dagport_lineage.events.design import file_events
from dagport_lineage.extract import extract
from dagport_lineage.extract.operators import rules
from dagport_lineage.facets import Json
from dagport_lineage.model import FileLineage, Gap, TaskLineage
from dagport_lineage.secrets import redact

rules()  # with all their imports: a process that is forked has them


def lines(document: Document, options: ReadOptions, settings: Settings) -> Iterator[str]:
    """The lines of one document: its coverage and its events; none for one without pipelines and assets."""
    if document.source.path != document.graph.path:  # a graph that was printed: its source isn't at hand
        document = Document(Source(document.graph.path, ""), document.graph)
    is_here = options.workspace is not None and str(options.workspace.root) == settings.root
    lineage = extract(document, deployment=options.deployment, workspace=options.workspace, options=settings.lineage)
    events = file_events(
        document,
        lineage,
        options=settings.lineage,
        commit=settings.commit if is_here else None,
        event_time=MOMENT,
        deployment=options.deployment,
        workspace=options.workspace,
    )
    if events:
        yield f"{COVERAGE} {json.dumps(_coverage(document, lineage, document.source.file if is_here else None))}"
    for event in events:
        yield f"{EVENT} {json_line(event)}"


def _coverage(document: Document, lineage: FileLineage, inner: str | None) -> Json:
    graph = document.graph
    return {
        "path": graph.path,
        "inner": inner,
        "datasets": sorted(_datasets(lineage)),
        "pipelines": [
            {
                "id": pipeline.id,
                "exact": pipeline.exact,
                "span": pipeline.span,
                "tasks": [
                    {"span": task.span, **_states(found)}
                    for task, found in zip(pipeline.tasks, known.tasks, strict=True)
                ],
            }
            for pipeline, known in zip(graph.pipelines, lineage.pipelines, strict=True)
        ],
    }


def _datasets(lineage: FileLineage) -> set[tuple[str, str]]:
    tasks = [task for pipeline in lineage.pipelines for task in pipeline.tasks]
    found = {asset.dataset for asset in lineage.assets}
    found |= {read.dataset for task in tasks for read in task.reads}
    found |= {write.dataset for task in tasks for write in task.writes}
    return {(item.namespace, item.name) for item in found}


def _states(task: TaskLineage) -> dict[str, Json]:
    states = [task.state("inputs"), task.state("outputs")]
    return {"id": task.task, "states": states, "gaps": [_gap(gap) for gap in task.gaps]}


def _gap(gap: Gap) -> Json:
    found = {"side": gap.side, "reason": gap.reason, "message": redact(gap.message)}
    if gap.place is None:
        return found
    return {**found, "path": gap.place.path, "line": gap.place.span[0] if gap.place.span else None}
