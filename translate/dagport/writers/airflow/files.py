"""Files for Airflow, one for each source: changed in place, left as they are, or written anew from their graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dagport.diagnostics import Diagnostic, diagnose
from dagport.graph import Pipeline, Task
from dagport.source import Span
from dagport.translation import Document, Fidelity, TaskOutcome, Translation, WriteOptions
from dagport.writers.airflow.upgrade.file import Finding
from dagport.writers.airflow.upgrade.upgrade import upgraded
from dagport.writers.airflow.written.rehome import rehomed
from dagport.writers.common.literals import NotExpressible

FIDELITY: dict[str, Fidelity] = {"DP430": "approximate", "DP431": "manual"}
CURRENT = "3"
LISTED_ELSEWHERE = "DP217"  # a file that only loads YAML, whose DAGs are written from there
Way: TypeAlias = Literal["kept", "upgraded", "written"]


@dataclass
class _Result:
    files: dict[str, str] = field(default_factory=dict)
    outcomes: list[TaskOutcome] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def write_files(documents: Sequence[Document], options: WriteOptions) -> Translation:
    """Every file of the documents by its own path; one that isn't Python by that path with another suffix."""
    result = _Result()
    anew: list[Document] = []
    has_yaml = any(document.graph.path.endswith((".yaml", ".yml")) for document in documents)
    for document in documents:
        if any(item.severity == "error" for item in document.graph.diagnostics):
            message = f"the file has errors, so it isn't written for Airflow {options.airflow_version}"
            result.diagnostics.append(diagnose("DP432", message, document.graph.path))
            continue
        if has_yaml and any(item.code == LISTED_ELSEWHERE for item in document.graph.diagnostics):
            continue  # it would load the YAML files again
        way = _way(document, options)
        if way == "written":
            anew.append(document)
        else:
            _in_place(document, options, way, result)
    if anew:
        from dagport.writers.airflow.written.files import write_documents

        written = write_documents(anew, options, result.files)
        result.files |= written.files
        result.outcomes += written.outcomes
        result.diagnostics += written.diagnostics
    return Translation(files=result.files, outcomes=tuple(result.outcomes), diagnostics=tuple(result.diagnostics))


def _way(document: Document, options: WriteOptions) -> Way:
    """How a document is written. A file of Airflow's that needn't be changed, or can be in place, stays itself."""
    graph = document.graph
    if document.source.path != graph.path or not graph.path.endswith(".py"):
        return "written"
    if graph.pipelines and all(_major(item) == options.airflow_version for item in graph.pipelines):
        return "kept"
    if options.airflow_version == CURRENT:
        return "upgraded"
    return "written" if graph.pipelines else "kept"


def _major(pipeline: Pipeline) -> str:
    return pipeline.engine_version or CURRENT


def _in_place(document: Document, options: WriteOptions, way: Way, result: _Result) -> None:
    path = document.source.path
    doubtful = [pipeline for pipeline in document.graph.pipelines if not pipeline.exact]
    if doubtful and not options.allow_inexact:
        result.diagnostics += [_inexact(document, pipeline) for pipeline in doubtful]
        return
    text, findings = upgraded(document.source, document.graph) if way == "upgraded" else (document.source.text, [])
    if way == "kept" and not document.graph.pipelines:
        try:
            text = rehomed(text, options.airflow_version)
        except NotExpressible as problem:
            result.diagnostics.append(diagnose("DP432", str(problem), path))
            return
    result.files[path] = text
    result.diagnostics += [diagnose(item.code, item.message, path, item.span) for item in findings]
    result.outcomes += _outcomes(document, findings)


def _inexact(document: Document, pipeline: Pipeline) -> Diagnostic:
    message = f"the DAG {pipeline.id!r} isn't exact, so its file wasn't upgraded"
    return diagnose("DP406", message, document.source.path, pipeline.span, pipeline=pipeline.id)


def _outcomes(document: Document, findings: Sequence[Finding]) -> Iterator[TaskOutcome]:
    for pipeline in document.graph.pipelines:
        for task in pipeline.tasks:
            of_task = [item for item in findings if _concerns(item, task, pipeline)]
            worst = max((item.code for item in of_task), default=None)
            yield TaskOutcome(
                path=document.source.path,
                pipeline=pipeline.id,
                task=task.id,
                fidelity=FIDELITY[worst] if worst else "native",
                target=f"{document.source.path}:{task.id}",
                reason="; ".join(item.message for item in of_task) or None,
            )


def _concerns(finding: Finding, task: Task, pipeline: Pipeline) -> bool:
    """Whether a finding is about a task: it lies in it or in its function, or in no task and no function at all."""
    if finding.tasks is not None:
        return task.id in finding.tasks
    span = finding.span
    own = [place for place in (task.span, task.callable.span if task.callable else None) if place]
    if any(_within(span, place) for place in own):
        return True
    others = [place for item in pipeline.tasks for place in (item.span, item.callable and item.callable.span) if place]
    return not any(_within(span, place) for place in others)


def _within(inner: Span, outer: Span) -> bool:
    return outer[:2] <= inner[:2] and inner[2:] <= outer[2:]
