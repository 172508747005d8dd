"""Attributes and methods of operators, read and set after they were made."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    BoundMethod,
    CallSite,
    Native,
    NativeFunction,
    PyRaise,
    Unknown,
)
from dagport.readers.airflow import checks, engine_attributes
from dagport.readers.airflow.asset import AssetObject
from dagport.readers.airflow.nodes import RETURN_KEY, Dag, EngineMember, Task, XComRef
from dagport.readers.airflow.relations import add_task, mark
from dagport.readers.airflow.task import asset_list, depend_on_results, template_fields

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


def task_attribute(machine: Machine, task: Task, name: str, site: CallSite) -> Anything:
    """Attributes and methods of ``BaseOperator``."""
    if name == "output":
        return XComRef([(task, RETURN_KEY)])
    if name == "dag":
        if task.dag is None:
            raise PyRaise("RuntimeError", f"Operator {task} has not been assigned to a DAG yet")
        return task.dag
    if name == "dag_id":
        return task.dag.id if task.dag is not None else f"adhoc_{task.fields.get('owner', 'airflow')}"
    if name in ("upstream_list", "downstream_list"):
        return list(task.upstream if name == "upstream_list" else task.downstream)
    if name in ("upstream_task_ids", "downstream_task_ids"):
        return _shown_ids(machine, task, name)
    if name == "task_group":
        return task.group
    if name in ("is_setup", "is_teardown"):
        return task.setup if name == "is_setup" else task.teardown
    if name in ("roots", "leaves"):
        return [task]
    if name in ("inlets", "outlets"):
        return task.inlets if name == "inlets" else task.outlets
    if name in ("task_type", "operator_name"):
        return task.operator.rpartition(".")[2]
    if name in ATTRIBUTE_DEFAULTS:
        return ATTRIBUTE_DEFAULTS[name]
    method = METHODS.get(name)
    return NotImplemented if method is None else BoundMethod(NativeFunction(name, method), task)


def unmodelled(task: Task, name: str, site: CallSite) -> Anything:
    """An attribute that only the library's class has."""
    return EngineMember(f"`{name}` of the task is known only to the engine", task.dag, site)


def declare_asset(machine: Machine, task: Task, value: Anything, site: CallSite, *, outlet: bool) -> Anything:
    """``task > asset`` (``BaseOperator.__gt__``)."""
    found = list(value) if isinstance(value, list | tuple) else [value]
    if any(not isinstance(item, AssetObject | Unknown) for item in found):
        raise PyRaise("TypeError", "the other side isn't an inlet or an outlet")
    machine.effect(task.dag)
    (task.outlets if outlet else task.inlets).extend(found)
    return task


ATTRIBUTE_DEFAULTS: dict[str, Any] = {
    "trigger_rule": "all_success",
    "pool_slots": 1,
    "priority_weight": 1,
    "depends_on_past": False,
    "wait_for_downstream": False,
    "execution_timeout": None,
    "doc_md": None,
    "doc": None,
    "do_xcom_push": True,
}


def _has_dag(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return args[0].dag is not None


def _add_assets(kind: str) -> Native:
    def add(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
        task: Task = args[0]
        machine.effect(task.dag)
        getattr(task, kind).extend(asset_list(machine, task, args[1] if len(args) > 1 else kwargs.get(kind), site))

    return add


METHODS: dict[str, Native] = {
    "has_dag": _has_dag,
    "get_dag": lambda machine, args, kwargs, site: args[0].dag,
    "add_inlets": _add_assets("inlets"),
    "add_outlets": _add_assets("outlets"),
}


def set_task_attribute(machine: Machine, task: Task, name: str, value: Anything, site: CallSite) -> None:
    """``task.x = value``, in a constructor or afterwards."""
    machine.effect(task.dag)
    engine_attributes.refuse_on_task(machine, task, name, site)
    if name == "dag":
        _move_to_dag(machine, task, value, site)
        return
    if name in engine_attributes.RELATIONS or (name == "task_group" and _is_moved(task, value)):
        machine.doubt("DP206", f"`{name}` of a task is set by hand", site, task.dag)
    if name == "on_failure_fail_dagrun" and not task.teardown:
        message = f"Cannot set task on_failure_fail_dagrun for {task.task_id!r} because it is not a teardown task."
        raise PyRaise("ValueError", message)
    if name in ("is_setup", "is_teardown"):
        known = machine.truth(value)
        mark(machine, task, **{"setup" if name == "is_setup" else "teardown": known})
        return
    if name in ("inlets", "outlets"):
        setattr(task, name, asset_list(machine, task, value, site))
        return
    if name == "task_id" and task.task_id is not None and value != task.task_id:
        machine.doubt("DP206", "the id of a task is changed after it was made", site, task.dag)
    if name in checks.CONVERSIONS and name not in ("start_date", "end_date") and checks.is_of_known_type(value):
        value = checks.CONVERSIONS[name](name, value)
    if name in ("start_date", "end_date") and checks.is_of_known_type(value) and not isinstance(value, datetime | None):
        machine.doubt("DP206", f"`{name}` of a task is set to what is no date", site, task.dag)
    task.fields[name] = value
    if not task.in_init:
        task.set_names.add(name)
        if name in (template_fields(machine, task, site) or ()):
            depend_on_results(machine, task, value, site)


def _shown_ids(machine: Machine, task: Task, name: str) -> set[Any]:
    """A set of ids: Airflow hands out its own, by which the graph could be changed (`_note_changed_ids`)."""
    ids = {item.task_id for item in (task.upstream if name == "upstream_task_ids" else task.downstream)}
    hooks: Any = machine.hooks
    hooks.shown_ids.append((task, name, ids, frozenset(ids)))
    return ids


def _is_moved(task: Task, group: Anything) -> bool:
    """Whether an assignment takes a task out of its group; before Airflow's constructor it does nothing."""
    return task.task_id is not None and group is not task.group


def _move_to_dag(machine: Machine, task: Task, dag: Anything, site: CallSite) -> None:
    if dag is not None and task.task_id is None:
        raise PyRaise("AttributeError", f"'{task.cls.name}' object has no attribute 'task_id'")
    if isinstance(dag, Dag):
        if task.dag is not None and task.dag is not dag:
            raise PyRaise("ValueError", f"The DAG assigned to {task} can not be changed.")
        if task.dag is None:
            add_task(machine, dag, task, site)
    elif dag is not None:
        machine.doubt("DP201", "the DAG of the task isn't known", site)
