"""One task with a Python function: what its lineage says."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

from dagport.formats import reader
from dagport.graph import FileGraph
from dagport.options import Deployment, ReadOptions
from dagport.source import Source
from dagport.workspace import Workspace
from dagport_lineage.extract.callables import called
from dagport_lineage.model import Found
from dagport_lineage.scope import LineageOptions, Scope

HEADER = """\
import contextlib, json, os, logging, tempfile, shutil, functools
from datetime import datetime
from pathlib import Path
import pandas as pd
from airflow.sdk import DAG, Variable, dag, task
from elsewhere import change, make, n, name, options, other, stranger, unknown
"""
DEPLOYMENT = Deployment(
    connections={
        "pg": "postgres://me:hidden-word@db.example:5432/shop",
        "my": "mysql://me:hidden-word@my.example/shop",
        "snow": '{"conn_type": "snowflake", "schema": "PUBLIC", "password": "hidden-word", '
        '"extra": {"account": "org-acc", "database": "DB"}}',
    },
    variables={"bucket": "lake", "settings": '{"path": "/settings.csv", "list": ["/1.csv", "/2.csv"]}'},
    environment={"ROOT": "/srv"},
)


def of_function(
    function: str, *, before: str = "", call: str = "f()", params: str = "", workspace: Workspace | None = None
) -> Found:
    """What the task ``f`` of a DAG says; ``function`` is its definition, or only its body."""
    if "def f(" not in function:
        function = "@task\ndef f():\n" + textwrap.indent(textwrap.dedent(function), "    ")
    code = f"{HEADER}{before}\nwith DAG('d', schedule=None, start_date=datetime(2024, 1, 1){params}):\n"
    return of_file(
        code + textwrap.indent(textwrap.dedent(function).strip("\n") + "\n" + call, "    "), "f", workspace=workspace
    )


def of_file(text: str, task: str, *, workspace: Workspace | None = None, path: str = "dags/d.py") -> Found:
    """What one task of a file says."""
    source = Source(path, text, path)
    scope = scope_of(source, graph_of(source, workspace), workspace)
    return called(next(item for item in scope.pipeline.tasks if item.id == task), scope)


def graph_of(source: Source, workspace: Workspace | None = None) -> FileGraph:
    """The graph of a file."""
    return reader("airflow")(source, ReadOptions(airflow_version="3", deployment=DEPLOYMENT, workspace=workspace))


def scope_of(source: Source, graph: FileGraph, workspace: Workspace | None = None) -> Scope:
    """The scope of a file's first pipeline."""
    return Scope(
        graph=graph,
        pipeline=graph.pipelines[0],
        source=source,
        deployment=DEPLOYMENT,
        workspace=workspace,
        options=LineageOptions(),
    )


def project(folder: Path, files: Mapping[str, str]) -> Workspace:
    """A project with these files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text))
    return Workspace(folder)


def shown(found: Found) -> str:
    """Reads, writes and the reasons of gaps in one line."""
    reads = " ".join(sorted("<" + str(item.dataset) for item in found.reads))
    writes = " ".join(sorted(">" + str(item.dataset) for item in found.writes))
    gaps = " ".join(sorted({f"?{gap.reason}" for gap in found.gaps}))
    return " ".join(filter(None, (reads, writes, gaps)))
