"""Task groups of a YAML file. Source: ``DagBuilder.make_task_groups``."""

from __future__ import annotations

from dagport.evaluate.domain import Anything, CallSite, Unknown
from dagport.evaluate.machine import Machine
from dagport.readers.airflow.dag_factory.blocks import Block, plain
from dagport.readers.airflow.dag_factory.callables import TASK_CALLBACKS, set_callbacks
from dagport.readers.airflow.dag_factory.defaults import Undetermined
from dagport.readers.airflow.dag_factory.imports import refuse
from dagport.readers.airflow.dag_factory.order import entry_of

NOT_FOR_AIRFLOW = ("operator", "dependencies", "task_group_name", "parent_group_name")


class GroupMaker:
    """Makes the groups of one DAG, parents first."""

    def __init__(self, machine: Machine, entries: Block, sites: dict[Anything, CallSite], dag: Anything) -> None:
        self.machine = machine
        self.entries = entries
        self.sites = sites
        self.dag = dag
        self.made: dict[Anything, Anything] = {}

    def make_all(self) -> dict[Anything, Anything]:
        """All groups, by the names that the file gives them."""
        for name in self.entries:
            self._make(name, [])
        return self.made

    def _make(self, name: Anything, below: list[Anything]) -> None:
        if name in self.made:
            return
        site = self.sites[name]
        if name in below:
            raise refuse("Exception", f"Circular dependency of the task group {name!r}", site)
        entry = entry_of(self.entries, name, site)
        if entry.get("parent_group_name"):
            entry["parent_group"] = self._parent(entry["parent_group_name"], [*below, name], site)
        entry["group_id"], entry["dag"] = name, self.dag
        if isinstance(entry.get("default_args"), dict):
            set_callbacks(self.machine, entry["default_args"], TASK_CALLBACKS, site)
        kwargs = {key: plain(value) for key, value in entry.items() if key not in NOT_FOR_AIRFLOW}
        if not all(isinstance(key, str) for key in kwargs):
            raise refuse("TypeError", "keywords must be strings", site)
        self.made[name] = self.machine.call(self.machine.external("airflow.sdk.TaskGroup"), [], kwargs, site)

    def _parent(self, parent: Anything, below: list[Anything], site: CallSite) -> Anything:
        if isinstance(parent, Unknown):
            raise Undetermined(parent)
        if isinstance(parent, list | dict) or parent not in self.entries:
            raise refuse("KeyError", repr(parent), site)
        self._make(parent, below)
        return self.made[parent]
