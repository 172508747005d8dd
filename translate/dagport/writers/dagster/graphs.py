"""Which tasks become ops of a graph, and which stay assets.

An asset runs when all before it have succeeded. A task that Airflow decides about otherwise, and all that comes after
it, become the ops of a graph with assets at its ends; so does a task before it whose skip or failure has to be handed
on. What is left comes before a graph, and its failure fails all of what comes after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import and_, or_

from dagport.graph import Group, Pipeline, Task
from dagport.passes.control import Control, control_of
from dagport.semantics.outcomes.rules import UnknownRuleError
from dagport.semantics.outcomes.shape import CycleError
from dagport.translation import Style
from dagport.writers.common import own_operator
from dagport.writers.common.model import Refused
from dagport.writers.common.regions import ONE_OF, Bits, bits_of, indices_of

CHOOSES = ("branch", "short_circuit")
SAME_WITH_A_SUCCESS = frozenset({"all_success", "none_failed"})
"""Rules that say the same whether or not one more task before has succeeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graphs:
    """The tasks of a pipeline that become ops."""

    control: Mapping[str, Control] = field(default_factory=dict)
    regions: tuple[tuple[str, ...], ...] = ()  # each becomes a graph; the tasks before those that wait for them
    job: bool = False  # they are a job of their own, without assets
    groups: Mapping[str, Group] = field(default_factory=dict)
    delegated: frozenset[str] = frozenset()  # ops whose task Airflow runs
    members: frozenset[str] = field(init=False)  # all tasks that become ops

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", frozenset(task_id for region in self.regions for task_id in region))
        object.__setattr__(self, "delegated", self.delegated & self.members)

    def region_of(self, task_id: str) -> tuple[str, ...]:
        """The tasks of the same graph."""
        return next((region for region in self.regions if task_id in region), ())

    def is_several(self, task: Task, reader: Task) -> bool:
        """Whether another task sees the results of all instances of one: not from the same mapped group."""
        if task.id not in self.members:
            return False
        group = self.control[task.id].group
        same = group is not None and reader.id in self.control and self.control[reader.id].group == group
        return task.mapped is not None or (group is not None and not same)


def graphs_of(
    pipeline: Pipeline,
    style: Style,
    skipping: Iterable[str],
    left_out: frozenset[str],
    delegated: frozenset[str] = frozenset(),
    ahead: frozenset[str] = frozenset(),
) -> Graphs:
    """The graphs of a pipeline.

    ``skipping`` are tasks whose own work may end in a skip, ``left_out`` those that can't be ops: a graph that one of
    them would be in is none. ``delegated`` are those that Airflow runs where they are ops, ``ahead`` those that it runs
    or may have to: nobody sees whether these skip themselves, so that they are ops where a graph has to know it.
    """
    try:
        plain = control_of(pipeline)
        unsure = ahead.union(skipping)
        control = control_of(pipeline, unsure) if unsure else plain
    except (CycleError, UnknownRuleError):
        return Graphs()
    groups = {group.id: group for group in pipeline.groups}
    if style == "ops":
        return Graphs(
            control=control, regions=(_ordered(control, control),), job=True, groups=groups, delegated=delegated
        )
    raising = frozenset(skipping) - {
        task.id for task in pipeline.tasks if task.callable is None and not own_operator.is_own(task.operator)
    }
    seeds = {one for one, found in plain.items() if found.gated or found.skips or found.group} | raising
    seeds |= {task.id for task in pipeline.tasks if task.setup or task.teardown or task.kind in CHOOSES}
    members = _closed(seeds, control, pipeline, frozenset(skipping)) if style == "auto" else set()
    regions = [region for region in _connected(members, control) if not left_out.intersection(region)]
    ordered = tuple(_ordered(region, control) for region in regions)
    return Graphs(control=control, regions=ordered, groups=groups, delegated=delegated)


