"""Graphs by hand for the writer's tests: a source with functions, tasks that run them, edges as text."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from dagport.graph import CallableRef, Edge, FileGraph, Pipeline, Schedule, Task
from dagport.source import Source
from dagport.translation import Document, Translation, WriteOptions
from dagport.values import Value
from dagport.writers.dagster import write

PYTHON = "airflow.providers.standard.operators.python.PythonOperator"
BASH = "airflow.providers.standard.operators.bash.BashOperator"
EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
DAILY = Schedule(kind="cron", cron="0 0 * * *")


def function(source: str, name: str) -> CallableRef:
    """A function of a source, by its name."""
    node = next(
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
    )
    first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
    span = (first, node.col_offset + 1, node.end_lineno or 0, (node.end_col_offset or 0) + 1)
    return CallableRef(name=name, module=None, span=span)


def python(source: str, name: str, arguments: dict[str, Value] | None = None, **fields: Any) -> Task:
    """A task that runs a function of the source; its id is the function's name unless one is given."""
    values = {"id": name, "operator": PYTHON, "kind": "python", **fields}
    return Task(callable=function(source, name), arguments=arguments or {}, **values)


def bash(task_id: str, command: Value = "true", arguments: dict[str, Value] | None = None, **fields: Any) -> Task:
    """A task that runs a command."""
    values = {"operator": BASH, "kind": "bash", **fields}
    return Task(id=task_id, arguments={"bash_command": command, **(arguments or {})}, **values)


def pipeline(*tasks: Task, edges: str = "", edges_made: Iterable[Edge] = (), **fields: Any) -> Pipeline:
    """A pipeline; edges as ``a>b b>c``, or made already."""
    pairs = [pair.split(">") for pair in edges.split()]
    made = [*edges_made, *(Edge(upstream=up, downstream=down) for up, down in pairs)]
    values: dict[str, Any] = {
        "id": "train",
        "exact": True,
        "schedule": Schedule(kind="manual"),
        "start_date": "2026-01-01T00:00:00+00:00",
        "timezone": "UTC",
        "engine_version": "3",
        "tasks": tasks,
        "edges": tuple(sorted(made)),
        **fields,
    }
    return Pipeline(**values)


def translate(*pipelines: Pipeline, source: str = "", **options: Any) -> Translation:
    """The project of some pipelines of one file: assets only, and nothing is delegated, unless that is asked for."""
    values: dict[str, Any] = {"delegate": False, "style": "assets", **options}
    graph = FileGraph(path="dags/train.py", orchestrator="airflow", pipelines=pipelines)
    return write([Document(Source("dags/train.py", source), graph)], WriteOptions(**values))


def module(translation: Translation, name: str = "train") -> str:
    """The text of a pipeline's module."""
    return translation.files[f"src/pipelines/defs/{name}.py"]


def fidelities(translation: Translation) -> dict[str, str]:
    """What became of each task."""
    return {outcome.task: outcome.fidelity for outcome in translation.outcomes}


def assets(text: str) -> dict[str, dict[str, str]]:
    """The arguments of the decorators of a module's assets, by function name."""
    return {
        node.name: {keyword.arg or "": ast.unparse(keyword.value) for keyword in decorator.keywords}
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "dg.asset"
    }


def body(text: str, name: str) -> list[str]:
    """The lines of a function's body, and its head first."""
    node = next(
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
    )
    lines = text.split("\n")[node.lineno - 1 : node.end_lineno]
    return [line.strip() for line in lines]
