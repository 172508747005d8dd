"""What stubs can stand for, and which outcomes they can be dictated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dagport.semantics.outcomes import Outcomes
from dagport.semantics.outcomes.shape import Node, Shape
from dagport.verify.sides import Side


def not_stubbed(side: Side) -> str | None:
    """Why stubs can't have the shape of a pipeline; ``None``: they can."""
    parents = {group.id: group.parent for group in side.pipeline.groups}
    members = [*parents.items(), *((task.id, task.group) for task in side.pipeline.tasks)]
    for name, group in members:
        prefix, _, _ = name.rpartition(".")
        if prefix != (group or ""):
            return f"the stubs can't have an id such as `{name}`, which isn't its group's and a name"
    for node in side.shape.nodes:
        if len(node.producers) > 1:
            return f"the stubs can't map `{node.id}` over the results of several tasks"
    return None


def dictated(sides: Sequence[Side], case: Outcomes) -> Outcomes:
    """Outcomes as stubs can have them: whoever is mapped over the same result has as many items.

    A stub that is mapped over no task's result has as many items as the source says, else one.
    """
    items = dict(case.items)
    for side in sides:
        fed: dict[int, int] = {}
        for node in side.shape.nodes:
            if node.mapped or node.group:
                items[node.group or node.id] = _count(side.shape, node, items, fed)
    return replace(case, items=items)


def _count(shape: Shape, node: Node, items: dict[str, int], fed: dict[int, int]) -> int:
    name = node.group or node.id
    if not node.producers:
        return 1 if node.literal_length is None else node.literal_length
    return fed.setdefault(node.producers[0], items.get(name, 1))
