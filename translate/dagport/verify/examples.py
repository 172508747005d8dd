"""Smallest examples of outcomes, and how they are told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from dagport.semantics.outcomes import FAIL, SUCCESS, Outcome, Outcomes, Shape

Item = TypeVar("Item")


def smallest(outcomes: Outcomes, still: Callable[[Outcomes], bool]) -> Outcomes:
    """Outcomes without all that isn't needed for something to be ``still`` so: nothing more can be left out.

    Many at once are tried first (Zeller's delta debugging), as large pipelines have many.
    """
    outcomes = _without_many(outcomes, still)
    while (smaller := next(filter(still, _smaller(outcomes)), None)) is not None:
        outcomes = smaller
    return outcomes


def _without_many(outcomes: Outcomes, still: Callable[[Outcomes], bool]) -> Outcomes:
    size = len(outcomes.tasks) // 2
    while size > 1:
        for names in _parts(list(outcomes.tasks), size):
            kept = {name: outcome for name, outcome in outcomes.tasks.items() if name not in names}
            if still(smaller := replace(outcomes, tasks=kept)):
                outcomes = smaller
        size //= 2
    without_items = replace(outcomes, items={})
    return without_items if outcomes.items and still(without_items) else outcomes


def _parts(names: list[str], size: int) -> Iterator[set[str]]:
    return (set(names[start : start + size]) for start in range(0, len(names), size))


def _smaller(outcomes: Outcomes) -> Iterator[Outcomes]:
    for name, outcome in outcomes.tasks.items():
        yield replace(outcomes, tasks=_without(outcomes.tasks, name))
        for one in outcome.chosen or () if len(outcome.chosen or ()) > 1 else ():
            yield replace(outcomes, tasks={**outcomes.tasks, name: replace(outcome, chosen=(one,))})
    for name in outcomes.items:
        yield replace(outcomes, items=_without(outcomes.items, name))


def _without(items: Mapping[str, Item], name: str) -> dict[str, Item]:
    return {key: item for key, item in items.items() if key != name}


def told(outcomes: Outcomes, shape: Shape, about: str | None) -> str:
    """What is dictated, as a sentence; a branch above the task ``about`` that has no choice makes none."""
    said = [_task(name, outcome, shape) for name, outcome in outcomes.tasks.items()]
    said += [f"`{name}` has {count} item{'' if count == 1 else 's'}" for name, count in outcomes.items.items()]
    for node in shape.nodes:
        counts = about is None or (about in shape.number and shape.number[about] in node.all_downstream)
        if node.branch and not node.latest_only and counts and node.id not in outcomes.tasks:
            said.append(f"`{node.id}` chooses nothing")
    return f"when {_list(said)}" if said else "when all goes well"


def _task(name: str, outcome: Outcome, shape: Shape) -> str:
    node = shape.nodes[shape.number[name]] if name in shape.number else None
    if outcome == FAIL:
        return f"`{name}` fails"
    if outcome.ends == "fail_now":
        return f"`{name}` fails for good"
    if outcome.ends == "skip":
        return f"`{name}` skips itself"
    if outcome.failures:
        tries = "its first try fails" if outcome.failures == 1 else f"its first {outcome.failures} tries fail"
        return f"`{name}` succeeds after {tries}"
    if not outcome.truthy:
        latest = node is not None and node.latest_only
        return f"`{name}` isn't in the latest run" if latest else f"the condition of `{name}` is false"
    if outcome == SUCCESS:
        return f"`{name}` succeeds"
    return f"`{name}` chooses {_list([f'`{one}`' for one in outcome.chosen or ()]) or 'nothing'}"


def _list(words: Collection[str]) -> str:
    *most, last = words or [""]
    return f"{', '.join(most)} and {last}" if most else last
