"""From a file's graph to its lineage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dagport.graph import Pipeline, Task
from dagport.options import Deployment
from dagport.translation import Document
from dagport.workspace import Workspace
from dagport_lineage.extract.callables import called
from dagport_lineage.extract.declared import declared
from dagport_lineage.extract.operators import find
from dagport_lineage.extract.xcom import handed_over
from dagport_lineage.model import (
    AssetName,
    DatasetName,
    FileLineage,
    Found,
    Gap,
    PipelineLineage,
    Read,
    Sql,
    TaskLineage,
    Write,
)
from dagport_lineage.naming.assets import asset_dataset
from dagport_lineage.scope import LineageOptions, Scope

AROUND = ("pre_execute", "post_execute")
"""Arguments with functions that a task runs, too. Callbacks aren't part of the task: they hear of how it ended."""


def extract(
    document: Document,
    *,
    deployment: Deployment | None = None,
    workspace: Workspace | None = None,
    options: LineageOptions | None = None,
) -> FileLineage:
    """The lineage of every task of a file. Pure but for the looks at the project through ``workspace``."""
    scopes = [
        Scope(
            graph=document.graph,
            pipeline=pipeline,
            source=document.source,
            deployment=deployment or Deployment(),
            workspace=workspace,
            options=options or LineageOptions(),
        )
        for pipeline in document.graph.pipelines
    ]
    return FileLineage(
        path=document.graph.path,
        pipelines=tuple(map(_pipeline, scopes)),
        assets=_assets(document, scopes[0]) if scopes else (),
    )


def _assets(document: Document, scope: Scope) -> tuple[AssetName, ...]:
    found = [(asset.name, asset_dataset(asset.name, scope)) for asset in document.graph.assets]
    return tuple(AssetName(asset=name, dataset=item) for name, item in sorted(found) if isinstance(item, DatasetName))


def _pipeline(scope: Scope) -> PipelineLineage:
    pipeline: Pipeline = scope.pipeline
    handed = handed_over(pipeline, scope)
    tasks = tuple(_task(task, scope, handed.get(task.id, Found())) for task in pipeline.tasks)
    return PipelineLineage(pipeline=pipeline.id, exact=pipeline.exact, tasks=tasks)


def _task(task: Task, scope: Scope, handed: Found) -> TaskLineage:
    rule = find(task.operator)
    if rule is not None:
        done = rule(task, scope)
    elif task.callable is not None:
        done = called(task, scope)
    else:
        done = _no_rule(task, scope)
    return merged(task.id, (declared(task, scope), done, handed, _around(task, scope)))


def _around(task: Task, scope: Scope) -> Found:
    """What the user's code before and after the operator's own does."""
    named = [name for name in AROUND if task.arguments.get(name) is not None]
    messages = [f"what `{name}` reads and writes isn't followed" for name in named]
    place = scope.place(task)
    return Found(gaps=tuple(Gap(side="both", reason="callable", message=text, place=place) for text in messages))


def _no_rule(task: Task, scope: Scope) -> Found:
    from dagport_lineage.extract.inherited import inherited  # start-up

    return inherited(task, scope)


def merged(task: str, parts: Iterable[Found]) -> TaskLineage:
    """What several rules found, each dataset once on each side; what says more about it wins, then what comes first."""
    reads: dict[DatasetName, Read] = {}
    writes: dict[DatasetName, Write] = {}
    gaps: list[Gap] = []
    sql: list[Sql] = []
    for part in parts:
        for read in part.reads:
            known = reads.get(read.dataset, read)
            columns = tuple(sorted({*known.columns, *read.columns}))
            reads[read.dataset] = replace(known, columns=columns, schema=known.schema or read.schema)
        for write in part.writes:
            known_write = writes.get(write.dataset)
            if known_write is None or _says_more(write) > _says_more(known_write):
                writes[write.dataset] = write
        gaps += part.gaps
        sql += part.sql
    return TaskLineage(
        task=task,
        reads=tuple(reads[name] for name in sorted(reads)),
        writes=tuple(writes[name] for name in sorted(writes)),
        gaps=tuple(dict.fromkeys(gaps)),
        sql=tuple(sql),
    )


def _says_more(write: Write) -> int:
    return sum(bool(getattr(write, name)) for name in ("sources", "columns", "schema", "lifecycle"))
