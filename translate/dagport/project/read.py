"""Reading many files: each by its format's reader, in several processes where that pays, in path order."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from dagport import codec, formats
from dagport.diagnostics import Diagnostic, diagnose
from dagport.digests import sha256
from dagport.graph import FileGraph
from dagport.options import ReadOptions
from dagport.project.discovery import GRAPH_SUFFIXES, Input
from dagport.project.evidence import NO_LOOKS, Witness
from dagport.project.files import decode, unopened
from dagport.project.outcome import Crash, Outcome
from dagport.project.yaml_files import is_yaml
from dagport.regular import read_regular
from dagport.source import Source
from dagport.translation import Document
from dagport.workspace import Workspace

if TYPE_CHECKING:
    from dagport.project.cache import Cache

PAYS_FROM = 100  # files: Airflow's own 74 example files take two processes as long as one
MAX_SOURCE_BYTES = 16 * 1024 * 1024  # no one writes such a source; parsing one would take gigabytes
UNKNOWN = "unknown"  # the orchestrator of what couldn't be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """What is made of each document besides its graph: in the process that reads it, and kept with its result."""

    function: str  # "module:name" of ``(Document, ReadOptions, settings) -> Iterable[str]``: lines without their ends
    settings: object = None  # can be pickled; two with the same ``repr`` give the same lines
    rests_on: tuple[str, ...] = ()  # packages: with other files of theirs the lines may be others
    suffices: bool = False  # graphs without an error aren't handed over: nobody asks for them

    def lines(self, document: Document, options: ReadOptions) -> Iterable[str]:
        """The lines for one document."""
        lines: Iterable[str] = self.loaded()(document, options, self.settings)
        return lines

    def loaded(self) -> Callable[[Document, ReadOptions, Any], Iterable[str]]:
        """The function."""
        module, _, name = self.function.partition(":")
        return cast("Callable[[Document, ReadOptions, Any], Iterable[str]]", getattr(import_module(module), name))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """How all files of a run are read."""

    format: str | None = None  # a name of ``formats.READERS``; None: found from each file
    options: ReadOptions = field(default_factory=ReadOptions)
    jobs: int | None = None  # processes; None: as many as pay
    source_roots: tuple[str, ...] = ()  # configured folders of Python modules, relative to the project
    keeps: bool = False  # what each result rests on is noted, so that it can be kept
    extra: Extra | None = None


@dataclass(frozen=True)
class Reading:
    """What became of one input: one document, or one a record for a file that holds several graphs."""

    documents: tuple[Document, ...]
    format: str
    crash: Crash | None = None
    data: bytes | None = None  # the content that was read; None: there is none
    looks: str | None = None  # see ``Outcome``
    extra: tuple[str, ...] = ()
    extra_suffices: bool = False

    @property
    def graphs(self) -> list[FileGraph]:
        """The graphs of the documents."""
        return [document.graph for document in self.documents]

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The graphs in JSON, each on a line without its end."""
        return tuple(map(codec.to_line, self.graphs))

    @cached_property
    def has_errors(self) -> bool:
        """Whether a diagnostic is an error."""
        return any(item.severity == "error" for graph in self.graphs for item in graph.diagnostics)

    def outcome(self) -> Outcome:
        """The form for other processes and the cache."""
        return Outcome(
            format=self.format,
            lines=() if self.extra_suffices and not self.has_errors else self.lines,
            has_errors=self.has_errors,
            digest=None if self.data is None else sha256(self.data),
            looks=self.looks,
            crash=self.crash,
            extra=self.extra,
        )


