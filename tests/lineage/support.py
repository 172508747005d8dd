"""Lineage of DAG files written in tests."""

from __future__ import annotations

from textwrap import dedent

from dagport.options import Deployment, ReadOptions
from dagport.readers.airflow import read
from dagport.source import Source
from dagport.translation import Document
from dagport.workspace import Workspace
from dagport_lineage.extract import extract
from dagport_lineage.model import FileLineage, TaskLineage
from dagport_lineage.scope import LineageOptions


def document(text: str, deployment: Deployment | None = None, workspace: Workspace | None = None) -> Document:
    """A DAG file and its graph; the file is ``dags/input.py`` of the project."""
    source = Source("dags/input.py", dedent(text), "dags/input.py" if workspace else None)
    return Document(source, read(source, ReadOptions(deployment=deployment or Deployment(), workspace=workspace)))


def lineage(
    text: str,
    deployment: Deployment | None = None,
    workspace: Workspace | None = None,
    options: LineageOptions | None = None,
) -> FileLineage:
    """The lineage of a DAG file."""
    found = document(text, deployment, workspace)
    return extract(found, deployment=deployment, workspace=workspace, options=options)


def tasks(found: FileLineage) -> dict[str, TaskLineage]:
    """The tasks of all pipelines of a file, by id."""
    return {task.task: task for pipeline in found.pipelines for task in pipeline.tasks}
