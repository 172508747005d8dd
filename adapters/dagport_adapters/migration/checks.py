"""What speaks against moving a task, by the static graph alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dagport.graph import Pipeline, Task

Severity = Literal["error", "loss", "warning"]
CHOOSES = ("branch", "short_circuit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What speaks against a move: an ``error`` can't be moved, a ``loss`` can if one says so, a ``warning`` is told."""

    severity: Severity
    dag_id: str
    task_id: str | None
    message: str
    line: int | None = None  # of the switch file, from 1

    @property
    def where(self) -> str:
        """The task, or the DAG."""
        return f"{self.dag_id}/{self.task_id}" if self.task_id else self.dag_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the line of a moved task says about its data."""

    result: bool  # what becomes the task's result
    inputs: bool  # a run configuration or parameters


def check_move(pipeline: Pipeline, task: Task, given: Given, together: frozenset[str]) -> Iterator[Finding]:
    """What speaks against moving a task. ``together``: the ids of all tasks of the DAG that have moved or are to."""

    def found(severity: Severity, message: str) -> Finding:
        return Finding(severity=severity, dag_id=pipeline.id, task_id=task.id, message=message)

    if task.mapped is not None:
        yield found("error", "it is mapped, and its new home doesn't know what over. Translate the DAG as a whole")
    elif _in_mapped_group(pipeline, task):
        yield found("error", "its group is mapped, and its new home doesn't know what over")
    if task.kind in CHOOSES:
        yield found("error", "it chooses what runs after it, and Airflow needs its choice")
    if task.conditional:
        yield found("warning", f"it isn't always there ({task.conditional}); without it the DAG isn't imported")
    if not pipeline.exact:
        yield found(
            "warning", "the graph of the DAG isn't certain (see dagport check): look yourself who uses its data"
        )
    yield from (found("loss", message) for message in _data(pipeline, task, given))
    yield from (found("loss", message) for message in _pairs(pipeline, task, together))


def _in_mapped_group(pipeline: Pipeline, task: Task) -> bool:
    groups = {group.id: group for group in pipeline.groups}
    group = groups.get(task.group or "")
    while group is not None and not group.mapped:
        group = groups.get(group.parent or "")
    return group is not None


def _data(pipeline: Pipeline, task: Task, given: Given) -> Iterator[str]:
    flows = {(edge.upstream, edge.downstream, edge.key) for edge in pipeline.edges if edge.kind == "data"}
    flows |= {(flow.upstream, flow.downstream, flow.key) for flow in pipeline.data_flows}
    readers = sorted({down for up, down, _ in flows if up == task.id})
    others = sorted({str(key) for up, _, key in flows if up == task.id and key not in (None, "return_value")})
    sources = sorted({up for up, down, _ in flows if down == task.id})
    if readers and not given.result:
        yield (
            f"its result is used by {_listed(readers)}. Say what hands it back (--result: a metadata entry of the "
            "Dagster asset, an artifact of the Prefect flow)"
        )
    elif others:
        yield f"it hands over more than its result: {_listed(others)}. Only the result can be handed back"
    if sources and not given.inputs:
        yield (
            f"it uses results of {_listed(sources)}. Hand them over by templates (--set config=... for Dagster, "
            "--set parameters=... for Prefect), or let its new home read them"
        )


def _pairs(pipeline: Pipeline, task: Task, together: frozenset[str]) -> Iterator[str]:
    """A setup that moves without its teardown, or the other way round."""
    tasks = {item.id: item for item in pipeline.tasks}
    for edge in pipeline.edges:
        up, down = tasks.get(edge.upstream), tasks.get(edge.downstream)
        if up is None or down is None or not (up.setup and down.teardown) or task.id not in (up.id, down.id):
            continue
        other = down if task.id == up.id else up
        if other.id not in together:
            yield f"the {'teardown' if other.teardown else 'setup'} {other.id} of it stays in Airflow"


def asset_key(dag_id: str, task_id: str) -> str:
    """The key of the asset that ``dagport translate --to dagster`` makes of a task."""
    return "/".join(re.sub(r"[^A-Za-z0-9_]", "_", name) for name in (dag_id, task_id))


def resolve(name: str, known: Mapping[str, Sequence[str]]) -> list[tuple[str, str | None]]:
    """What ``DAG``, ``DAG.TASK`` or ``DAG/TASK`` may stand for; ids can have dots in them. ``None``: the whole DAG."""
    if "/" in name:
        dag_id, _, task_id = name.partition("/")
        return [(dag_id, task_id)] if task_id in known.get(dag_id, ()) else []
    whole: list[tuple[str, str | None]] = [(name, None)] if name in known else []
    return whole + [(dag_id, task) for dag_id, tasks in known.items() for task in tasks if f"{dag_id}.{task}" == name]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
