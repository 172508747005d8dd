"""What a rule may ask beside the task: its pipeline and file, the project, and what the user said of the deployment."""

from __future__ import annotations

from dataclasses import dataclass, field

from dagport.graph import FileGraph, Pipeline, Place, Task
from dagport.options import Deployment
from dagport.source import Source
from dagport.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageOptions:
    """What the user chose."""

    namespace: str = "default"  # of the jobs: ``[openlineage] namespace`` of the Airflow that runs them
    xcom: bool = False  # results that tasks hand over are datasets, too
    hide_sql_literals: bool = False  # literals in SQL are replaced in events, and code isn't in them
    source_code: bool = True  # the ``sourceCode`` facet carries code


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One pipeline of one file. ``workspace`` is ``None`` where the project can't be seen."""

    graph: FileGraph
    pipeline: Pipeline
    source: Source
    deployment: Deployment = field(default_factory=Deployment)
    workspace: Workspace | None = None
    options: LineageOptions = field(default_factory=LineageOptions)

    def place(self, task: Task) -> Place:
        """Where a task stands."""
        return Place(path=self.source.path, span=task.span)
