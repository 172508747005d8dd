"""What decides about each task of a pipeline, for writers whose engine knows no rule but "all before it succeeded".

A *gated* task would end otherwise than in Airflow by that plain rule: its form asks Airflow's rule of how the tasks
before it have ended. A failure that is *caught* is handed on as such a value. One that isn't may simply fail: whatever
else happens, all that comes after it ends ``upstream_failed`` then, and the run has failed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from dagport.graph import Pipeline
from dagport.semantics.outcomes.rules import ALIASES, FAST, RULES, Version
from dagport.semantics.outcomes.shape import Node, Shape

FAILS_WITH_ONE = frozenset({"none_failed", "none_failed_min_one_success"})
SKIPS_BY_ITSELF = frozenset({"all_failed", "all_skipped", "one_failed", "one_done"})
SKIPPED_WITH_ONE = frozenset({"all_success", "all_done_min_one_success", "none_skipped"})
SKIPPED_WITH_ALL = frozenset({"one_success", "none_failed_min_one_success"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What decides about one task."""

    rule: str  # Airflow 3's name of it; of a teardown its own
    upstream: tuple[str, ...] = ()  # direct upstreams, which the rule looks at
    choosers: tuple[str, ...] = ()  # branches and short circuits that may skip it, direct ones and others
    setups: tuple[str, ...] = ()  # that it needs, and that aren't direct upstreams
    scope: tuple[str, ...] = ()  # what else a teardown waits for
    lists: tuple[str, ...] = ()  # whose results it, or its group, is expanded over
    group: str | None = None  # the mapped group that it lies in
    skips: tuple[str, ...] = ()  # tasks that it may skip, where it is a branch or a short circuit
    ways: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of a branch: ids that it may choose, and those of ``skips`` that aren't skipped then."""
    may_skip: bool = False  # whether it, or an instance, can end skipped
    gated: bool = False
    caught: bool = False
    leaf: bool = False  # it decides about the run
    doubt: str | None = None  # why the rule, asked of how others have ended, may say something else than Airflow

    @property
    def far(self) -> tuple[str, ...]:
        """Choosers that aren't direct upstreams."""
        return tuple(one for one in self.choosers if one not in self.upstream)

    @property
    def waits(self) -> tuple[str, ...]:
        """All tasks that have to have ended before it is decided."""
        return tuple(dict.fromkeys((*self.upstream, *self.choosers, *self.setups, *self.scope, *self.lists)))


def control_of(pipeline: Pipeline, may_skip: Collection[str] = ()) -> Mapping[str, Control]:
    """What decides about each task; ``may_skip`` are tasks whose own work may end in a skip.

    Raises ``CycleError`` and ``UnknownRuleError`` for pipelines that Airflow refuses.
    """
    return _Analysis(pipeline, frozenset(may_skip)).found()


def version_of(pipeline: Pipeline) -> Version:
    """The rules that a pipeline goes by: those of Airflow 3, unless it says 2 or 1.10."""
    return "3" if pipeline.engine_version in (None, "3") else "2"


def succeeded_before(control: Mapping[str, Control], task_id: str) -> frozenset[str]:
    """The tasks that have succeeded for sure when a task runs."""
    found: set[str] = set()
    left = [task_id]
    for one in left:
        if control[one].rule == "all_success":
            new = set(control[one].upstream) - found
            found |= new
            left += sorted(new)
    return frozenset(found)


