"""Attributes that Airflow doesn't let anybody set, and those whose meaning a class of the project takes away.

Sources: the properties without a setter of ``BaseOperator``, ``BaseSensorOperator``, ``MappedOperator``, ``TaskGroup``
and ``DAG`` of 3.3 and 2.11; ``BaseOperator.__setattr__`` and its converters. An older Airflow 2 lacks some of these
properties, so there they are doubts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagport.evaluate.classes import Descriptor
from dagport.evaluate.domain import Anything, CallSite, Function, Instance, PyRaise, UserClass

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine
    from dagport.readers.airflow.nodes import Dag, Group, Task

NODE = {"dag_id", "downstream_list", "label", "leaves", "log", "node_id", "roots", "upstream_list"}
OPERATOR = NODE | {"inherits_from_empty_operator", "operator_class", "operator_name", "output", "task_type"}
MAPPED_FIELDS = {
    "allow_nested_operators", "doc", "doc_json", "doc_md", "doc_rst", "doc_yaml", "email", "executor",
    "executor_config", "resources", "run_as_user",
}  # fmt: skip
ADDED_IN_3 = {
    "has_on_execute_callback", "has_on_failure_callback", "has_on_retry_callback", "has_on_skipped_callback",
    "has_on_success_callback", "has_retry_policy", "inherits_from_skipmixin", "is_async", "is_mapped",
    "task_display_name",
}  # fmt: skip
MAPPED_IN_3 = ADDED_IN_3 | {"email_on_failure", "email_on_retry"}
ONLY_IN_2 = {"priority_weight_total", "task_display_name"}
GROUP = NODE | {"downstream_join_id", "group_id", "is_root", "upstream_join_id"}
DAG = {
    "folder", "leaves", "owner", "roots", "task", "task_ids", "tasks", "tasks_upstream_of_teardowns", "teardowns",
}  # fmt: skip
DAG_IN_2 = DAG | {
    "allow_future_exec_dates", "concurrency_reached", "dag_display_name", "default_view", "filepath", "is_paused",
    "is_subdag", "latest_execution_date", "log", "relative_fileloc", "subdags", "task_group",
}  # fmt: skip

# Methods and attributes by which Airflow draws edges and finds what a task belongs to.
RELATIONS = {
    "_hook_apply_defaults", "_set_relatives", "_set_xcomargs_dependencies", "_set_xcomargs_dependency", "add_inlets",
    "add_outlets", "downstream_task_ids", "get_dag", "get_direct_relative_ids", "get_direct_relatives", "has_dag",
    "leaves", "roots", "set_downstream", "set_upstream", "update_relative", "upstream_task_ids",
}  # fmt: skip
ACCESS = {"__setattr__", "__getattribute__"}
BELONGING = {"dag", "task_id", "task_group", "is_setup", "is_teardown"}
OF_GROUP = {
    "children", "dag", "downstream_group_ids", "downstream_task_ids", "parent_group", "prefix_group_id",
    "upstream_group_ids", "upstream_task_ids", "used_group_ids",
}  # fmt: skip


def refuse_on_task(machine: Machine, task: Task, name: str, site: CallSite) -> None:
    """Refuse to set a property of a task that has no setter."""
    version = _version(machine)
    names = OPERATOR | (ADDED_IN_3 if version == "3" else ONLY_IN_2)
    if task.mapped is not None:
        names = names - {"operator_class"} | MAPPED_FIELDS | (MAPPED_IN_3 if version == "3" else set())
    if name in names or (name == "reschedule" and _is_sensor(task)):
        _refuse(machine, task.cls, name, site, task.dag)


def refuse_on_group(machine: Machine, group: Group, name: str, site: CallSite) -> None:
    """Refuse to set a property of a group that has no setter; what Airflow keeps its tree in is a doubt."""
    if name in GROUP:
        _refuse(machine, group.cls, name, site, group.dag)
    elif name in OF_GROUP:
        machine.doubt("DP206", f"`{name}` of a task group is set by hand", site, group.dag)


def refuse_on_dag(machine: Machine, dag: Dag, name: str, site: CallSite) -> None:
    """Refuse to set a property of a DAG that has no setter."""
    if name in (DAG if _version(machine) == "3" else DAG_IN_2):
        _refuse(machine, dag.cls, name, site, dag)


def check_operator_class(machine: Machine, task: Task, base_fields: set[str], site: CallSite) -> None:
    """Note what a class of the project puts in the place of what Airflow itself uses or sets."""
    members = {name: value for base in reversed(_own(task.cls)) for name, value in base.members.items()}
    taken = members.keys() & (RELATIONS | ACCESS)
    taken |= {name for name in members if name.startswith("_convert_")}
    taken |= {name for name in members.keys() & (base_fields | BELONGING) if _controls_setting(members[name])}
    if taken:
        message = f"the class `{task.cls.name}` replaces `{min(taken)}`, which Airflow itself uses"
        machine.doubt("DP205", message, site, task.dag)


def _own(cls: UserClass) -> list[UserClass]:
    return [base for base in cls.mro if isinstance(base, UserClass)]


def _controls_setting(member: Anything) -> bool:
    """Whether a member of a class decides what happens to an attribute that is set."""
    if isinstance(member, Descriptor):
        return member.kind == "property"
    return isinstance(member, Instance) and isinstance(member.cls.lookup("__set__"), Function)


def _refuse(machine: Machine, cls: UserClass, name: str, site: CallSite, dag: Dag | None) -> None:
    if cls.lookup(name) is not NotImplemented:
        return  # the project's own class has it, and lets it be set: `set_object_attribute` asks its properties
    message = f"property '{name}' of '{cls.name}' object has no setter"
    if _version(machine) == "3":
        raise PyRaise("AttributeError", message)
    machine.doubt("DP206", f"Airflow refuses to set it: {message}", site, dag)


def _version(machine: Machine) -> str:
    hooks: Any = machine.hooks
    version: str = hooks.version
    return version


def _is_sensor(task: Task) -> bool:
    return any("Sensor" in name.rpartition(".")[2] for name in task.cls.externals())
