"""Many cases side by side in one pipeline: unconnected parts don't touch each other's states."""

from __future__ import annotations

from dataclasses import replace

from dagport.graph import DynamicMapping, Edge, Group, Pipeline, Schedule, Task
from dagport.semantics.outcomes.model import Outcome, Outcomes
from dagport.values import Call, Value, XCom
from tests.semantics.written import Written


def side_by_side(name: str, cases: list[Written]) -> tuple[Pipeline, Outcomes]:
    """One pipeline of all cases; the ids of case ``n`` begin with ``c<n>_``."""
    parts = [prefixed(f"c{number}_", case.pipeline, case.outcomes) for number, case in enumerate(cases)]
    outcomes = Outcomes(
        tasks={name: outcome for _, one in parts for name, outcome in one.tasks.items()},
        instances={name: outcome for _, one in parts for name, outcome in one.instances.items()},
        items={name: count for _, one in parts for name, count in one.items.items()},
    )
    pipeline = Pipeline(
        id=name, exact=True, schedule=Schedule(kind="manual"),
        tasks=tuple(task for one, _ in parts for task in one.tasks),
        edges=tuple(sorted(edge for one, _ in parts for edge in one.edges)),
        groups=tuple(group for one, _ in parts for group in one.groups),
    )  # fmt: skip
    return pipeline, outcomes


def prefixed(prefix: str, pipeline: Pipeline, outcomes: Outcomes) -> tuple[Pipeline, Outcomes]:
    """A pipeline and its outcomes with a prefix before every id."""
    edges = tuple(Edge(upstream=prefix + edge.upstream, downstream=prefix + edge.downstream) for edge in pipeline.edges)
    groups = tuple(
        Group(id=prefix + one.id, parent=prefix + one.parent if one.parent else None) for one in pipeline.groups
    )
    tasks = tuple(renamed(prefix, task) for task in pipeline.tasks)
    said = Outcomes(
        tasks={prefix + name: chosen(prefix, outcome) for name, outcome in outcomes.tasks.items()},
        instances={(prefix + name, index): chosen(prefix, one) for (name, index), one in outcomes.instances.items()},
        items={prefix + name: count for name, count in outcomes.items.items()},
    )
    return replace(pipeline, tasks=tasks, edges=edges, groups=groups), said


def renamed(prefix: str, task: Task) -> Task:
    """A task with a prefix before its ids."""
    mapped = task.mapped and DynamicMapping(
        over={name: of_other(prefix, value) for name, value in task.mapped.over.items()}, literal_length=None
    )
    arguments = {name: of_other(prefix, value) for name, value in task.arguments.items()}
    group = prefix + task.group if task.group else None
    return replace(task, id=prefix + task.id, group=group, mapped=mapped, arguments=arguments)


def of_other(prefix: str, value: Value) -> Value:
    """A value with a prefix before the tasks it refers to."""
    if isinstance(value, XCom):
        return XCom(prefix + value.task_id)
    if isinstance(value, Call):
        return replace(value, args=tuple(of_other(prefix, one) for one in value.args))
    if isinstance(value, list):
        return [of_other(prefix, one) for one in value]
    return value


def chosen(prefix: str, outcome: Outcome) -> Outcome:
    """An outcome with a prefix before the ids that a branch returns."""
    return outcome if outcome.chosen is None else replace(outcome, chosen=tuple(prefix + one for one in outcome.chosen))
