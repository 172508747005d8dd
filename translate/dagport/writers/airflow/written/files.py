"""Files made from graphs, formatted together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from dagport.diagnostics import Diagnostic, diagnose
from dagport.graph import Pipeline
from dagport.translation import Document, Translation, WriteOptions
from dagport.writers.airflow.written.module import FileWriter, WrittenFile
from dagport.writers.common.format import format_files, insert
from dagport.writers.common.literals import NotExpressible


def write_documents(documents: Sequence[Document], options: WriteOptions, taken: Iterable[str] = ()) -> Translation:
    """A file for each document, by a path that nobody else has.

    Pipelines that aren't exact are refused unless asked for.
    """
    paths = set(taken)
    found: list[WrittenFile] = []
    diagnostics: list[Diagnostic] = []
    for document in documents:
        pipelines = [item for item in document.graph.pipelines if item.exact or options.allow_inexact]
        diagnostics += [_inexact(document, item) for item in document.graph.pipelines if item not in pipelines]
        if not pipelines:
            continue
        path = _path(document.graph.path, paths)
        paths.add(path)
        try:
            found.append(FileWriter(document, path, options.airflow_version).write(pipelines))
        except NotExpressible as problem:
            diagnostics.append(diagnose("DP432", f"it can't be written: {problem}", document.graph.path))
    texts = format_files({item.path: item.text for item in found}, options.package) if found else {}
    return Translation(
        files={item.path: insert(texts[item.path], item.chunks) for item in found},
        outcomes=tuple(outcome for item in found for outcome in item.outcomes),
        diagnostics=(*diagnostics, *(said for item in found for said in item.diagnostics)),
    )


def _path(source: str, taken: set[str]) -> str:
    """The source's own path with the suffix of Python, and another name where a file has that already."""
    path = PurePosixPath(source).with_suffix(".py")
    candidates: Iterator[PurePosixPath] = (
        path if number == 0 else path.with_stem(f"{path.stem}_dags{number if number > 1 else ''}")
        for number in range(10_000)
    )
    return next(str(item) for item in candidates if str(item) not in taken)


def _inexact(document: Document, pipeline: Pipeline) -> Diagnostic:
    message = f"the DAG {pipeline.id!r} isn't exact, so it isn't written"
    return diagnose("DP406", message, document.graph.path, pipeline.span, pipeline=pipeline.id)