def _closed(seeds: set[str], control: Mapping[str, Control], pipeline: Pipeline, skipping: frozenset[str]) -> set[str]:
    """The seeds, all after them, and what before them has to hand on how it ends."""
    after: dict[str, list[str]] = {one: [] for one in control}
    for one, found in control.items():
        for before in found.waits:
            after[before].append(one)
    for flow in pipeline.data_flows:
        if flow.upstream in after and flow.downstream in after:
            after[flow.upstream].append(flow.downstream)
    lost = _lost(control)
    members: set[str] = set()
    new = set(seeds)
    while new:
        members |= new
        new = {other for one in new for other in after[one]}
        for one in members:
            asked = control[one].rule not in SAME_WITH_A_SUCCESS
            new |= {before for before in control[one].upstream if asked}
        new |= {
            one for one, others in after.items() if (control[one].caught or one in skipping) and members & {*others}
        }
        new |= {other for one in members for other in lost[one]}
        new -= members
    return members


def _lost(control: Mapping[str, Control]) -> dict[str, frozenset[str]]:
    """The tasks before each that may be skipped, and that it may succeed without.

    Dagster skips all that comes after a skipped asset, so that each of these has to be an op where the other is one.
    """
    if not any(found.may_skip for found in control.values()):
        return dict.fromkeys(control, frozenset())
    order = _ordered(control, control)
    bit = {one: 1 << number for number, one in enumerate(order)}
    skipped = bits_of(number for number, one in enumerate(order) if control[one].may_skip)
    needed: dict[str, Bits] = {}  # without whose success a task can't succeed
    before: dict[str, Bits] = {}
    for one, found in ((one, control[one]) for one in order):
        above = [needed[other] | bit[other] for other in found.upstream]
        wanted = or_ if found.rule == "all_success" else and_
        needed[one] = reduce(wanted, above) if above and found.rule in {"all_success", *ONE_OF} else 0
        before[one] = reduce(or_, (before[other] | bit[other] for other in found.upstream), 0)
    lost = {one: before[one] & ~needed[one] & skipped for one in order}
    return {one: frozenset(order[number] for number in indices_of(bits)) for one, bits in lost.items()}


def _connected(members: set[str], control: Mapping[str, Control]) -> Iterator[set[str]]:
    """The parts of a graph that have nothing to do with each other."""
    beside: dict[str, set[str]] = {one: set() for one in members}
    for one in members:
        for other in members.intersection(control[one].waits):
            beside[one].add(other)
            beside[other].add(one)
    left = dict.fromkeys(one for one in control if one in members)
    while left:
        found, new = set[str](), {next(iter(left))}
        while new:
            found |= new
            new = {other for one in new for other in beside[one]} - found
        for one in found:
            del left[one]
        yield found


def units_of(region: Iterable[str], control: Mapping[str, Control]) -> list[tuple[str, ...]]:
    """The tasks of a graph, those of a mapped group together, each unit after those that it waits for.

    Raises ``Refused`` for a mapped group that can't be written as a function of its items.
    """
    units: dict[str, list[str]] = {}
    for one in region:
        found = control[one]
        inside = [other for other in (*found.setups, *found.scope, *found.far) if control[other].group is not None]
        if found.group is not None and inside:
            raise Refused("a setup or a short circuit of its mapped group decides about it from afar")
        units.setdefault(control[one].group or one, []).append(one)
    home = {one: name for name, unit in units.items() for one in unit}
    waits = {
        name: {home[other] for one in unit for other in control[one].waits if other in home} - {name}
        for name, unit in units.items()
    }
    order: dict[str, None] = {}
    while len(order) < len(units):
        ready = next((name for name in units if name not in order and waits[name] <= order.keys()), None)
        if ready is None:
            raise Refused("a task that isn't part of its mapped group lies between its tasks")
        order[ready] = None
    return [tuple(units[name]) for name in order]


def _ordered(members: Iterable[str], control: Mapping[str, Control]) -> tuple[str, ...]:
    """Each task after those that it waits for, else as the source defines them."""
    chosen = set(members)
    left = {one: chosen.intersection(found.waits) for one, found in control.items() if one in chosen}
    order: dict[str, None] = {}
    while left:
        one = next(one for one, waits in left.items() if waits <= order.keys())
        order[one] = None
        del left[one]
    return tuple(order)
