"""One run of a command over source files: reading them, counting what went wrong, saying how it ended."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagport.cli.console import Console, clean
from dagport.cli.status import CRASHED, FINDINGS, FINE
from dagport.diagnostics import Diagnostic
from dagport.project.discovery import Search, discover, file_mentions_pipelines
from dagport.project.outcome import Crash
from dagport.project.read import ReadRequest, Result, read_inputs
from dagport.translation import Document

if TYPE_CHECKING:
    from dagport.project.cache import Cache

BAR_FROM = 20  # files


@dataclass(slots=True, kw_only=True)
class Run:
    """The settled options, and what happened so far."""

    console: Console
    search: Search
    request: ReadRequest
    stdin_path: str
    cache_folder: Path | None = None  # None: nothing is kept from run to run
    crashes: list[Crash] = field(default_factory=list)
    formats: set[str] = field(default_factory=set)  # of the files read

    def documents(self, paths: Sequence[str]) -> Iterator[Document]:
        """Read what the paths stand for, in path order."""
        for result in self.results(paths):
            yield from result.documents

    def results(self, paths: Sequence[str], *, streams: bool = False) -> Iterator[Result]:
        """As ``documents``, a result a file, whose documents are decoded when they are asked for.

        ``streams``: the result is printed meanwhile, so on a terminal there is no room for a progress bar.
        """
        stdin = sys.stdin.buffer.read() if "-" in paths else None
        kept = self._cache()
        mentions = kept.files.mentions if kept else file_mentions_pipelines
        inputs = discover(paths, self.search, stdin, self.stdin_path, mentions)
        results = read_inputs(inputs, self.request, kept)
        shows_bar = len(inputs) >= BAR_FROM and not (streams and sys.stdout.isatty())
        for result in self._with_bar(results, len(inputs)) if shows_bar else results:
            self.formats.add(result.format)
            if result.crash:
                self.crashes.append(result.crash)
            yield result
        if kept and kept.store.problem and self.console.verbose:
            self.console.message(f"going on without a cache: {kept.store.problem}")

    def _cache(self) -> Cache | None:
        if self.cache_folder is None:
            return None
        from dagport.project.cache import open_cache  # start-up

        return open_cache(self.cache_folder, self.search.root, self.request)

    def _with_bar(self, results: Iterable[Result], length: int) -> Iterator[Result]:
        if self.console.quiet or not sys.stderr.isatty():
            yield from results
            return
        color = self.console.err.color
        with click.progressbar(results, length=length, label="Reading", file=sys.stderr, color=color) as bar:
            yield from bar

    def status(self, diagnostics: Iterable[Diagnostic], *, findings: bool = False) -> int:
        """Report crashes; the exit status of the run."""
        if self.crashes:
            from dagport.cli.crash import crash_lines

            for line in crash_lines(self.crashes, verbose=self.console.verbose):
                self.console.err.line(clean(line))
            return CRASHED
        return FINDINGS if findings or any(item.severity == "error" for item in diagnostics) else FINE
