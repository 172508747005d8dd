"""Events that need no run: one for each pipeline, each of its tasks, and each dataset that the file declares."""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from dagport.graph import Asset, FileGraph, Pipeline, Task
from dagport.options import Deployment
from dagport.source import Source
from dagport.translation import Document
from dagport.workspace import Workspace
from dagport_lineage.events import job_facets, json_line
from dagport_lineage.events.dataset_facets import (
    common_facets,
    identifier,
    read_dataset,
    schema_facets,
    written_dataset,
)
from dagport_lineage.events.flow_facets import CONTROL_FLOW, COVERAGE, Flow, pipeline_coverage, task_coverage
from dagport_lineage.events.git import Commit
from dagport_lineage.events.given import given_secrets
from dagport_lineage.events.run_facets import instant
from dagport_lineage.facets import CORE, PRODUCER, Event, Facet, Json, facet
from dagport_lineage.model import Column, DatasetName, FileLineage, PipelineLineage, TaskLineage
from dagport_lineage.naming.assets import LOGICAL
from dagport_lineage.scope import LineageOptions, Scope
from dagport_lineage.secrets import redact

MAX_EVENT_BYTES = 250_000
"""Below the smallest bound of the catalogues that state one (Amazon DataZone: 300,000)."""

LEFT_OUT = ("sourceCode", "sql", "documentation", CONTROL_FLOW)
"""Job facets that an event too large goes without, the first that helps; datasets always stay."""


def file_events(
    document: Document,
    file_lineage: FileLineage,
    *,
    options: LineageOptions,
    commit: Commit | None = None,
    event_time: datetime,
    deployment: Deployment | None = None,
    workspace: Workspace | None = None,
) -> list[Event]:
    """The events of one file: pipelines and their tasks in the order of the source, then datasets sorted by name.

    ``file_lineage`` is that of the document's own graph. Functions of other files are found through ``workspace``, the
    one that the lineage was found with. Raises ``ValueError`` for an ``event_time`` without a time zone.
    """
    maker = _Maker(
        document=document,
        options=options,
        commit=commit,
        event_time=instant(event_time),
        deployment=deployment or Deployment(),
        workspace=workspace,
    )
    events: list[Event] = []
    for pipeline, lineage in zip(document.graph.pipelines, file_lineage.pipelines, strict=True):
        events += maker.pipeline_events(pipeline, lineage)
    return [*events, *maker.dataset_events(file_lineage)]


@dataclass(frozen=True, kw_only=True)
class _Maker:
    """What the events of one file share."""

    document: Document
    options: LineageOptions
    commit: Commit | None
    event_time: str
    deployment: Deployment
    workspace: Workspace | None

    @property
    def graph(self) -> FileGraph:
        return self.document.graph

    @property
    def source(self) -> Source:
        return self.document.source

    @property
    def secrets(self) -> tuple[str, ...]:
        return given_secrets(self.deployment)

    def pipeline_events(self, pipeline: Pipeline, lineage: PipelineLineage) -> Iterable[Event]:
        """The event of a pipeline, and those of its tasks."""
        flow = Flow(pipeline, self.options.namespace)
        yield self.job_event(
            flow.job(),
            {
                "jobType": job_facets.job_type(self.graph.orchestrator, "DAG"),
                **job_facets.documentation(pipeline, secrets=self.secrets),
                **job_facets.ownership(pipeline),
                **job_facets.tags(pipeline),
                **job_facets.source_code_location(self.commit, self.source.file, pipeline.span),
                CONTROL_FLOW: flow.of_pipeline(),
                COVERAGE: pipeline_coverage(lineage),
            },
        )
        for task, found in zip(pipeline.tasks, lineage.tasks, strict=True):
            yield self.task_event(flow, task, found)

    def task_event(self, flow: Flow, task: Task, lineage: TaskLineage) -> Event:
        """The event of a task: a side of which nothing is known is absent, one that is known to be empty is empty."""
        pipeline = flow.pipeline
        code = job_facets.code_of(task, self.scope(pipeline))
        lengths = {"sourceCode": len(code.text) if code else 0, "sql": sum(len(one.query) for one in lineage.sql)}
        too_long = [key for key, length in lengths.items() if length > MAX_EVENT_BYTES]
        facets = {
            "jobType": job_facets.job_type(self.graph.orchestrator, "TASK"),
            **job_facets.documentation(pipeline, task, self.secrets),
            **job_facets.ownership(pipeline, task),
            **job_facets.tags(pipeline),
            **job_facets.source_code_location(self.commit, self.source.file, task.span),
            **(job_facets.source_code(code, self.secrets) if "sourceCode" not in too_long else {}),
            **(job_facets.sql(lineage.sql, self.options, self.secrets) if "sql" not in too_long else {}),
            **job_facets.lineage(lineage),
            CONTROL_FLOW: flow.of_task(task),
            COVERAGE: task_coverage(lineage, exact=pipeline.exact, secrets=self.secrets),
        }
        sides: dict[str, Json] = {}
        if lineage.state("inputs") != "unknown":
            sides["inputs"] = [read_dataset(read) for read in lineage.reads]
        if lineage.state("outputs") != "unknown":
            sides["outputs"] = [written_dataset(write) for write in lineage.writes]
        return self.job_event(flow.job(task.id), facets, sides, too_long)

    def scope(self, pipeline: Pipeline) -> Scope:
        """What may be asked about a task of a pipeline."""
        return Scope(
            graph=self.graph,
            pipeline=pipeline,
            source=self.source,
            deployment=self.deployment,
            workspace=self.workspace,
            options=self.options,
        )

    def job_event(
        self,
        job: Json,
        facets: dict[str, Facet],
        sides: dict[str, Json] | None = None,
        omitted: Sequence[str] = (),
    ) -> Event:
        """A JobEvent that isn't too large, if leaving facets out makes it so; ``omitted`` are left out already."""
        return bounded(self._event("JobEvent", job={**job, "facets": facets}, **(sides or {})), omitted)

    def _event(self, kind: str, **fields: Json) -> Event:
        return {"eventTime": self.event_time, "producer": PRODUCER, "schemaURL": f"{CORE}/{kind}", **fields}

    def dataset_events(self, lineage: FileLineage) -> Iterable[Event]:
        """The events of the datasets that the file's assets stand for."""
        assets = {asset.name: asset for asset in self.graph.assets}
        named: dict[DatasetName, list[Asset]] = {}
        for item in lineage.assets:
            if item.asset in assets:
                named.setdefault(item.dataset, []).append(assets[item.asset])
        schemas = _schemas(lineage)
        for dataset in sorted(named):
            facets = {
                **common_facets(dataset),
                **schema_facets(schemas.get(dataset, ())),
                **_asset_facets(dataset, named[dataset]),
            }
            yield self._event("DatasetEvent", dataset={**identifier(dataset), "facets": facets})


