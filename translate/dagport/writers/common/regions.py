"""Which tasks the original engine goes on running, and which of them it has to run together.

A task is delegated alone where Dagster's own rule, an asset runs when all before it have succeeded, says the same as
Airflow's. Where one task decides about another (a branch, a trigger rule, a setup), both are in one region: a single
run of Airflow, whose tasks end as Airflow says. A region is closed in such a way that a step of Dagster, which runs
when everything before it has succeeded and counts as failed when one of its tasks has, gives every task the state that
Airflow gives it: what comes before a region has to succeed for any of its tasks to succeed, and what comes after it
can't succeed when one of its tasks has failed. A task for which that isn't so becomes part of the region.

Trigger rules: ``airflow.ti_deps.deps.trigger_rule_dep``; branches and short-circuits: ``SkipMixin``; setups and
teardowns: ``DAG.partial_subset``, which adds them to the tasks that it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from dagport.graph import Pipeline

ONE_OF = frozenset({"one_success", "none_failed_min_one_success", "none_failed_or_skipped"})
"""Rules by which at least one task before has succeeded."""
NONE_FAILED = frozenset({"none_failed", "none_failed_min_one_success", "none_failed_or_skipped"})
"""Rules by which one failed task before makes a task ``upstream_failed``."""
CHOOSES = frozenset({"branch", "short_circuit"})
UNSURE = "whether there is a result that is read depends on how others end"
BETWEEN = "it lies between tasks that Airflow runs together"

Bits = int
"""A set of tasks: bit ``n`` is the pipeline's task number ``n``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """What Airflow runs: regions, and the tasks of each, in the order of definition; and every task's reason."""

    regions: tuple[tuple[str, ...], ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    read: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Task -> tasks outside of its region whose results it may read."""

    def region_of(self, task_id: str) -> tuple[str, ...]:
        """The tasks that are run together with a delegated task, itself included."""
        return next(region for region in self.regions if task_id in region)


def delegation_of(pipeline: Pipeline, refused: Mapping[str, str], opaque: frozenset[str]) -> Delegation:
    """The regions around the tasks that have no form in Dagster.

    ``refused`` says why, by task; ``opaque`` are those of which isn't known whose results they read.
    """
    return Regions(pipeline, refused, opaque).close()


