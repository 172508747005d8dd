"""Parts of a DAG: which tasks run when only some are wanted, or when some have failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dagport.graph import Pipeline


def tasks_to_repeat(unsuccessful: Iterable[str], chosen: Iterable[str], pipeline: Pipeline) -> list[str]:
    """The tasks that failed or were kept from running, and all downstream of them, as clearing them in Airflow does."""
    below, found = _relatives((edge.upstream, edge.downstream) for edge in pipeline.edges), set(unsuccessful)
    for task in tuple(found):
        found |= _all(task, below)
    return [task for task in chosen if task in found]


def with_setups(chosen: Iterable[str], pipeline: Pipeline) -> list[str]:
    """Some tasks, and the setups and teardowns that Airflow adds when they are cleared.

    Those are the setups upstream that have a teardown downstream of the task, or none at all, and their teardowns
    (``get_upstreams_only_setups_and_teardowns``).
    """
    setups = {task.id for task in pipeline.tasks if task.setup}
    teardowns = {task.id for task in pipeline.tasks if task.teardown}
    found = set(chosen)
    if setups:
        down = _relatives((edge.upstream, edge.downstream) for edge in pipeline.edges)
        up = _relatives((edge.downstream, edge.upstream) for edge in pipeline.edges)
        for task in tuple(found):
            later = _all(task, down) & teardowns
            for one in _all(task, up) & setups:
                own = set(down.get(one, ())) & teardowns
                if not own or own & later:
                    found |= {one, *own}
    return [task.id for task in pipeline.tasks if task.id in found]


def _relatives(edges: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for task, relative in edges:
        found.setdefault(task, []).append(relative)
    return found


def _all(task: str, relatives: Mapping[str, Sequence[str]]) -> set[str]:
    """Everything above or below a task."""
    found = set(relatives.get(task, ()))
    left = list(found)
    for one in left:
        new = set(relatives.get(one, ())) - found
        found |= new
        left += new
    return found
