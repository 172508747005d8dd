"""Airflow DAGs of the same shape as pipelines, whose tasks do what the run's conf dictates: proof in the real engine.

The text is one file for Airflow 2.7 and later and 3. Runs of its DAGs take ``conf_of(outcomes)``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from dagport.graph import Pipeline
from dagport.semantics.outcomes.model import Outcomes
from dagport.semantics.outcomes.shape import Node, Shape, fails_run

BODIES = '''\
"""Stubs: each task does what the conf of the run dictates."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime, timedelta

try:
    from airflow.sdk import DAG, BaseOperator, BaseSensorOperator, TaskGroup, task_group
    from airflow.sdk.definitions._internal.contextmanager import TaskGroupContext
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
    from airflow.providers.standard.operators.branch import BaseBranchOperator
    from airflow.providers.standard.operators.python import ShortCircuitOperator
except ImportError:
    from airflow import DAG
    from airflow.decorators import task_group
    from airflow.exceptions import AirflowFailException, AirflowSkipException
    from airflow.models.baseoperator import BaseOperator
    from airflow.operators.branch import BaseBranchOperator
    from airflow.operators.python import ShortCircuitOperator
    from airflow.sensors.base import BaseSensorOperator
    from airflow.utils.task_group import TaskGroup, TaskGroupContext


def outcome(context):
    """What this try of this instance does: raises what it has to, else says the rest."""
    instance, conf = context["ti"], context["dag_run"].conf
    does = conf["instances"].get(f"{instance.task_id}[{instance.map_index}]") or conf["tasks"].get(instance.task_id)
    does = does or {"ends": "success", "failures": 0, "chosen": None, "truthy": True}
    if instance.try_number <= does["failures"] or does["ends"] == "fail":
        raise ValueError("dictated")
    if does["ends"] == "fail_now":
        raise AirflowFailException("dictated")
    if does["ends"] == "skip":
        raise AirflowSkipException("dictated")
    return does


class Stub(BaseOperator):
    """Hands over as many items as whoever is mapped over it has to get."""

    def __init__(self, feeds=None, item=None, **kwargs):
        super().__init__(**kwargs)
        self.feeds, self.item = feeds, item

    def execute(self, context):
        outcome(context)
        return list(range(context["dag_run"].conf["items"].get(self.feeds, 1))) if self.feeds else 1


class StubSensor(BaseSensorOperator):
    """Finds what it waits for at once, if ever."""

    def __init__(self, item=None, **kwargs):
        super().__init__(poke_interval=0.01, **kwargs)
        self.item = item

    def poke(self, context):
        return bool(outcome(context))


class StubBranch(BaseBranchOperator):
    """Chooses what is dictated."""

    def __init__(self, item=None, **kwargs):
        super().__init__(**kwargs)
        self.item = item

    def choose_branch(self, context):
        return outcome(context)["chosen"]


class StubLatestOnly(BaseBranchOperator):
    """Like LatestOnlyOperator: all that is directly downstream, or nothing."""

    def choose_branch(self, context):
        return list(self.get_direct_relative_ids(upstream=False)) if outcome(context)["truthy"] else []


class StubShortCircuit(ShortCircuitOperator):
    """Has the condition that is dictated."""

    def __init__(self, item=None, **kwargs):
        super().__init__(python_callable=lambda **context: outcome(context)["truthy"], **kwargs)
        self.item = item


CLASSES = {
    "task": Stub, "sensor": StubSensor, "branch": StubBranch, "latest_only": StubLatestOnly,
    "short_circuit": StubShortCircuit,
}


def make(shape):
    with DAG(shape["id"], schedule=None, start_date=datetime(2024, 1, 1), catchup=False) as dag:
        tasks = {}
        groups = {None: None}
        for row in shape["tasks"]:
            if row["id"] not in tasks:
                add(shape, row, tasks, groups)
        link(shape, tasks)
        for row in shape["tasks"]:
            if row["setup"]:
                tasks[row["id"]].as_setup()
            if row["teardown"]:
                tasks[row["id"]].as_teardown(on_failure_fail_dagrun=row["fails_run"])
    return dag


def link(shape, tasks):
    """The edges between the tasks that are there."""
    for upstream, downstream in shape["edges"]:
        if upstream in tasks and downstream in tasks and upstream not in tasks[downstream].upstream_task_ids:
            tasks[upstream] >> tasks[downstream]


