"""Files for Airflow 3, one for each source, and what became of their tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dagport.diagnostics import Diagnostic, diagnose
from dagport.graph import Pipeline, Task
from dagport.source import Span
from dagport.translation import Document, Fidelity, TaskOutcome, Translation, WriteOptions
from dagport.writers.airflow.upgrade.file import Finding
from dagport.writers.airflow.upgrade.upgrade import upgraded

FIDELITY: dict[str, Fidelity] = {"DP430": "approximate", "DP431": "manual"}
CURRENT = "3"


def write_files(documents: Sequence[Document], options: WriteOptions) -> Translation:
    """Every file of the documents by its own path."""
    files: dict[str, str] = {}
    outcomes: list[TaskOutcome] = []
    diagnostics: list[Diagnostic] = []
    for document in documents:
        path = document.source.path
        refusal = _refusal(document)
        if refusal is not None:
            diagnostics.append(diagnose("DP432", refusal, path))
            continue
        doubtful = [pipeline for pipeline in document.graph.pipelines if not pipeline.exact]
        if doubtful and not options.allow_inexact:
            diagnostics += [_inexact(document, pipeline) for pipeline in doubtful]
            continue
        text, findings = _text(document)
        files[path] = text
        diagnostics += [diagnose(item.code, item.message, path, item.span) for item in findings]
        outcomes += _outcomes(document, findings)
    return Translation(files=files, outcomes=tuple(outcomes), diagnostics=tuple(diagnostics))


def _refusal(document: Document) -> str | None:
    if not document.source.path.endswith(".py"):
        return "only Python files are written for Airflow"
    if any(item.severity == "error" for item in document.graph.diagnostics):
        return "the file has errors, so it isn't written for Airflow 3"
    return None


def _inexact(document: Document, pipeline: Pipeline) -> Diagnostic:
    message = f"the DAG {pipeline.id!r} isn't exact, so its file wasn't upgraded"
    return diagnose("DP406", message, document.source.path, pipeline.span, pipeline=pipeline.id)


def _text(document: Document) -> tuple[str, list[Finding]]:
    """The file for Airflow 3; one that already is stays as it is."""
    pipelines = document.graph.pipelines
    if pipelines and all(pipeline.engine_version == CURRENT for pipeline in pipelines):
        return document.source.text, []
    return upgraded(document.source, document.graph)


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
