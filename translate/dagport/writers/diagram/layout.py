"""What every diagram shows, whatever its syntax: nested boxes, tasks and labelled edges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dagport.graph import FileGraph, Pipeline, Task
from dagport.writers.nesting import group_parents


@dataclass(frozen=True, slots=True)
class Node:
    """A task."""

    id: str  # of the diagram, "n0", "n1", ...: task ids may hold anything
    label: str
    kind: str
    certain: bool


@dataclass(frozen=True, slots=True)
class Arrow:
    """An edge; dashed when the engine doesn't order the two for it."""

    start: str
    end: str
    label: str
    dashed: bool = False


@dataclass(slots=True)
class Box:
    """A pipeline or a task group."""

    id: str
    label: str
    boxes: list[Box] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Diagram:
    """All pipelines of a run, side by side."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)


def layout(graphs: Iterable[FileGraph]) -> Diagram:
    """The diagram of all pipelines of some files."""
    diagram, count = Diagram(), 0
    for graph in graphs:
        for pipeline in graph.pipelines:
            box, ids = _box(pipeline, len(diagram.boxes), count)
            diagram.boxes.append(box)
            diagram.arrows += _arrows(pipeline, ids)
            count += len(ids)
    return diagram


def _box(pipeline: Pipeline, number: int, first: int) -> tuple[Box, dict[str, str]]:
    mark = "" if pipeline.exact else "\n(not exact)"
    top = Box(f"p{number}", pipeline.id + mark)
    parents = group_parents(pipeline)
    groups = {group: Box(f"p{number}g{index}", group) for index, group in enumerate(parents)}
    for group, parent in parents.items():
        (top if parent is None else groups[parent]).boxes.append(groups[group])
    ids: dict[str, str] = {}
    for index, task in enumerate(pipeline.tasks, first):
        ids.setdefault(task.id, f"n{index}")
        box = top if task.group is None else groups.get(task.group, top)
        box.nodes.append(_node(task, f"n{index}"))
    return top, ids


def _node(task: Task, node: str) -> Node:
    name = task.id.removeprefix(f"{task.group}.") if task.group else task.id
    facts = [task.kind, "mapped" if task.mapped else "", "setup" if task.setup else ""]
    facts += [
        "teardown" if task.teardown else "",
        "" if task.trigger_rule == "all_success" else task.trigger_rule,
    ]
    facts += ["may not exist" if task.conditional else ""]
    return Node(node, f"{name}\n{', '.join(filter(None, facts))}", task.kind, certain=not task.conditional)


def _arrows(pipeline: Pipeline, ids: dict[str, str]) -> list[Arrow]:
    arrows = [
        Arrow(ids[edge.upstream], ids[edge.downstream], edge.label or edge.key or "", dashed=bool(edge.conditional))
        for edge in pipeline.edges
        if edge.upstream in ids and edge.downstream in ids
    ]
    direct = {(edge.upstream, edge.downstream) for edge in pipeline.edges}
    pulls = [
        Arrow(ids[flow.upstream], ids[flow.downstream], flow.key, dashed=True)
        for flow in pipeline.data_flows
        if (flow.upstream, flow.downstream) not in direct and flow.upstream in ids and flow.downstream in ids
    ]
    return arrows + pulls
