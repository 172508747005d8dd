"""Helpers of the tests: a YAML text to its graph."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dagport import formats
from dagport.graph import FileGraph
from dagport.options import Deployment, Limits, ReadOptions
from dagport.source import Source
from dagport.workspace import Workspace

EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
BASH = "airflow.providers.standard.operators.bash.BashOperator"
PYTHON = "airflow.providers.standard.operators.python.PythonOperator"
ONE_TASK = f"  tasks: {{a: {{operator: {EMPTY}}}}}\n"


def read(text: str, *, environment: Mapping[str, str] | None = None, limits: Limits | None = None) -> FileGraph:
    """The graph of a YAML file alone."""
    options = ReadOptions(deployment=Deployment(environment=environment or {}), limits=limits or Limits())
    return formats.reader("dag-factory")(Source("dags/x.yml", text), options)


def read_in(root: Path, path: str) -> FileGraph:
    """The graph of a YAML file of a project."""
    source = Source(path, (root / path).read_text("utf-8"), path)
    return formats.reader("dag-factory")(source, ReadOptions(workspace=Workspace(root)))


def findings(graph: FileGraph) -> list[tuple[str, int | None]]:
    """Code and line of every diagnostic."""
    return [(item.code, item.line) for item in graph.diagnostics]
