"""What is known while a pipeline is written for Prefect, beside what every target has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dagport.graph import Pipeline, Task
from dagport.writers.common import scope as common
from dagport.writers.common.dialect import Dialect
from dagport.writers.common.naming import Names, identifier
from dagport.writers.prefect.dates import Dates
from dagport.writers.prefect.inputs import DIALECT, Inputs
from dagport.writers.prefect.naming import NOT_IN_VARIABLES
from dagport.writers.prefect.regions import surely_before


@dataclass(kw_only=True)
class Project(common.Project):
    """What all pipelines of a run share."""

    flows: Names = field(default_factory=Names)
    pipelines: dict[str, Pipeline] = field(default_factory=dict)  # all that are translated, by an id that only one has
    taken: Names = field(default_factory=Names)  # names of Prefect's variables
    connections: dict[str, str] = field(default_factory=dict)  # connection id -> environment variable with its URL

    def variable(self, name: str) -> str:
        """Prefect's variable that stands for one of Airflow."""
        if name not in self.variables:
            self.variables[name] = self.taken.allocate(NOT_IN_VARIABLES.sub("_", name.lower()))
        return self.variables[name]

    def connection(self, conn_id: str) -> str:
        """The environment variable with the URL of a connection."""
        if conn_id not in self.connections:
            name = identifier(conn_id, "connection").upper()
            self.connections[conn_id] = self.environment.allocate(f"{name}_URL")
        return self.connections[conn_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskName:
    """What a task is called."""

    id: str  # as Prefect shows it: Airflow's own
    short: str
    function: str
    future: str  # the flow's variable with the future of its run
    futures: str = ""  # the one with those of all instances


@dataclass(kw_only=True)
class Scope(common.Scope):
    """One pipeline being written."""

    dialect: Dialect = DIALECT
    project: Project
    dates: Dates | str  # or why there are none
    names: dict[str, TaskName] = field(default_factory=dict)
    regions: dict[str, str] = field(default_factory=dict)
    """Task that Airflow runs together with others -> the first of them, in whose name they run."""
    flow_name: str = "flow"
    mapped: frozenset[str] = frozenset()  # the tasks of mapped groups
    sure: dict[str, frozenset[str]] = field(default_factory=dict)  # task -> what has succeeded whenever it runs
    item_name: str = "item"  # the flow's variable with an item of a mapped group
    homes: dict[str, str] = field(default_factory=dict)  # task -> the mapped group that it lies in

    def is_sure(self, task_id: str, reader: str) -> bool:
        """Whether a task has succeeded whenever another one runs."""
        if not self.sure:
            self.sure.update(surely_before(self.pipeline))
        return task_id in self.sure[reader]

    def is_list(self, task_id: str, reader: str) -> bool:
        """Whether a task sees the results of all instances of another: it is mapped, or lies in a mapped group."""
        group = self.homes.get(task_id)
        return self.dependencies.tasks[task_id].mapped is not None or (
            group is not None and group != self.homes.get(reader)
        )

    def inputs(self, task: Task, avoid: Iterable[str] = ()) -> Inputs:
        """The parameters of a task's function, to be collected; ``avoid``: names that it uses for something else."""
        return Inputs(self, task, avoid)
