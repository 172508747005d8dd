"""Reads small Airflow files from text."""

from __future__ import annotations

from textwrap import dedent

from dagport.graph import FileGraph, Pipeline
from dagport.options import ReadOptions
from dagport.readers.airflow import read
from dagport.source import Source

HEADER = """\
from datetime import datetime, timedelta
from airflow.sdk import DAG, Asset, BaseOperator, Label, Param, TaskGroup, XComArg, chain, dag, task, task_group
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
def E(name, **kwargs):
    return EmptyOperator(task_id=name, **kwargs)
@task
def flow(*args, **kwargs):
    return 1
def work(**context):
    return 1
"""
LINES = HEADER.count("\n")


def graph_of(text: str) -> FileGraph:
    """The graph of a whole file."""
    return read(Source("dags/case.py", dedent(text)), ReadOptions())


def one(body: str) -> Pipeline:
    """The only pipeline of a body below the header, which is exact."""
    graph = graph_of(HEADER + dedent(body))
    assert [pipeline.exact for pipeline in graph.pipelines] == [True], graph.diagnostics
    return graph.pipelines[0]


def doubts(body: str) -> list[str]:
    """The codes of what is said about a body below the header; none of its pipelines is claimed."""
    graph = graph_of(HEADER + dedent(body))
    assert not any(pipeline.exact for pipeline in graph.pipelines)
    return [item.code for item in graph.diagnostics]
