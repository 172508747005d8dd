"""What the forms of tasks know while a pipeline is written: names, results, partitions, the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from dagport.graph import Asset, Pipeline, Task
from dagport.source import Source, Span
from dagport.writers.dagster.code import bound_names, identifiers
from dagport.writers.dagster.edges import Dependencies
from dagport.writers.dagster.model import Result
from dagport.writers.dagster.naming import GENERATED, RESERVED_INPUTS, Names, identifier, python_names
from dagport.writers.dagster.params import Params
from dagport.writers.dagster.partitions import Partitions

if TYPE_CHECKING:
    from dagport.rewrite.module import Module


CallableKey: TypeAlias = tuple[Span | None, str]
AIRFLOW = "airflow"
"""The key of the resource that runs delegated tasks."""


@dataclass(kw_only=True)
class Project:
    """What all pipelines of a run share."""

    package: str
    nodes: Names = field(default_factory=Names)  # jobs and ops have one namespace
    schedules: Names = field(default_factory=Names)
    variables: dict[str, str] = field(default_factory=dict)  # Airflow Variable -> environment variable
    connections: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Connection id -> the key of its resource, the environment variable with its URL."""
    environment: Names = field(default_factory=Names)
    ops: dict[tuple[str, ...], str] = field(default_factory=dict)  # what an op runs -> its name

    def op(self, name: str, *of: str) -> str:
        """The name of an op, the same whenever it is asked for: a pipeline may be written several times."""
        if of not in self.ops:
            self.ops[of] = self.nodes.allocate(name)
        return self.ops[of]

    def variable(self, name: str) -> str:
        """The environment variable that stands for an Airflow Variable."""
        if name not in self.variables:
            self.variables[name] = self.environment.allocate(identifier(name, "VAR").upper())
        return self.variables[name]

    def connection(self, conn_id: str) -> tuple[str, str]:
        """The key of the resource that stands for a connection, and the variable with its URL."""
        if conn_id not in self.connections:
            taken = python_names({*RESERVED_INPUTS, AIRFLOW, *(key for key, _ in self.connections.values())})
            key = taken.allocate(identifier(conn_id, "connection"), ["database"])
            self.connections[conn_id] = key, self.environment.allocate(f"{key.upper()}_URL")
        return self.connections[conn_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetName:
    """What a task's asset is called."""

    key: tuple[str, str]
    function: str

    @property
    def path(self) -> str:
        """The key as Dagster shows it."""
        return "/".join(self.key)


@dataclass(kw_only=True)
class Scope:
    """One pipeline being written."""

    project: Project
    source: Source
    pipeline: Pipeline
    module: Module
    dependencies: Dependencies
    assets: Mapping[str, Asset]
    params: Params
    partitions: Partitions | str  # or why there can be none
    names: dict[str, AssetName] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    partitions_name: str = "partitions"
    config_name: str = "Config"
    postponed: bool = False  # annotations of the module stay texts (``from __future__ import annotations``)
    uses: dict[CallableKey, int] = field(default_factory=dict)  # function -> number of tasks that run it
    helpers: dict[CallableKey, str] = field(default_factory=dict)  # function that assets call -> its name

    @property
    def generated(self) -> frozenset[str]:
        """Names that the generated code of this pipeline may use."""
        unused = {"timezone"} if (self.pipeline.timezone or "UTC") == "UTC" else set()
        unused |= {"timedelta"} if self.pipeline.engine_version == "3" else set()
        return frozenset(GENERATED) - unused

    def task(self, task_id: str) -> Task:
        """A task by its id."""
        return self.dependencies.tasks[task_id]

    def segment(self, task: Task) -> str:
        """The source of a task's callable, its first line indented like the others."""
        callable_ = task.callable
        if callable_ is None or callable_.span is None:
            return ""
        line, column, *_ = callable_.span
        before = self.source.lines[line - 1][: column - 1]
        indent = before if not before.strip() else ""
        return indent + self.source.segment(callable_.span)

    def identifiers(self, task: Task) -> frozenset[str]:
        """The names that the code of a task's callable uses."""
        return identifiers(self.segment(task))

    def module_names(self, names: frozenset[str]) -> frozenset[str]:
        """What the module has to define for some names of the source, imports and constants included."""
        if not names:
            return frozenset()
        needed = self.module.slice(names)
        return bound_names([*needed.imports, *needed.definitions])

    def is_shared(self, task: Task) -> bool:
        """Whether several tasks run the task's named function."""
        callable_ = task.callable
        if callable_ is None or callable_.span is None or not callable_.name.isidentifier():
            return False
        return self.uses.get(self.callable_key(task), 0) > 1

    @staticmethod
    def callable_key(task: Task) -> CallableKey:
        """What tells functions apart: one definition may be made several times, with other values around it."""
        assert task.callable is not None  # noqa: S101 - asked for tasks with a callable only
        return task.callable.span, repr(task.callable.closure)