@dataclass(frozen=True, slots=True)
class Recalled:
    """A reading made elsewhere or earlier; its documents are decoded when they are asked for."""

    outcome: Outcome
    item: Input
    request: ReadRequest

    @property
    def format(self) -> str:
        """As ``Reading.format``."""
        return self.outcome.format

    @property
    def crash(self) -> Crash | None:
        """As ``Reading.crash``."""
        return self.outcome.crash

    @property
    def lines(self) -> tuple[str, ...]:
        """As ``Reading.lines``."""
        return self.outcome.lines

    @property
    def has_errors(self) -> bool:
        """As ``Reading.has_errors``."""
        return self.outcome.has_errors

    @property
    def looks(self) -> str | None:
        """As ``Reading.looks``."""
        return self.outcome.looks

    @property
    def extra(self) -> tuple[str, ...]:
        """As ``Reading.extra``."""
        return self.outcome.extra

    @property
    def graphs(self) -> list[FileGraph]:
        """As ``Reading.graphs``, without the sources."""
        try:
            return self._decoded()
        except (ValueError, RecursionError):
            return read_input(self.item, self.request).graphs

    def _decoded(self) -> list[FileGraph]:
        return [codec.from_json(json.loads(line)) for line in self.lines]

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents; the file is read anew if it isn't what it was, or if the lines can't be decoded."""
        try:
            graphs = self._decoded()
            source = self._source()
        except (ValueError, RecursionError):
            return read_input(self.item, self.request).documents
        return tuple(Document(source or Source(graph.path, ""), graph) for graph in graphs)

    def _source(self) -> Source | None:
        """The text that the spans point into; ``None`` where nothing could be read. Raises ``ValueError``."""
        if self.outcome.digest is None:
            return None
        data = read_data(self.item)
        if isinstance(data, Diagnostic) or sha256(data) != self.outcome.digest:
            raise ValueError("the file has changed")
        source = decode(self.item.path, data, path_in_project(self.item))
        if isinstance(source, Diagnostic):
            raise ValueError(source.message)
        return source


Result: TypeAlias = Reading | Recalled


def read_inputs(inputs: Sequence[Input], request: ReadRequest, kept: Cache | None = None) -> Iterator[Result]:
    """Read every input, in order. What goes wrong with one is part of its reading; the others go on.

    ``kept`` has the results of earlier runs, and gets those of this one.
    """
    for known in (workspace, _witness, _folder_in_project):
        known.cache_clear()  # the project may have changed since the last run of this process
    if kept is None:
        return _analysed(inputs, request)
    return _with_cache(inputs, replace(request, keeps=True), kept)


def _with_cache(inputs: Sequence[Input], request: ReadRequest, kept: Cache) -> Iterator[Result]:
    keys = kept.find(inputs)
    kept.store.close()  # a fork must not share it
    analysed = _analysed([item for item, key in zip(inputs, keys, strict=True) if key is None], request)
    try:
        for item, key, outcome in zip(inputs, keys, kept.recall(keys, inputs), strict=True):
            if outcome is not None:
                yield Recalled(outcome, item, request)
                continue
            result = next(analysed) if key is None else read_input(item, request)
            if result.crash is None:
                kept.keep(item, result.outcome if isinstance(result, Recalled) else result.outcome())
            yield result
    finally:
        analysed.close()
        kept.close()


def _analysed(inputs: Sequence[Input], request: ReadRequest) -> Generator[Result, None, None]:
    jobs = min(request.jobs or _jobs_that_pay(len(inputs)), len(inputs))
    if jobs <= 1:
        for item in inputs:
            yield read_input(item, request)
        return
    from dagport.project.pool import read_in_processes  # start-up: concurrent.futures is slow to import

    for item, outcome in read_in_processes(inputs, request, jobs):
        yield Recalled(outcome, item, request)


def read_input(item: Input, request: ReadRequest) -> Reading:
    """Read one input."""
    data = read_data(item)
    if isinstance(data, Diagnostic):
        return failed(data, request.format or UNKNOWN)
    format_ = request.format or detect_format(item.path, data)
    if format_ != "json" and len(data) > MAX_SOURCE_BYTES:
        return failed(diagnose("DP102", f"larger than {MAX_SOURCE_BYTES // 1024**2} MiB", item.path), format_)
    source = decode(item.path, data, path_in_project(item))
    if isinstance(source, Diagnostic):
        return failed(source, format_)
    if item.named and not source.text.strip():
        return failed(diagnose("DP111", "it is empty", item.path, (1, 1, 1, 1)), format_)
    try:
        graphs, extra, looks = _read_source(source, format_, item, request)
    except Exception as error:  # noqa: BLE001 - the one place that turns our bugs into a report on their file
        return crashed(item.path, format_, error)
    if item.named:
        graphs = [_noticed_if_empty(graph) for graph in graphs]
    elif is_yaml(item.path):
        graphs = [graph for graph in graphs if not _is_other_yaml(graph)]
    documents = tuple(Document(source, graph) for graph in graphs)
    suffices = request.extra is not None and request.extra.suffices
    return Reading(documents, format_, data=data, looks=looks, extra=extra, extra_suffices=suffices)


def read_data(item: Input) -> bytes | Diagnostic:
    """The bytes of an input, or why there are none."""
    if item.problem:
        return item.problem
    try:
        return read_regular(item.file) if item.file else item.data or b""
    except OSError as error:
        return unopened(item.path, error)


def _read_source(
    source: Source, format_: str, item: Input, request: ReadRequest
) -> tuple[list[FileGraph], tuple[str, ...], str | None]:
    """The graphs, the extra lines, and what both rest on.

    The last is ``None`` where it isn't asked for, or where they rest on the clock, too.
    """
    space = workspace(item.project, request.source_roots)
    options = replace(request.options, workspace=space)
    if not request.keeps or format_ in formats.SEVERAL:
        graphs = formats.read_all(format_, source, options)
        return graphs, _extra(source, graphs, options, request), None
    start = time.process_time()
    with ExitStack() as stack:
        looks = stack.enter_context(space.recording()) if space else {}
        graphs = formats.read_all(format_, source, options)
        late = time.process_time() - start >= options.limits.seconds
        extra = _extra(source, graphs, options, request)
    if late:
        return graphs, extra, None  # another time, or on another machine, the analysis may get further
    return graphs, extra, _witness(space).statement(looks) if space else NO_LOOKS


def _extra(source: Source, graphs: Sequence[FileGraph], options: ReadOptions, request: ReadRequest) -> tuple[str, ...]:
    extra = request.extra
    if extra is None:
        return ()
    return tuple(line for graph in graphs for line in extra.lines(Document(source, graph), options))


@cache
def _witness(space: Workspace) -> Witness:
    return Witness(space)


@cache
def workspace(project: Path | None, source_roots: tuple[str, ...]) -> Workspace | None:
    """The project as all its files of this run see it."""
    return None if project is None else Workspace(project, source_roots)


def path_in_project(item: Input) -> str | None:
    """The path of a file relative to its project; ``None`` where it has none."""
    if item.file is None or item.project is None:
        return None
    folder, _, name = os.fspath(item.file).rpartition(os.sep)
    inner = _folder_in_project(folder, item.project)
    return None if inner is None else inner + name


@cache
def _folder_in_project(folder: str, project: Path) -> str | None:
    """The beginning of the paths of all files in a folder."""
    path = Path(os.path.realpath(folder or os.sep)) / "x"
    return path.relative_to(project).as_posix()[:-1] if path.is_relative_to(project) else None


def detect_format(path: str, data: bytes) -> str:
    """The format of a file by its name, and without one by how it begins."""
    if path.lower().endswith(GRAPH_SUFFIXES):
        return "json"
    if path.lower().endswith(".py"):
        return "airflow"
    if is_yaml(path):
        return "dag-factory"
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


def _is_other_yaml(graph: FileGraph) -> bool:
    """A YAML file that a search took for one of dag-factory, and that has another shape."""
    return any(item.code == "DP112" for item in graph.diagnostics)


def _noticed_if_empty(graph: FileGraph) -> FileGraph:
    said = any(item.severity != "info" or item.code == "DP217" for item in graph.diagnostics)
    if graph.pipelines or said:
        return graph
    notice = diagnose("DP107", "no pipeline found", graph.path)
    return replace(graph, diagnostics=(*graph.diagnostics, notice))


def _jobs_that_pay(files: int) -> int:
    if files < PAYS_FROM:
        return 1
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1
