"""The one registry of formats. A new reader or writer is a folder and one line here.

Values are ``module:attribute``, imported when they are used: start-up time counts in pre-commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Protocol, cast

from dagport.graph import FileGraph
from dagport.options import ReadOptions
from dagport.source import Source
from dagport.translation import TargetWriter

READERS = {
    "airflow": "dagport.readers.airflow:read",
    "dag-factory": "dagport.readers.airflow.dag_factory:read",
    "json": "dagport.readers.json:read",
}
SEVERAL = {
    "json": "dagport.readers.json:read_all",
}
PRINTERS = {
    "text": "dagport.writers.text:write",
    "json": "dagport.writers.json:write",
    "jsonl": "dagport.writers.json:write_lines",
    "mermaid": "dagport.writers.diagram:write_mermaid",
    "dot": "dagport.writers.diagram:write_dot",
}
TARGETS = {
    "dagster": "dagport.writers.dagster:write",
    "airflow": "dagport.writers.airflow:write",
    "prefect": "dagport.writers.prefect:write",
}


class Reader(Protocol):
    """Reads one file. It never raises for what the file says: findings are diagnostics of the graph."""

    def __call__(self, source: Source, options: ReadOptions) -> FileGraph:
        """The graph of one file."""
        ...


class SeveralReader(Protocol):
    """Reads a file that can hold several graphs. It never raises for what the file says either."""

    def __call__(self, source: Source, options: ReadOptions) -> list[FileGraph]:
        """The graphs of one file, in its order."""
        ...


class Printer(Protocol):
    """Prints graphs, a piece of text at a time."""

    def __call__(self, graphs: Iterable[FileGraph]) -> Iterator[str]:
        """Pieces of text that together are the whole output."""
        ...


def reader(name: str) -> Reader:
    """The reader of a format. Raises ``KeyError`` for a name that isn't in ``READERS``."""
    return cast(Reader, _load(READERS[name]))


def read_all(name: str, source: Source, options: ReadOptions) -> list[FileGraph]:
    """All graphs of one file: one, but for the formats of ``SEVERAL``, whose files can hold many.

    Raises ``KeyError`` for a name that isn't in ``READERS``.
    """
    if name in SEVERAL:
        return list(cast(SeveralReader, _load(SEVERAL[name]))(source, options))
    return [reader(name)(source, options)]


def printer(name: str) -> Printer:
    """The printer of a format. Raises ``KeyError`` for a name that isn't in ``PRINTERS``."""
    return cast(Printer, _load(PRINTERS[name]))


def target(name: str) -> TargetWriter:
    """The writer of a target. Raises ``KeyError`` for a name that isn't in ``TARGETS``."""
    return cast(TargetWriter, _load(TARGETS[name]))


def _load(path: str) -> object:
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)
