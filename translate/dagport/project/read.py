"""Reading many files: each by its format's reader, in several processes where that pays, in path order."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from dagport import formats
from dagport.diagnostics import Diagnostic, diagnose
from dagport.graph import FileGraph
from dagport.options import ReadOptions
from dagport.project.discovery import GRAPH_SUFFIXES, Input
from dagport.project.files import decode, read_regular, unopened
from dagport.source import Source
from dagport.translation import Document

PAYS_FROM = 400  # files; below, starting processes and handing graphs over takes longer than it saves
MAX_SOURCE_BYTES = 16 * 1024 * 1024  # no one writes such a source; parsing one would take gigabytes
UNKNOWN = "unknown"  # the orchestrator of what couldn't be read


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """How all files of a run are read."""

    format: str | None = None  # a name of ``formats.READERS``; None: found from each file
    options: ReadOptions = field(default_factory=ReadOptions)
    jobs: int | None = None  # processes; None: as many as pay


@dataclass(frozen=True, slots=True)
class Crash:
    """A bug of dagport that one file brought to light."""

    path: str
    error: str  # type and message, on one line
    traceback: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one input: one document, or one a record for a file that holds several graphs."""

    documents: tuple[Document, ...]
    format: str
    crash: Crash | None = None


def read_inputs(inputs: Sequence[Input], request: ReadRequest) -> Iterator[Reading]:
    """Read every input, in order. What goes wrong with one is part of its reading; the others go on."""
    jobs = min(request.jobs or _jobs_that_pay(len(inputs)), len(inputs))
    if jobs <= 1:
        return (read_input(item, request) for item in inputs)
    from dagport.project.pool import read_in_processes  # start-up: concurrent.futures is slow to import

    return read_in_processes(inputs, request, jobs)


def read_input(item: Input, request: ReadRequest) -> Reading:
    """Read one input."""
    if item.problem:
        return failed(item.problem, request.format or UNKNOWN)
    try:
        data = read_regular(item.file) if item.file else item.data or b""
    except OSError as error:
        return failed(unopened(item.path, error), request.format or UNKNOWN)
    format_ = request.format or detect_format(item.path, data)
    if format_ != "json" and len(data) > MAX_SOURCE_BYTES:
        return failed(diagnose("DP102", f"larger than {MAX_SOURCE_BYTES // 1024**2} MiB", item.path), format_)
    source = decode(item.path, data)
    if isinstance(source, Diagnostic):
        return failed(source, format_)
    if item.named and not source.text.strip():
        return failed(diagnose("DP111", "it is empty", item.path, (1, 1, 1, 1)), format_)
    try:
        graphs = formats.read_all(format_, source, request.options)
    except Exception as error:  # noqa: BLE001 - the one place that turns our bugs into a report on their file
        return crashed(item.path, format_, error)
    if item.named:
        graphs = [_noticed_if_empty(graph) for graph in graphs]
    return Reading(tuple(Document(source, graph) for graph in graphs), format_)


def detect_format(path: str, data: bytes) -> str:
    """The format of a file by its name, and without one by how it begins."""
    if path.lower().endswith(GRAPH_SUFFIXES):
        return "json"
    if path.lower().endswith(".py"):
        return "airflow"
    return "json" if re.match(rb'(\xef\xbb\xbf)?\s*(\[\s*)?{\s*"', data) else "airflow"


def failed(problem: Diagnostic, orchestrator: str) -> Reading:
    """The reading of something that couldn't be read."""
    path = problem.path or ""
    graph = FileGraph(path=path, orchestrator=orchestrator, diagnostics=(problem,))
    return Reading((Document(Source(path, ""), graph),), orchestrator)


def crashed(path: str, orchestrator: str, error: BaseException) -> Reading:
    """The reading of a file that made dagport fail."""
    crash = crash_report(path, error)
    reading = failed(diagnose("DP109", f"dagport failed: {crash.error}", path), orchestrator)
    return Reading(reading.documents, orchestrator, crash)


def crash_report(path: str, error: BaseException) -> Crash:
    """What a report of a bug needs to say."""
    import traceback  # start-up

    summary = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    return Crash(path, summary, "".join(traceback.format_exception(error)))


def _noticed_if_empty(graph: FileGraph) -> FileGraph:
    said = any(item.severity != "info" for item in graph.diagnostics)
    if graph.pipelines or said:
        return graph
    notice = diagnose("DP107", "no pipeline found", graph.path)
    return replace(graph, diagnostics=(*graph.diagnostics, notice))


def _jobs_that_pay(files: int) -> int:
    if files < PAYS_FROM:
        return 1
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1
