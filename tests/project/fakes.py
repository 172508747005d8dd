"""A reader and a writer that do as they are told by the file, for tests of what is around them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from dagport.diagnostics import diagnose
from dagport.graph import FileGraph, Pipeline, Schedule, Task
from dagport.options import ReadOptions
from dagport.source import Source
from dagport.translation import Document, TaskOutcome, Translation, WriteOptions
from dagport.workspace import Unreadable, Workspace


def read(source: Source, options: ReadOptions) -> FileGraph:
    """A line ``dag NAME task...`` is a pipeline; ``crash``, ``die``, ``doubt NAME`` and ``error`` do as they say.

    ``see content PATH`` (or ``kind``, ``entries``) is a pipeline called by what the project answers; ``slow`` takes
    a second of processor time; ``count PATH`` adds a byte to a file for every reading.
    """
    pipelines, diagnostics = [], []
    for number, line in enumerate(source.lines, 1):
        span = (number, 1, number, len(line) + 1)
        match line.removeprefix("# ").split():
            case ["dag", name, *tasks]:
                pipelines.append(_pipeline(name, tasks, exact="doubt" not in source.text, span=span))
            case ["see", aspect, path]:
                pipelines.append(_pipeline(_answer(options.workspace, aspect, path), [], exact=True, span=span))
            case ["count", path]:
                with Path(path).open("ab") as file:
                    file.write(b".")
            case ["slow"]:
                start = time.process_time()
                while time.process_time() - start < 1:
                    pass
            case ["doubt", name]:
                diagnostics.append(diagnose("DP201", "who knows", source.path, span, pipeline=name))
            case ["error"]:
                diagnostics.append(diagnose("DP301", "it raises", source.path, span))
            case ["crash"]:
                raise KeyError("a bug")
            case ["die"]:
                os._exit(1)
            case ["interrupt"]:
                raise KeyboardInterrupt
    version = options.airflow_version or ""
    return FileGraph(
        path=source.path,
        orchestrator=f"airflow{version}",
        pipelines=tuple(pipelines),
        diagnostics=tuple(diagnostics),
    )


def write(documents: Sequence[Document], options: WriteOptions) -> Translation:
    """A file a pipeline; a task is as faithful as its name, ``native`` if that is no fidelity."""
    files, outcomes, diagnostics = {}, [], []
    for document in documents:
        if "crash the writer" in document.source.text:
            raise LookupError("a bug in the writer")
        for pipeline in document.graph.pipelines:
            if not pipeline.exact and not options.allow_inexact:
                diagnostics.append(
                    diagnose("DP406", "not exact", document.graph.path, pipeline.span, pipeline=pipeline.id)
                )
                continue
            tasks = "".join(f"# {task.id}\n" for task in pipeline.tasks)
            files[f"src/{options.package}/{pipeline.id}.py"] = f"# from {document.graph.path}\n{tasks}"
            outcomes += [_outcome(document, pipeline, task) for task in pipeline.tasks]
    if documents:
        files["pyproject.toml"] = "[project]\n"
    return Translation(files=files, outcomes=tuple(outcomes), diagnostics=tuple(diagnostics))


def _outcome(document: Document, pipeline: Pipeline, task: Task) -> TaskOutcome:
    fidelity = next((name for name in ("approximate", "delegated", "manual") if task.id.startswith(name)), "native")
    return TaskOutcome(
        path=document.graph.path,
        pipeline=pipeline.id,
        task=task.id,
        fidelity=fidelity,  # type: ignore[arg-type]
        target=None,
        reason=None if fidelity == "native" else f"because it is {fidelity}",
    )


def _answer(workspace: Workspace | None, aspect: str, path: str) -> str:
    if workspace is None:
        return "no project"
    try:
        if aspect == "kind":
            return str(workspace.kind(path))
        if aspect == "module":
            return str(workspace.offers(*path.split("/")))
        return workspace.read(path).decode() if aspect == "content" else " ".join(workspace.entries(path))
    except Unreadable as problem:
        return problem.why


def _pipeline(name: str, tasks: list[str], *, exact: bool, span: tuple[int, int, int, int]) -> Pipeline:
    return Pipeline(
        id=name,
        exact=exact,
        schedule=Schedule(kind="manual"),
        tasks=tuple(Task(id=task, operator="x.Op", kind="python") for task in tasks),
        span=span,
    )
