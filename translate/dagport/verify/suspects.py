"""Outcomes near the tasks that aren't alike on both sides: a sample of a large pipeline may pass them over."""

from __future__ import annotations

from collections.abc import Iterator

from dagport.semantics.outcomes import Outcomes, Shape
from dagport.semantics.outcomes.enumerate import choices, outcomes_from
from dagport.semantics.outcomes.shape import Node
from dagport.verify.sides import Side

FACTS = ("rule_name", "mapped", "literal_length", "group", "setup", "teardown", "branch", "short_circuit",
         "latest_only", "ignores_rules", "soft_fail", "never_fail", "retries", "past", "past_downstream")  # fmt: skip
NEIGHBOURS = ("upstream", "setups", "producers")


def near_changes(old: Side, new: Side) -> Iterator[Outcomes]:
    """Each choice of each task that isn't alike, or is directly above such a task; all else goes well."""
    found = choices(old.pipeline, old.shape)
    well = {name: options[0] for name, options in found.items()}
    for name in dict.fromkeys(_near(old, new)):
        for key in (name, f"items of {name}"):
            for option in found.get(key, ())[1:]:
                yield outcomes_from({**well, key: option})


def _near(old: Side, new: Side) -> Iterator[str]:
    for node in old.shape.nodes:
        number = new.shape.number.get(node.id)
        if number is None:
            continue
        other = new.shape.nodes[number]
        if _facts(old.shape, node) != _facts(new.shape, other):
            yield node.id
            yield from (old.shape.nodes[one].id for one in node.upstream)
            yield from (new.shape.nodes[one].id for one in other.upstream)


def _facts(shape: Shape, node: Node) -> list[object]:
    """What decides about a task, without the numbers of others."""
    others = [frozenset(shape.nodes[one].id for one in getattr(node, name)) for name in NEIGHBOURS]
    return [*(getattr(node, name) for name in FACTS), *others]