def add(shape, row, tasks, groups):
    """A task, or the whole of the mapped group that it lies in."""
    mapped = row["mapped_group"]
    if mapped is None or mapped in groups:
        tasks[row["id"]] = operator(row, tasks, group_of(shape, row["group"], groups))
        return

    def body(item):
        groups[mapped] = current_group()
        for other in shape["tasks"]:
            if other["mapped_group"] == mapped:
                add(shape, other, tasks, groups)
        link(shape, tasks)  # at its end the group's roots, and no others, get the tasks that it is mapped over

    producers = shape["mapped_groups"][mapped]
    with group_of(shape, shape["groups"][mapped], groups) or contextlib.nullcontext():
        items = tasks[producers[0]].output if producers else [0]
        task_group(group_id=mapped.rpartition(".")[2])(body).expand(item=items)


def current_group():
    """The group that is being filled."""
    if hasattr(TaskGroupContext, "get_current_task_group"):
        return TaskGroupContext.get_current_task_group(None)
    return TaskGroupContext.get_current()


def group_of(shape, name, groups):
    """A plain group, made when the first of its tasks is."""
    if name not in groups:
        parent = group_of(shape, shape["groups"][name], groups)
        groups[name] = TaskGroup(name.rpartition(".")[2], parent_group=parent)
    return groups[name]


def operator(row, tasks, group):
    arguments = {"task_id": row["id"].rpartition(".")[2], "task_group": group, "trigger_rule": row["rule"],
                 "retries": row["retries"], "retry_delay": timedelta(seconds=0), **row["arguments"]}
    kind = CLASSES[row["kind"]]
    if not row["mapped"]:
        return kind(**arguments)
    items = tasks[row["producers"][0]].output if row["producers"] else list(range(row["length"]))
    return kind.partial(**arguments).expand(item=items)


for shape in json.loads(SHAPES):
    globals()[shape["id"]] = make(shape)
'''


def airflow_stubs(pipelines: Iterable[tuple[Pipeline, Shape]]) -> str:
    """The text of a DAG file with the stubs of some pipelines, by the ids of the pipelines."""
    data = json.dumps([_shape(pipeline, shape) for pipeline, shape in pipelines])
    return BODIES.replace("json.loads(SHAPES)", f"json.loads({data!r})")


def conf_of(outcomes: Outcomes) -> dict[str, Any]:
    """The conf of a run that dictates the outcomes."""
    return {
        "tasks": {task: asdict(outcome) for task, outcome in outcomes.tasks.items()},
        "instances": {f"{task}[{index}]": asdict(outcome) for (task, index), outcome in outcomes.instances.items()},
        "items": dict(outcomes.items),
    }


def _shape(pipeline: Pipeline, shape: Shape) -> dict[str, Any]:
    feeds: dict[int, str] = {}
    groups: dict[str, list[str]] = {}
    for node in shape.nodes:
        feeds |= dict.fromkeys(node.producers, node.group or node.id)
        if node.group:
            groups.setdefault(node.group, [shape.nodes[one].id for one in node.producers])
    rows = [_row(pipeline, shape, number, feeds) for number in range(len(shape.nodes))]
    return {
        "id": pipeline.id,
        "tasks": rows,
        "edges": [[edge.upstream, edge.downstream] for edge in pipeline.edges],
        "groups": {one.id: one.parent for one in pipeline.groups},
        "mapped_groups": groups,
    }


def _row(pipeline: Pipeline, shape: Shape, number: int, feeds: Mapping[int, str]) -> dict[str, Any]:
    node, task = shape.nodes[number], pipeline.tasks[number]
    arguments: dict[str, Any] = {"depends_on_past": bool(task.depends_on_past)} if task.depends_on_past else {}
    if task.wait_for_downstream:
        arguments["wait_for_downstream"] = True
    if task.priority_weight is not None:
        arguments["priority_weight"] = task.priority_weight
    if node.short_circuit:
        arguments["ignore_downstream_trigger_rules"] = node.ignores_rules
    for name in ("soft_fail", "never_fail"):
        if getattr(node, name):
            arguments[name] = True
    if _kind(node) == "task" and number in feeds:
        arguments["feeds"] = feeds[number]
    return {
        "id": node.id,
        "kind": _kind(node, task.kind == "sensor"),
        "rule": "all_success" if node.teardown else node.rule_name,
        "retries": node.retries,
        "group": task.group,
        "mapped_group": node.group,
        "setup": node.setup,
        "teardown": node.teardown,
        "fails_run": fails_run(task),
        "mapped": node.mapped,
        "producers": [shape.nodes[one].id for one in node.producers],
        "length": 1 if node.literal_length is None else node.literal_length,
        "arguments": arguments,
    }


def _kind(node: Node, sensor: bool = False) -> str:
    for kind in ("latest_only", "branch", "short_circuit"):
        if getattr(node, kind):
            return kind
    return "sensor" if sensor else "task"
