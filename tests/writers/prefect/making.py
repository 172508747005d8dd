"""The Prefect projects of pipelines made by hand, and parts of their text."""

from __future__ import annotations

import ast
from typing import Any

import yaml

from dagport.graph import FileGraph, Pipeline
from dagport.source import Source
from dagport.translation import Document, Translation, WriteOptions
from dagport.writers.prefect import write


def translate(*pipelines: Pipeline, source: str = "", **options: Any) -> Translation:
    """The project of some pipelines of one file. Nothing is delegated unless that is asked for."""
    graph = FileGraph(path="dags/train.py", orchestrator="airflow", pipelines=pipelines)
    return write([Document(Source("dags/train.py", source), graph)], WriteOptions(**{"delegate": False, **options}))


def module(translation: Translation, name: str = "train") -> str:
    """The text of a flow's module."""
    return translation.files[f"src/pipelines/flows/{name}.py"]


def fidelities(translation: Translation) -> dict[str, str]:
    """What became of each task."""
    return {outcome.task: outcome.fidelity for outcome in translation.outcomes}


def decorators(text: str) -> dict[str, str]:
    """The decorator of each function that has one."""
    return {
        node.name: ast.unparse(node.decorator_list[0])
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef) and node.decorator_list
    }


def calls(text: str, name: str = "train") -> list[str]:
    """The statements of a flow, docstring left out."""
    [flow] = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == name]
    body = flow.body[1:] if ast.get_docstring(flow) is not None else flow.body
    return [ast.unparse(statement) for statement in body]


def deployment(translation: Translation) -> dict[str, Any]:
    """The only deployment."""
    [found] = yaml.safe_load(translation.files["prefect.yaml"])["deployments"]
    return dict(found)


def said(translation: Translation, code: str) -> list[str]:
    """The messages of a diagnostic."""
    return [found.message for found in translation.diagnostics if found.code == code]
