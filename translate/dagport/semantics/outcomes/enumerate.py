"""Which outcomes to look at: all of them where they are few, else a sample by a rule.

``choices`` says what each task of a pipeline can do. Where the product of all choices is not more than ``limit``, it
is enumerated whole. Else the sample is, in this order: everything going well; each choice of each task alone, with all
else going well; each pair of choices of two tasks of which one is below the other, or that share a task downstream
(pairwise, many pairs in one case); random cases by the seed up to the limit. The same arguments give the same cases.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Literal

from dagport.graph import Pipeline, Task
from dagport.semantics.outcomes.model import FAIL, SKIP, SUCCESS, Outcome, Outcomes
from dagport.semantics.outcomes.rules import Version
from dagport.semantics.outcomes.shape import Shape

LIMIT = 2000
ITEMS = (0, 1, 3)
MOST_BRANCHES = 4  # of a branch with more, single choices, all and none are looked at


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a task can do."""

    outcome: Outcome = SUCCESS
    items: int | None = None  # of what is mapped


@dataclass(frozen=True, slots=True)
class Space:
    """The outcomes that are looked at, and how they were found."""

    cases: tuple[Outcomes, ...]
    size: int  # of the whole space
    rule: Literal["all", "sample"]


def space_of(
    pipeline: Pipeline, *, version: Version = "3", mapped_groups: Sequence[str] = (), limit: int = LIMIT, seed: int = 0
) -> Space:
    """The outcomes to look at for a pipeline, at most ``limit``."""
    shape = Shape.of(pipeline, version, mapped_groups)
    found = choices(pipeline, shape)
    size = math.prod(map(len, found.values()))
    if size <= limit:
        cases = (dict(zip(found, one, strict=True)) for one in product(*found.values()))
        return Space(tuple(map(outcomes_from, cases)), size, "all")
    return Space(tuple(map(outcomes_from, _sample(found, shape, limit, seed))), size, "sample")


def choices(pipeline: Pipeline, shape: Shape) -> dict[str, tuple[Choice, ...]]:
    """What each task, and each mapped group, can do; the first is that all goes well."""
    found = {task.id: tuple(map(Choice, outcomes_of(task, shape))) for task in pipeline.tasks}
    for node in shape.nodes:
        if node.mapped and node.literal_length is None and not node.group:
            found[f"items of {node.id}"] = tuple(Choice(items=count) for count in reversed(ITEMS))
        if node.group:
            found[f"items of {node.group}"] = tuple(Choice(items=count) for count in reversed(ITEMS))
    return found


def outcomes_of(task: Task, shape: Shape) -> list[Outcome]:
    """The outcomes of one task: a retry is looked at where it has one."""
    node = shape.nodes[shape.number[task.id]]
    found = [SUCCESS, FAIL]
    if node.branch and not node.latest_only:
        below = [shape.nodes[one].id for one in node.downstream]
        ways: list[tuple[str, ...]] = [(one,) for one in below]
        if len(below) <= MOST_BRANCHES:
            ways += combinations(below, 2)
        found = [*(Outcome(chosen=way) for way in ways), Outcome(chosen=()), FAIL]
    elif node.short_circuit or node.latest_only:
        found = [SUCCESS, Outcome(truthy=False), FAIL]
    elif node.soft_fail:
        found = [SUCCESS, Outcome(ends="fail_now"), FAIL]
    elif task.kind in ("python", "other"):
        found.append(SKIP)
    if node.retries:
        found.append(Outcome(failures=1))
    return found


def outcomes_from(case: Mapping[str, Choice]) -> Outcomes:
    """The outcomes of one combination of choices."""
    return Outcomes(
        tasks={
            name: choice.outcome for name, choice in case.items() if choice.items is None and choice.outcome != SUCCESS
        },
        items={
            name.removeprefix("items of "): choice.items for name, choice in case.items() if choice.items is not None
        },
    )


def _sample(found: Mapping[str, tuple[Choice, ...]], shape: Shape, limit: int, seed: int) -> list[dict[str, Choice]]:
    well = {name: options[0] for name, options in found.items()}
    cases = [well]
    cases += [{**well, name: option} for name, options in found.items() for option in options[1:]]
    cases = cases[:limit]
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    for case in _pairwise(found, shape, well):
        if len(cases) >= limit:
            return cases
        cases.append(case)
    while len(cases) < limit:
        cases.append({name: chance.choice(options) for name, options in found.items()})
    return cases


def _pairwise(
    found: Mapping[str, tuple[Choice, ...]], shape: Shape, well: Mapping[str, Choice]
) -> Iterator[dict[str, Choice]]:
    """Cases that have every pair of choices of related tasks, as many pairs in one case as fit."""
    related = [
        (one.id, other.id) for first, one in enumerate(shape.nodes) for other in shape.nodes[first + 1 :]
        if _related(shape, one.id, other.id)
    ]  # fmt: skip
    pairs = [(a, x, b, y) for a, b in related for x in found[a][1:] for y in found[b][1:]]
    while pairs:
        case, rest = dict[str, Choice](), list[tuple[str, Choice, str, Choice]]()
        for a, x, b, y in pairs:
            if case.get(a, x) == x and case.get(b, y) == y:
                case |= {a: x, b: y}
            else:
                rest.append((a, x, b, y))
        yield {**well, **case}
        pairs = rest


def _related(shape: Shape, one: str, other: str) -> bool:
    """Whether one task is below the other, or both are above a third."""
    first, second = shape.number[one], shape.number[other]
    below_first, below_second = shape.nodes[first].all_downstream, shape.nodes[second].all_downstream
    return second in below_first or first in below_second or not below_first.isdisjoint(below_second)