class Regions:
    """The closure of regions. A target that knows more than Dagster's rule has one of its own."""

    def __init__(self, pipeline: Pipeline, refused: Mapping[str, str], opaque: frozenset[str]) -> None:
        self.tasks = pipeline.tasks
        self.number = {task.id: index for index, task in enumerate(pipeline.tasks)}
        self.up: list[list[int]] = [[] for _ in self.tasks]
        self.down: list[list[int]] = [[] for _ in self.tasks]
        for edge in pipeline.edges:
            self.up[self.number[edge.downstream]].append(self.number[edge.upstream])
            self.down[self.number[edge.upstream]].append(self.number[edge.downstream])
        self.order = self._order()
        self.before = self._collect(self.order, self.up)
        self.after = self._collect(self.order[::-1], self.down)
        self.needed: list[Bits] = [0] * len(self.tasks)  # what has succeeded when the task has
        self.stopping: list[Bits] = [0] * len(self.tasks)  # what can't have failed when the task has succeeded
        self.failing: list[Bits] = [0] * len(self.tasks)  # what makes the task ``upstream_failed`` when it has failed
        for index in self.order:
            self._judge(index)
        self.stopped = self._turned(self.stopping)  # those that can't succeed when the task has failed
        self.mapped = dict(self._mapped_groups(pipeline))  # task -> all tasks of its mapped group
        self.reads = self._reads(pipeline, refused, opaque)
        self.reasons = {self.number[task_id]: why for task_id, why in refused.items()}
        self.region: dict[int, Bits] = {}  # delegated task -> its region

    # Facts about the graph

    def _order(self) -> list[int]:
        waiting = [len(before) for before in self.up]
        ready = [index for index, count in enumerate(waiting) if not count]
        for index in ready:
            for after in self.down[index]:
                waiting[after] -= 1
                if not waiting[after]:
                    ready.append(after)
        return ready

    @staticmethod
    def _collect(order: Iterable[int], neighbours: list[list[int]]) -> list[Bits]:
        found = [0] * len(neighbours)
        for index in order:
            for other in neighbours[index]:
                found[index] |= found[other] | 1 << other
        return found

    def _judge(self, index: int) -> None:
        rule, before = self.tasks[index].trigger_rule, self.up[index]
        if not before:
            return
        needed = [self.needed[other] | 1 << other for other in before]
        stopping = [self.stopping[other] | 1 << other for other in before]
        if rule == "all_success":
            self.needed[index], self.stopping[index] = _union(needed), _union(stopping)
            # With several before it, one that is skipped may skip it before another has failed.
            self.failing[index] = _union(self._failures(before)) if len(before) == 1 else 0
        if rule in ONE_OF:
            self.needed[index], self.stopping[index] = _common(needed), _common(stopping)
        if rule in NONE_FAILED:
            self.failing[index] = _union(self._failures(before))
            self.stopping[index] |= self.failing[index]

    @staticmethod
    def _turned(sets: list[Bits]) -> list[Bits]:
        found = [0] * len(sets)
        for index, members in enumerate(sets):
            for other in indices_of(members):
                found[other] |= 1 << index
        return found

    def _failures(self, before: Iterable[int]) -> list[Bits]:
        return [self.failing[other] | 1 << other for other in before]

    def _mapped_groups(self, pipeline: Pipeline) -> Iterator[tuple[int, Bits]]:
        parents = {group.id: group.parent for group in pipeline.groups}
        mapped = {group.id for group in pipeline.groups if group.mapped}
        members: dict[str, Bits] = {}
        homes: dict[int, str] = {}
        for index, task in enumerate(self.tasks):
            group = task.group
            while group is not None:
                if group in mapped:
                    homes[index] = group
                    members[group] = members.get(group, 0) | 1 << index
                group = parents.get(group)
        yield from ((index, members[group]) for index, group in homes.items())

    def _reads(self, pipeline: Pipeline, refused: Mapping[str, str], opaque: frozenset[str]) -> list[Bits]:
        found = [0] * len(self.tasks)
        known = [(edge.upstream, edge.downstream) for edge in pipeline.edges if edge.kind == "data"]
        for upstream, downstream in [*known, *((flow.upstream, flow.downstream) for flow in pipeline.data_flows)]:
            if upstream in self.number and upstream != downstream:
                found[self.number[downstream]] |= 1 << self.number[upstream]
        for task_id in opaque & refused.keys():
            found[self.number[task_id]] |= self.before[self.number[task_id]]
        return found

    def _is_several(self, index: int) -> bool:
        return self.tasks[index].mapped is not None or index in self.mapped

    # Regions

    def close(self) -> Delegation:
        """What Airflow runs, with all that has to be decided together."""
        for index, members in self.mapped.items():
            self._join(members, f"it is part of the mapped group {self.tasks[index].group!r}")
        for index in list(self.reasons):
            self.region.setdefault(index, 1 << index)
        for index, reads in enumerate(self.reads):
            unsure = reads & ~self.needed[index]
            if unsure:
                self._join(unsure | 1 << index, UNSURE)
        return self._grown()

    def _grown(self) -> Delegation:
        """What Airflow runs, once each region has all that belongs to it."""
        done: set[Bits] = set()
        while changed := {*self.region.values()} - done:
            for members in changed:
                if members in self.region.values():
                    done.add(members)
                    self._extend(members)
        return self._told()

    def _extend(self, members: Bits) -> None:
        """Add to a region all that belongs to it because of what it has."""
        for more, why in self._more(members):
            if more & ~members:
                self._join(members | more, why)

    def _more(self, members: Bits) -> Iterator[tuple[Bits, str]]:
        for index in indices_of(members):
            yield from self._bound(index)
        before = _union(self.before[index] for index in indices_of(members))
        yield before & _union(self.after[index] for index in indices_of(members)), BETWEEN
        yield from self._entering(members)
        yield from self._leaving(members)

    def _bound(self, index: int) -> Iterator[tuple[Bits, str]]:
        """What has to run in the same run of Airflow as a task."""
        task = self.tasks[index]
        before, after = bits_of(self.up[index]), bits_of(self.down[index])
        if task.trigger_rule != "all_success":
            yield before, f"{task.id!r} runs by the rule {task.trigger_rule}, which asks how it ended"
        if task.kind in CHOOSES:
            yield after, f"{task.id!r} decides whether it runs"
        if task.setup:
            ended = any(self.tasks[other].teardown for other in self.down[index])
            yield after if ended else self.after[index], f"{task.id!r} is its setup"
        if task.teardown:
            yield before, f"{task.id!r} is its teardown"
        several = bits_of(other for other in indices_of(self.reads[index]) if self._is_several(other))
        yield several, f"{task.id!r} reads the results of its instances"

    def _entering(self, members: Bits) -> Iterator[tuple[Bits, str]]:
        """Tasks before a region without whose success one of its tasks may succeed."""
        outside = self._next(members, self.up)
        for index in indices_of(members):
            loose = outside & ~self.needed[index]
            if loose:
                loose |= self._reached(loose, self.up, self.needed[index] | members)
                yield loose, f"{self.tasks[index].id!r} may succeed without it"
                outside = (outside | self._next(loose, self.up)) & ~(members | loose)

    def _leaving(self, members: Bits) -> Iterator[tuple[Bits, str]]:
        """Tasks after a region that may succeed although one of its tasks has failed."""
        for other in indices_of(self._next(members, self.down)):
            loose = next(indices_of(members & ~self.stopping[other]), None)
            if loose is not None:
                why = f"it may run when {self.tasks[loose].id!r}, which Airflow runs, has failed"
                yield 1 << other | self._reached(1 << other, self.down, self.stopped[loose] | members), why

    @staticmethod
    def _next(members: Bits, neighbours: list[list[int]]) -> Bits:
        return _union(bits_of(neighbours[index]) for index in indices_of(members)) & ~members

    @staticmethod
    def _reached(begin: Bits, neighbours: list[list[int]], bounds: Bits) -> Bits:
        """The tasks on the ways from some tasks that don't lead through, or to, others."""
        found, left = 0, list(indices_of(begin))
        for index in left:
            new = bits_of(neighbours[index]) & ~bounds & ~found
            found |= new
            left += indices_of(new)
        return found

    def _join(self, members: Bits, why: str) -> None:
        for index in indices_of(members):
            members |= self.region.get(index, 0)
        for index in indices_of(members):
            self.region[index] = members
            self.reasons.setdefault(index, why)

    def _told(self) -> Delegation:
        regions = sorted(set(self.region.values()), key=lambda members: members & -members)
        return Delegation(
            regions=tuple(tuple(self.tasks[index].id for index in indices_of(members)) for members in regions),
            reasons={self.tasks[index].id: self.reasons[index] for index in sorted(self.region)},
            read={
                self.tasks[index].id: tuple(self.tasks[item].id for item in indices_of(self.reads[index] & ~members))
                for index, members in sorted(self.region.items())
            },
        )


def _union(sets: Iterable[Bits]) -> Bits:
    found = 0
    for item in sets:
        found |= item
    return found


def _common(sets: Iterable[Bits]) -> Bits:
    found = -1
    for item in sets:
        found &= item
    return found


def bits_of(indices: Iterable[int]) -> Bits:
    """The set of some tasks by their numbers."""
    return _union(1 << index for index in indices)


def indices_of(members: Bits) -> Iterator[int]:
    """The numbers of the tasks in a set, in ascending order."""
    while members:
        lowest = members & -members
        yield lowest.bit_length() - 1
        members ^= lowest
