"""Prints graphs as JSON: the contract of ``docs/graph.md``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from dagport import codec
from dagport.graph import FileGraph


def write(graphs: Iterable[FileGraph]) -> Iterator[str]:
    """One list of all graphs, indented."""
    opening = "[\n"
    for graph in graphs:
        text = json.dumps(codec.to_json(graph), indent=2, ensure_ascii=False, allow_nan=False)
        yield opening + text
        opening = ",\n"
    yield "[]\n" if opening == "[\n" else "\n]\n"


def write_lines(graphs: Iterable[FileGraph]) -> Iterator[str]:
    """One graph a line."""
    for graph in graphs:
        yield json.dumps(codec.to_json(graph), ensure_ascii=False, allow_nan=False) + "\n"
