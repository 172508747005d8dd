"""Prints graphs as JSON: the contract of ``docs/graph.md``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from json.encoder import encode_basestring

from dagport import codec
from dagport.graph import FileGraph
from dagport.values import Json

STEP = "  "


def write(graphs: Iterable[FileGraph]) -> Iterator[str]:
    """One list of all graphs, indented."""
    return write_records(map(codec.to_json, graphs))


def write_records(records: Iterable[Json]) -> Iterator[str]:
    """``write``, for graphs in their JSON form."""
    opening = "[\n"
    for record in records:
        yield opening + indented(record)
        opening = ",\n"
    yield "[]\n" if opening == "[\n" else "\n]\n"


def write_lines(graphs: Iterable[FileGraph]) -> Iterator[str]:
    """One graph a line."""
    for graph in graphs:
        yield codec.to_line(graph) + "\n"


def indented(data: Json, margin: str = "") -> str:
    """What ``json.dumps(data, indent=2, ensure_ascii=False)`` gives, in a third of the time.

    Raises ``ValueError`` for a number that JSON doesn't have.
    """
    if isinstance(data, str):
        return encode_basestring(data)
    inner = margin + STEP
    if isinstance(data, dict):
        items = [f"{inner}{encode_basestring(key)}: {indented(value, inner)}" for key, value in data.items()]
        return "{\n" + ",\n".join(items) + f"\n{margin}}}" if items else "{}"
    if isinstance(data, list):
        items = [inner + indented(value, inner) for value in data]
        return "[\n" + ",\n".join(items) + f"\n{margin}]" if items else "[]"
    if data is None or isinstance(data, bool):
        return "null" if data is None else "true" if data else "false"
    if isinstance(data, float) and not math.isfinite(data):
        raise ValueError(f"JSON has no number {data}")
    return repr(data)