class _Analysis:
    def __init__(self, pipeline: Pipeline, may_skip: frozenset[str]) -> None:
        self.pipeline, self.own = pipeline, may_skip
        version = version_of(pipeline)
        self.shape = Shape.of(pipeline, version, [group.id for group in pipeline.groups if group.mapped])
        self.nodes = self.shape.nodes
        self.skips = [self._skips(node) for node in self.nodes]
        self.choosers: list[list[int]] = [[] for _ in self.nodes]
        for number, skipped in enumerate(self.skips):
            for other in skipped:
                self.choosers[other].append(number)
        self.rules = [ALIASES.get(node.rule_name, node.rule_name) for node in self.nodes]
        self.counted = self._counted()
        self.may_skip: list[bool] = [False] * len(self.nodes)
        for number in self.shape.order:
            self.may_skip[number] = self._may_skip(number)
        self.dependents = self._dependents()
        self.plain = [False] * len(self.nodes)  # whether its failure may simply fail what comes after it
        for number in reversed(self.shape.order):
            self.plain[number] = self._fails_directly(number) or self._fails_plainly(number)

    def found(self) -> Mapping[str, Control]:
        return {node.id: self._control(number) for number, node in enumerate(self.nodes)}

    def _control(self, number: int) -> Control:
        node = self.nodes[number]
        return Control(
            rule=self.rules[number],
            upstream=self._ids(node.upstream),
            choosers=self._ids(self.choosers[number]),
            setups=self._ids(node.setups),
            scope=self._ids(node.scope),
            lists=self._ids(node.producers),
            group=node.group,
            skips=self._ids(self.skips[number]),
            ways=self._ways(node) if self.skips[number] and node.branch and not node.latest_only else {},
            may_skip=self.may_skip[number],
            gated=self._gated(number),
            caught=not self.plain[number],
            leaf=number in self.shape.leaves,
            doubt=self._doubt(number),
        )

    def _ids(self, numbers: Collection[int]) -> tuple[str, ...]:
        return tuple(self.nodes[one].id for one in numbers)

    # Who skips whom

    def _skips(self, node: Node) -> tuple[int, ...]:
        """The tasks that a branch or a short circuit may skip (``SkipMixin``, ``ShortCircuitOperator.execute``).

        One of a mapped group skips nothing in Airflow 3.3, and its direct downstreams of the same index in 2.11; one
        that is mapped itself skips nothing that isn't mapped.
        """
        if not (node.branch or node.short_circuit or node.latest_only) or node.mapped:
            return ()
        if node.group is not None:
            same = [one for one in node.downstream if self.nodes[one].group == node.group]
            return tuple(same) if self.shape.version == "2" else ()
        if node.short_circuit:
            below = sorted(node.all_downstream) if node.ignores_rules else node.downstream
            return tuple(one for one in below if not self.nodes[one].teardown)
        return node.downstream

    def _ways(self, node: Node) -> dict[str, tuple[str, ...]]:
        """What runs when a branch chooses an id (``skip_all_except``, ``BranchMixIn.do_branch``)."""
        direct = set(node.downstream)
        found: dict[str, tuple[str, ...]] = {}
        for other in (*node.downstream, *sorted(node.all_downstream.difference(direct))):
            followed = direct & {other, *self.nodes[other].all_downstream}
            if followed:
                found[self.nodes[other].id] = self._ids(sorted(followed))
        for group, roots in self.shape.roots.items():
            followed = {self.shape.number[one] for root in roots for one in found.get(root, ())}
            if followed:
                found[group] = self._ids(sorted(followed))
        return found

    def _doubt(self, number: int) -> str | None:
        """Faults of the engine that depend on when it expands a task, not on how others end."""
        node, rule, version = self.nodes[number], self.rules[number], self.shape.version
        inside = [one for one in node.upstream if node.group and self.nodes[one].group == node.group]
        if version == "3" and inside and rule == "all_done_min_one_success":
            return f"Airflow 3 fails a task with the rule {rule} behind another of its mapped group"
        if version == "2" and inside and (rule in FAST["2"] or (rule == "none_failed_min_one_success")):
            return f"Airflow 2 asks the rule {rule} of every index of a mapped group"
        return None

    # What may be skipped

    def _may_skip(self, number: int) -> bool:
        node, rule = self.nodes[number], self.rules[number]
        if node.id in self.own or node.soft_fail or node.never_fail or self.choosers[number]:
            return True
        if node.group is not None or (node.mapped and not node.literal_length):
            return True  # there may be no items
        if any(self.may_skip[one] for one in (*node.setups, *node.producers)):
            return True
        above = [self.may_skip[one] for one in node.upstream]
        if rule == "all_done_setup_success":
            return any(self.may_skip[one] for one in node.upstream if self.nodes[one].setup)
        return bool(above) and (
            rule in SKIPS_BY_ITSELF
            or (rule in SKIPPED_WITH_ONE and any(above))
            or (rule in SKIPPED_WITH_ALL and all(above))
        )

    def _gated(self, number: int) -> bool:
        node = self.nodes[number]
        return bool(
            (node.upstream and self.rules[number] != "all_success")
            or node.mapped
            or node.group is not None
            or node.setups
            or self.choosers[number]
            or any(self.may_skip[one] for one in node.upstream)
        )

    # Which failures have to be handed on

    def _counted(self) -> list[bool]:
        """Whether a task's failure, with nothing after it, makes the run fail."""
        leaves = set(self.shape.leaves)
        ignored = {number for number, node in enumerate(self.nodes) if node.teardown and number not in leaves}
        return [number not in ignored for number in range(len(self.nodes))]

    def _dependents(self) -> list[list[int]]:
        """Who waits for whom: the edges, and whatever else a task is decided by."""
        found: list[dict[int, None]] = [{} for _ in self.nodes]
        for number, node in enumerate(self.nodes):
            for one in (*node.upstream, *self.choosers[number], *node.setups, *node.scope, *node.producers):
                found[one][number] = None
        return [list(one) for one in found]

    def _fails_directly(self, number: int) -> bool:
        """Whether that is clear from the tasks directly after it: so in a plain pipeline."""
        after = self.dependents[number]
        sure = all(self.plain[one] and self._fails_after(one, {number}) for one in after)
        return sure and (self.counted[number] or bool(after))

    def _fails_plainly(self, number: int) -> bool:
        """Whether all that waits for a task is ``upstream_failed`` when it has failed, and so is a leaf that counts."""
        failed, left = {number}, set(self.dependents[number])
        for other in self.shape.order:
            if other in left:
                if not self._fails_after(other, failed):
                    return False
                failed.add(other)
                left.update(self.dependents[other])
        return any(self.counted[one] for one in failed)

    def _fails_after(self, number: int, failed: set[int]) -> bool:
        """Whether a task is ``upstream_failed`` for certain when these have failed."""
        node, rule = self.nodes[number], self.rules[number]
        above = failed.intersection(node.upstream)
        unsure = {*node.setups, *node.producers} - failed
        if not above or node.group is not None or any(self.may_skip[one] for one in unsure):
            return False
        if not any(self._chosen_alike(number, one, failed) for one in above):
            return False
        if rule in FAILS_WITH_ONE:
            return True
        beside = {one for one in node.upstream if one not in failed or self._other_instances_skip(one)}
        return rule == "all_success" and not any(self.may_skip[one] for one in beside)

    def _other_instances_skip(self, number: int) -> bool:
        """Whether one instance may have failed and another been skipped."""
        node = self.nodes[number]
        return node.group is not None or (node.mapped and node.id in self.own)

    def _chosen_alike(self, number: int, above: int, failed: set[int]) -> bool:
        """Whether whatever may skip a task would have skipped one before it, too, or has itself failed."""
        if RULES[self.rules[above]].early and self.choosers[above]:
            return False
        return set(self.choosers[number]) <= {*self.choosers[above], *failed}