def _schemas(lineage: FileLineage) -> dict[DatasetName, Sequence[Column]]:
    """The schemas that statements of the file state, of datasets for which all of them agree."""
    found: dict[DatasetName, set[Sequence[Column]]] = {}
    for pipeline in lineage.pipelines:
        for task in pipeline.tasks:
            for write in task.writes:
                if write.schema:
                    found.setdefault(write.dataset, set()).add(write.schema)
    return {dataset: next(iter(schemas)) for dataset, schemas in found.items() if len(schemas) == 1}


def _asset_facets(dataset: DatasetName, assets: Sequence[Asset]) -> dict[str, Facet]:
    names = {DatasetName(LOGICAL, redact(asset.name)) for asset in assets} - {dataset}
    found: dict[str, Facet] = {}
    if names:
        identifiers = [{**identifier(name), "type": "ASSET"} for name in sorted(names)]
        found["symlinks"] = facet("dataset", "symlinks", identifiers=identifiers)
    groups = sorted({asset.group for asset in assets if asset.group})
    if groups:
        tags = [{"key": "group", "value": group, "source": "AIRFLOW"} for group in groups]
        found["tags"] = facet("dataset", "tags", tags=tags)
    texts = [asset.extra.get("description") for asset in assets]
    known = [redact(text) for text in texts if isinstance(text, str) and text]
    if known:
        found["documentation"] = facet("dataset", "documentation", description="\n\n".join(dict.fromkeys(known)))
    return found


def bounded(event: Event, omitted: Sequence[str] = ()) -> Event:
    """The event without the facets that make it too large; its coverage facet says which those were."""
    facets = event["job"]["facets"]
    if omitted:
        event = _without(event, omitted)
    for key in LEFT_OUT:
        if _is_surely_small(event) or len(json_line(event)) <= MAX_EVENT_BYTES:
            break
        if key in facets:
            omitted = [*omitted, key]
            event = _without(event, omitted)
    return event


def _is_surely_small(event: Event) -> bool:
    """Whether an event can't be too large: of each byte of this form, JSON makes six at most (an escape), and fast."""
    try:
        return 6 * len(marshal.dumps(event, 2)) <= MAX_EVENT_BYTES
    except ValueError:  # something in it that isn't plain
        return False


def _without(event: Event, omitted: Sequence[str]) -> Event:
    job = event["job"]
    kept = {key: content for key, content in job["facets"].items() if key not in omitted}
    kept[COVERAGE] = {**kept[COVERAGE], "omitted": list(omitted)}
    return {**event, "job": {**job, "facets": kept}}
