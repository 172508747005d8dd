"""Reads one case and says what is wrong with the reading. Runs in a process that may be killed."""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from dagport import codec
from dagport.graph import FileGraph
from dagport.options import ReadOptions
from dagport.readers import airflow
from dagport.schema import graph_schema
from dagport.source import Source
from dagport.workspace import Workspace
from tests.fuzz.audit import Watch
from tests.fuzz.case import Case, Finding, Result

SLACK = 1.5  # seconds of processor time over the limit: parsing and building the graph aren't counted
GROWTH = 400  # MiB that one case may add to the peak
DEEPEST = 15  # levels: the validator tries the forms of a value one after the other, at each level anew
VALIDATED = 200_000  # characters of JSON; the validator is slow, and what is larger has nothing new
_VALIDATOR = Draft202012Validator(graph_schema())


class Checker:
    """Checks cases one after the other."""

    def __init__(self) -> None:
        self.watch = Watch()

    def check(self, case: Case) -> Result:
        """Read a case twice, and compare all that can be compared."""
        before = peak()
        with project_of(case) as root:
            start = time.process_time()
            try:
                graph, seen = self._read(case, root)
                seconds = time.process_time() - start
                # Where time ran out, it needn't do so at the same place again.
                again = graph if ran_out(graph) else self._read(case, root)[0]
                return self._judged(case, graph, again, seen, seconds, before)
            except (Exception, RecursionError, MemoryError) as error:  # noqa: BLE001 - any exception is a finding
                return Result((Finding("raises", shown(error)),), time.process_time() - start)

    def _read(self, case: Case, root: str | None) -> tuple[FileGraph, list[str]]:
        workspace = None if root is None else Workspace(Path(root))
        options = ReadOptions(limits=case.limits, workspace=workspace)
        with self.watch.over(root) as seen:
            return airflow.read(Source(case.path, case.text, root and case.path), options), seen

    def _judged(
        self, case: Case, graph: FileGraph, again: FileGraph, seen: list[str], seconds: float, before: int
    ) -> Result:
        text = encoded(graph)
        findings = [Finding("escape", event) for event in seen]
        if seconds > case.limits.seconds + SLACK:
            findings.append(Finding("slow", f"{seconds:.1f} s"))
        if peak() - before > GROWTH:
            findings.append(Finding("memory", f"{peak() - before} MiB"))
        if not ran_out(again) and encoded(again) != text:
            findings.append(Finding("unequal", "a second reading in the same process gives another graph"))
        if case.empty and graph.pipelines:
            findings.append(Finding("invented", f"{[item.id for item in graph.pipelines]}"))
        findings += invalid(text)
        codes = tuple(sorted({item.code for item in graph.diagnostics}))
        exact = sum(pipeline.exact for pipeline in graph.pipelines)
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return Result(tuple(findings), seconds, digest, peak(), exact, len(graph.pipelines), codes)


def ran_out(graph: FileGraph) -> bool:
    """Whether a bound ended the reading."""
    return any(item.code == "DP207" for item in graph.diagnostics)


def encoded(graph: FileGraph) -> str:
    """The JSON that users see."""
    return json.dumps(codec.to_json(graph), allow_nan=False)


def invalid(text: str) -> list[Finding]:
    """Where the JSON doesn't follow the schema, or doesn't read back."""
    data: Any = json.loads(text)
    if json.dumps(codec.to_json(codec.from_json(data)), allow_nan=False) != text:
        return [Finding("schema", "what is read back isn't what was written")]
    if len(text) > VALIDATED or depth_of(data) > DEEPEST:
        return []
    return [Finding("schema", error.message[:300]) for error in _VALIDATOR.iter_errors(data)][:1]


def depth_of(data: Any) -> int:
    """How many levels of objects and lists there are."""
    items = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return 1 + max(map(depth_of, items), default=0)


@contextmanager
def project_of(case: Case) -> Iterator[str | None]:
    """The folder of the case's project, written out where it doesn't exist yet."""
    if case.root is not None or not case.project:
        yield case.root
        return
    with tempfile.TemporaryDirectory() as folder:
        for path, data in case.files.items():
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        yield str(Path(folder).resolve())


def peak() -> int:
    """The most memory that this process had at once, in MiB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used // (1024**2 if sys.platform == "darwin" else 1024)


def shown(error: BaseException) -> str:
    """The innermost frames of an exception, then itself."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return "\n".join([*places, f"{type(error).__name__}: {str(error)[:200]} at {places[-1]}"])
