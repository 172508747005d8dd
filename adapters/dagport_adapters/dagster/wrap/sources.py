"""Where wrapped DAGs come from: files, read without Airflow and without running them, or a live Airflow."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from dagport.diagnostics import Diagnostic
from dagport.graph import DynamicMapping, Edge, FileGraph, Pipeline, Schedule, Task
from dagport.options import ReadOptions
from dagport_adapters.runners.remote.model import LiveDag, LiveTaskDef

PRESETS = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *", "@yearly": "0 0 1 1 *",
}  # fmt: skip
"""Airflow's presets (``airflow.timetables`` ``cron_presets``)."""


TEARDOWN_RULE = "all_done_setup_success"  # Airflow allows it for teardowns only, and they have no other


class LiveSource(Protocol):
    """A live Airflow, such as ``RemoteAirflow``."""

    @property
    def airflow_version(self) -> str | None:
        """Its version, once it has been asked something."""

    def dags(self) -> Iterator[LiveDag]:
        """Every DAG that it has now."""


Source: TypeAlias = "str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | LiveSource"


@dataclass(frozen=True, kw_only=True)
class FoundDag:
    """A DAG, and where it was found."""

    pipeline: Pipeline
    uris: Mapping[str, str]  # of the assets that it names, by name
    file: Path | None = None  # on this machine
    url: str | None = None  # of its page


@dataclass(frozen=True, kw_only=True)
class Found:
    """All that a source has."""

    dags: tuple[FoundDag, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    folder: Path | None = field(default=None)  # the project's root


def find(source: Source, *, root: Path | None = None, options: ReadOptions | None = None, cached: bool = True) -> Found:
    """The DAGs of a source. Raises ``ProjectError`` for a path that isn't there; a file's errors are diagnostics."""
    if isinstance(source, str | os.PathLike):
        return _read([Path(source)], root, options or ReadOptions(), cached=cached)
    if isinstance(source, Sequence):
        return _read([Path(path) for path in source], root, options or ReadOptions(), cached=cached)
    dags = list(source.dags())
    major = (source.airflow_version or "").partition(".")[0] or None
    return Found(dags=tuple(live_dag(dag, major) for dag in dags))


def _read(paths: Sequence[Path], root: Path | None, options: ReadOptions, *, cached: bool) -> Found:
    from dagport.project.cache import open_cache
    from dagport.project.config import find_root, load_config
    from dagport.project.discovery import Search, discover, file_mentions_pipelines
    from dagport.project.errors import ProjectError
    from dagport.project.folders import cache_folder
    from dagport.project.read import ReadRequest, read_inputs

    for path in paths:
        if not path.exists():
            raise ProjectError(f"there is no file or folder {path} to wrap DAGs of")
    start = paths[0] if paths[0].is_dir() else paths[0].parent
    top = root or find_root(None, load_config(None, start), start)
    request = ReadRequest(format=None, options=options)
    folder = cache_folder() if cached else None
    kept = open_cache(folder, top, request) if folder else None
    mentions = kept.files.mentions if kept else file_mentions_pipelines
    inputs = discover([str(path) for path in paths], Search(root=top), mentions=mentions)
    graphs: list[tuple[FileGraph, Path | None]] = []
    for item, result in zip(inputs, read_inputs(inputs, request, kept), strict=True):
        graphs += [(graph, item.file) for graph in result.graphs]
    dags = [dag for graph, file in graphs for dag in _dags_of(graph, file)]
    said = tuple(item for graph, _ in graphs for item in graph.diagnostics)
    return Found(dags=tuple(dags), diagnostics=said, folder=top)


def _dags_of(graph: FileGraph, file: Path | None) -> Iterable[FoundDag]:
    if graph.orchestrator != "airflow":
        return
    uris = {asset.name: asset.uri or asset.name for asset in graph.assets}
    for pipeline in graph.pipelines:
        yield FoundDag(pipeline=pipeline, uris=uris, file=file)


def live_dag(dag: LiveDag, major: str | None) -> FoundDag:
    """A live DAG in the form of those that are read from files. It is exact: Airflow's scheduler has it so.

    The API doesn't tell whether a cron schedule has data intervals: what is usual in that version is taken.
    """
    named = [uri for task in dag.tasks for uri in (*task.inlets, *task.outlets)]
    edges = [Edge(upstream=task.task_id, downstream=one) for task in dag.tasks for one in task.downstream]
    pipeline = Pipeline(
        id=dag.dag_id,
        exact=not dag.has_import_errors,
        schedule=_schedule(dag),
        description=dag.description,
        start_date=dag.start_date.isoformat() if dag.start_date else None,
        end_date=dag.end_date.isoformat() if dag.end_date else None,
        timezone=dag.timezone,
        catchup=dag.catchup,
        tags=tuple(sorted(dag.tags)),
        owners=tuple(sorted(dag.owners)),
        tasks=tuple(map(_task, dag.tasks)),
        edges=tuple(sorted(edges)),
        engine_version=major,
    )
    return FoundDag(pipeline=pipeline, uris={uri: uri for uri in named}, url=dag.url)


def _task(task: LiveTaskDef) -> Task:
    operator = f"{task.operator_module}.{task.operator}" if task.operator_module else task.operator
    return Task(
        id=task.task_id,
        operator=operator or "",
        kind="other",
        mapped=DynamicMapping(over={}, literal_length=None) if task.is_mapped else None,
        trigger_rule=task.trigger_rule,
        teardown=task.trigger_rule == TEARDOWN_RULE,
        retries=task.retries,
        owner=task.owner,
        inlets=task.inlets,
        outlets=task.outlets,
    )


def _schedule(dag: LiveDag) -> Schedule:
    """What the API tells of a schedule is a text; one that is no cron expression is kept as such."""
    from dagport.writers.common.cron import parse_cron

    text = dag.schedule
    if text is None or text in ("None", "null"):
        return Schedule(kind="manual")
    cron = PRESETS.get(text, text)
    if parse_cron(cron) is not None:
        return Schedule(kind="cron", cron=cron, preset=text if text in PRESETS else None)
    return Schedule(kind="opaque", text=text)
