"""What is known while a pipeline is written for Dagster, beside what every target has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dagport.graph import Task
from dagport.writers.common import scope as common
from dagport.writers.common.dialect import Dialect
from dagport.writers.common.naming import Names, identifier, python_names
from dagport.writers.dagster.inputs import DIALECT, Inputs
from dagport.writers.dagster.naming import GENERATED, RESERVED_INPUTS
from dagport.writers.dagster.partitions import Partitions

AIRFLOW = "airflow"
"""The key of the resource that runs delegated tasks."""


@dataclass(kw_only=True)
class Project(common.Project):
    """What all pipelines of a run share."""

    nodes: Names = field(default_factory=Names)  # jobs and ops have one namespace
    schedules: Names = field(default_factory=Names)
    connections: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Connection id -> the key of its resource, the environment variable with its URL."""
    ops: dict[tuple[str, ...], str] = field(default_factory=dict)  # what an op runs -> its name

    def op(self, name: str, *of: str) -> str:
        """The name of an op, the same whenever it is asked for: a pipeline may be written several times."""
        if of not in self.ops:
            self.ops[of] = self.nodes.allocate(name)
        return self.ops[of]

    def connection(self, conn_id: str) -> tuple[str, str]:
        """The key of the resource that stands for a connection, and the variable with its URL."""
        if conn_id not in self.connections:
            keys = {key for key, _ in self.connections.values()}
            taken = python_names({*GENERATED, *RESERVED_INPUTS, AIRFLOW, *keys})
            key = taken.allocate(identifier(conn_id, "connection"), ["database"])
            self.connections[conn_id] = key, self.environment.allocate(f"{key.upper()}_URL")
        return self.connections[conn_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetName:
    """What a task's asset is called."""

    key: tuple[str, str]
    function: str

    @property
    def short(self) -> str:
        """Its name within the pipeline."""
        return self.key[1]

    @property
    def path(self) -> str:
        """The key as Dagster shows it."""
        return "/".join(self.key)


@dataclass(kw_only=True)
class Scope(common.Scope):
    """One pipeline being written."""

    dialect: Dialect = DIALECT
    project: Project
    partitions: Partitions | str  # or why there can be none
    names: dict[str, AssetName] = field(default_factory=dict)
    partitions_name: str = "partitions"
    config_name: str = "Config"

    def inputs(self, task: Task, avoid: Iterable[str] = ()) -> Inputs:
        """The parameters of a task's function, to be collected; ``avoid``: names that it uses for something else."""
        return Inputs(self, task, avoid)
