"""What is known while a pipeline is written for Dagster, beside what every target has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dagport.graph import Pipeline, Task
from dagport.writers.common import scope as common
from dagport.writers.common.dialect import Dialect
from dagport.writers.common.naming import Names, identifier, python_names
from dagport.writers.dagster.graphs import Graphs
from dagport.writers.dagster.inputs import DIALECT, Inputs
from dagport.writers.dagster.naming import GENERATED, RESERVED_INPUTS
from dagport.writers.dagster.partitions import Partitions

if TYPE_CHECKING:
    from dagport.writers.dagster.families.table import Client

AIRFLOW = "airflow"
"""The key of the resource that runs delegated tasks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeClient:
    """A resource of the project that isn't a database."""

    key: str
    made: str  # source of the object
    imported: str  # the statement that imports its class
    said: str  # where its settings come from
    requires: str  # the distribution that has it


@dataclass(kw_only=True)
class Project(common.Project):
    """What all pipelines of a run share."""

    nodes: Names = field(default_factory=Names)  # jobs and ops have one namespace
    schedules: Names = field(default_factory=Names)
    connections: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Connection id -> the key of its resource, the environment variable with its URL."""
    clients: dict[tuple[str, str], MadeClient] = field(default_factory=dict)  # connection id, class -> its resource
    ops: dict[tuple[str, ...], str] = field(default_factory=dict)  # what an op runs -> its name
    jobs: dict[str, str] = field(default_factory=dict)  # their jobs
    awaited: frozenset[str] = frozenset()  # DAGs for whose runs some task waits
    pipelines: dict[str, Pipeline] = field(default_factory=dict)  # all that are translated, by an id that only one has

    def op(self, name: str, *of: str) -> str:
        """The name of an op, the same whenever it is asked for: a pipeline may be written several times."""
        if of not in self.ops:
            self.ops[of] = self.nodes.allocate(name)
        return self.ops[of]

    def connection(self, conn_id: str) -> tuple[str, str]:
        """The key of the resource that stands for a connection, and the variable with its URL."""
        if conn_id not in self.connections:
            key = self._resource_names().allocate(identifier(conn_id, "connection"), ["database"])
            self.connections[conn_id] = key, self.environment.allocate(f"{key.upper()}_URL")
        return self.connections[conn_id]

    def client(self, conn_id: str | None, client: Client) -> MadeClient:
        """The resource of a class for a connection: a connection may be used in several ways."""
        place = conn_id or "", client.annotation
        if place not in self.clients:
            key = self._resource_names().allocate(identifier(conn_id or client.name, "client"), ["client"])
            words = {"NAME": key.upper(), "package": self.package}
            self.clients[place] = MadeClient(
                key=key,
                made=client.made.format(**words),
                imported=client.imported.format(**words),
                said=client.said.format(**words),
                requires=client.requires,
            )
        return self.clients[place]

    def _resource_names(self) -> Names:
        """What a new resource may be called."""
        keys = {key for key, _ in self.connections.values()} | {item.key for item in self.clients.values()}
        return python_names({*GENERATED, *RESERVED_INPUTS, AIRFLOW, *keys})


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
    graphs: Graphs = field(default_factory=Graphs)  # the tasks that become ops
    partitions_name: str = "partitions"
    config_name: str = "Config"

    def inputs(self, task: Task, avoid: Iterable[str] = ()) -> Inputs:
        """The parameters of a task's function, to be collected; ``avoid``: names that it uses for something else."""
        return Inputs(self, task, avoid)
