"""The report as one JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterator

from dagport import codec
from dagport.cli.console import Console
from dagport.cli.reports import Report
from dagport.graph import SCHEMA_VERSION
from dagport.project.summary import Row, requirements, share_carried
from dagport.values import Json


def write(report: Report, console: Console) -> Iterator[str]:
    """``pipelines``, ``tasks`` that aren't carried over exactly, what is needed from the ``deployment``,
    ``diagnostics``, and the share carried over."""
    record: dict[str, Json] = {
        "schema_version": SCHEMA_VERSION,
        "target": report.target,
        "files": len(report.documents),
        "share_carried": share_carried(report.rows),
        "pipelines": [_pipeline(row) for row in report.rows],
        "tasks": [codec.to_json(item) for item in report.translation.outcomes] if report.translation else None,
        "deployment": [codec.to_json(item) for item in requirements(report.documents)],
        "diagnostics": [codec.to_json(item) for item in report.diagnostics],
    }
    yield json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _pipeline(row: Row) -> Json:
    return {
        "path": row.path,
        "id": row.pipeline,
        "exact": row.exact,
        "tasks": row.tasks,
        "fidelities": _counts(row),
        "doubts": len(row.doubts),
    }


def _counts(row: Row) -> Json:
    return None if row.fidelities is None else dict(row.fidelities.items())
