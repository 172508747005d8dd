"""How task groups nest, also in graphs that were read from JSON and may say anything."""

from __future__ import annotations

from dagport.graph import Pipeline


def group_parents(pipeline: Pipeline) -> dict[str, str | None]:
    """Each group's id and its parent's, in the order of the groups.

    A parent that isn't there, or that the group itself is above of, counts for none: so every group is reached
    from the top, once.
    """
    parents: dict[str, str | None] = {}
    for group in pipeline.groups:
        parents.setdefault(group.id, group.parent)
    for name in list(parents):
        if parents[name] not in parents or _is_above(name, parents):
            parents[name] = None
    return parents


def _is_above(group: str, parents: dict[str, str | None]) -> bool:
    """Whether a group is among those above it."""
    seen: set[str] = set()
    current = parents[group]
    while current is not None and current not in seen:
        if current == group:
            return True
        seen.add(current)
        current = parents.get(current)
    return False
