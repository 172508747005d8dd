"""One run of a command over source files: reading them, counting what went wrong, saying how it ended."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import click

from dagport.cli.console import Console, clean
from dagport.cli.status import CRASHED, FINDINGS, FINE
from dagport.diagnostics import Diagnostic
from dagport.project.discovery import Search, discover
from dagport.project.read import Crash, Reading, ReadRequest, read_inputs
from dagport.translation import Document

BAR_FROM = 20  # files


@dataclass(slots=True, kw_only=True)
class Run:
    """The settled options, and what happened so far."""

    console: Console
    search: Search
    request: ReadRequest
    stdin_path: str
    crashes: list[Crash] = field(default_factory=list)
    formats: set[str] = field(default_factory=set)  # of the files read

    def documents(self, paths: Sequence[str], *, streams: bool = False) -> Iterator[Document]:
        """Read what the paths stand for, in path order.

        ``streams``: the result is printed meanwhile, so on a terminal there is no room for a progress bar.
        """
        stdin = sys.stdin.buffer.read() if "-" in paths else None
        inputs = discover(paths, self.search, stdin, self.stdin_path)
        readings = read_inputs(inputs, self.request)
        shows_bar = len(inputs) >= BAR_FROM and not (streams and sys.stdout.isatty())
        for reading in self._with_bar(readings, len(inputs)) if shows_bar else readings:
            self.formats.add(reading.format)
            if reading.crash:
                self.crashes.append(reading.crash)
            yield from reading.documents

    def _with_bar(self, readings: Iterable[Reading], length: int) -> Iterator[Reading]:
        if self.console.quiet or not sys.stderr.isatty():
            yield from readings
            return
        color = self.console.err.color
        with click.progressbar(readings, length=length, label="Reading", file=sys.stderr, color=color) as bar:
            yield from bar

    def status(self, diagnostics: Iterable[Diagnostic], *, findings: bool = False) -> int:
        """Report crashes; the exit status of the run."""
        if self.crashes:
            from dagport.cli.crash import crash_lines

            for line in crash_lines(self.crashes, verbose=self.console.verbose):
                self.console.err.line(clean(line))
            return CRASHED
        return FINDINGS if findings or any(item.severity == "error" for item in diagnostics) else FINE
