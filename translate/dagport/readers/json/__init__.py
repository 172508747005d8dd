"""Reads graphs back that ``dagport graph --format json`` or ``jsonl`` printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NoReturn

from dagport import codec
from dagport.diagnostics import Diagnostic, diagnose
from dagport.graph import FileGraph
from dagport.options import ReadOptions
from dagport.source import Source
from dagport.values import Json


def read(source: Source, options: ReadOptions) -> FileGraph:
    """The graph of a file that holds one record.

    A file with none or with several gets a diagnostic: ``read_all`` reads those.
    """
    graphs = read_all(source, options)
    if len(graphs) == 1:
        return graphs[0]
    return _failed(source, diagnose("DP108", f"it holds {len(graphs)} records, not one", source.path))


def read_all(source: Source, options: ReadOptions) -> list[FileGraph]:
    """The graphs of all records, in order: one a line, a list of them, or a single one.

    A record that breaks the contract becomes a graph with nothing but that diagnostic; the others are read.
    """
    try:
        whole = _parse(source.text)
    except ValueError as error:
        if not source.text.lstrip().startswith("{"):
            return [_failed(source, _broken(source, error, 1))]
        return [_line(source, line, text) for line, text in _lines(source)]
    records = whole if isinstance(whole, list) else [whole]
    return [_record(source, record, None, f"record {index}: ") for index, record in enumerate(records, 1)]


def _lines(source: Source) -> Iterator[tuple[int, str]]:
    return ((line, text) for line, text in enumerate(source.lines, 1) if text.strip())


def _line(source: Source, line: int, text: str) -> FileGraph:
    try:
        record = _parse(text)
    except ValueError as error:
        return _failed(source, _broken(source, error, line))
    return _record(source, record, line, "")


def _record(source: Source, record: Json, line: int | None, prefix: str) -> FileGraph:
    try:
        return codec.from_json(record)
    except (ValueError, RecursionError) as error:
        span = (line, 1, line, 1) if line else None
        return _failed(source, diagnose("DP108", f"{prefix}{_reason(error)}", source.path, span))


def _parse(text: str) -> Json:
    """Parse strictly: the JSON standard knows no NaN. Raises ``ValueError``."""
    try:
        data: Json = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deep") from None
    return data


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _broken(source: Source, error: ValueError, line: int) -> Diagnostic:
    if isinstance(error, json.JSONDecodeError):
        line, column = line + error.lineno - 1, error.colno
        return diagnose("DP108", f"not JSON: {error.msg}", source.path, (line, column, line, column + 1))
    return diagnose("DP108", f"not JSON: {_reason(error)}", source.path, (line, 1, line, 1))


def _reason(error: Exception) -> str:
    return "nested too deep" if isinstance(error, RecursionError) else str(error)


def _failed(source: Source, problem: Diagnostic) -> FileGraph:
    return FileGraph(path=source.path, orchestrator="unknown", diagnostics=(problem,))
