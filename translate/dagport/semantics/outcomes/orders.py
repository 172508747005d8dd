"""Whether a run's end depends on which task is faster, and what else it may end in.

Two things make it depend: ``all_success`` (and a setup that didn't succeed) takes whichever comes first, a failure or a
skip; and a branch or short circuit skips a task that doesn't wait for it, which may have run or been marked by then.
All other rules end the same whatever is faster, once the ends of their upstreams are given. So one pass over the tasks,
upstreams first, with sets of states in place of states, finds every state that an instance may end in. A set may be too
large where two tasks' states hang together; it is never too small. (What Airflow expands a mapped task to is no set:
where that may vary, every state is possible.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, reduce
from itertools import product

from dagport.semantics.outcomes.airflow import Simulation, skipped_by
from dagport.semantics.outcomes.model import ABSENT, STATES, Key, RunState, State
from dagport.semantics.outcomes.rules import FAST, Counts, Version, rule_of
from dagport.semantics.outcomes.shape import Node

States = frozenset[str]  # of instances
ANY: States = frozenset(STATES)
RUNS = "runs"  # among decisions: the task may run, and ends as its outcome says
MOST_COMBINATIONS = 400
SURE: States = frozenset({"success"})
EVERYTHING = -1  # as bits: what never happens may be said to need everything
UNCONDITIONAL = ("always", "dummy")
MARKS_AT_THE_END = ("all_done", "all_done_setup_success", "one_success", "one_failed", "one_done")
MARKS_NO_SUCCESS = (
    "all_success",
    "none_failed",
    "none_failed_min_one_success",
    "none_failed_or_skipped",
    "none_skipped",
)


def union(masks: list[int]) -> int:
    """Bits of any."""
    return reduce(int.__or__, masks, 0)


def intersection(masks: list[int]) -> int:
    """Bits of all."""
    return reduce(int.__and__, masks, EVERYTHING)


@dataclass(slots=True)
class Found:
    """What is known of one task. Tasks that must have ended are bits of a number."""

    final: dict[int, States] = field(default_factory=dict)  # by map index
    seen: dict[int, States] = field(default_factory=dict)  # what others may have seen of it meanwhile
    sure: bool = True  # whether its instances are these in every order
    needs: int = 0  # tasks that have ended, in every order, before an instance of this one gets a final state
    run_needs: int = 0  # the same for an instance that runs
    at_once: int = 0  # branches at whose end it is skipped, if not before


def possible(simulation: Simulation) -> tuple[dict[Key, frozenset[State | None]], frozenset[RunState]]:
    """All states of instances that may end in more than one, and all of the run, by a finished simulation."""
    analysis = _Analysis(simulation)
    for number in simulation.shape.order:
        analysis.found[number] = analysis.task(number)
    return analysis.varying(), analysis.runs()


class _Analysis:
    def __init__(self, simulation: Simulation) -> None:
        self.simulation, self.shape = simulation, simulation.shape
        self.found: list[Found] = [Found() for _ in self.shape.nodes]
        self.skippers: list[list[int]] = [[] for _ in self.shape.nodes]
        for number, node in enumerate(self.shape.nodes):
            if (node.branch or node.short_circuit or node.latest_only) and not (node.mapped or node.group):
                outcome = simulation.outcomes.of(node.id)
                if self.own(number, node, -1) == "success":
                    for other in skipped_by(self.shape, node, outcome, simulation.chosen(outcome)):
                        self.skippers[other].append(number)

    # ------------------------------------------------------------------------------------------ one task

    def task(self, number: int) -> Found:
        """What a task may end in."""
        node, rows = self.shape.nodes[number], self.simulation.rows[number]
        found = Found()
        found.run_needs, marked_needs = self.needs(number, node)
        if self.expansion_varies(number, node):
            found.sure = False
            length = max([self.simulation.length(number) or 0, *(index + 1 for index in rows)])
            found.final = dict.fromkeys(range(-1, length), ANY)
            found.seen = found.final
            found.needs = found.run_needs & marked_needs
            return found
        for index in rows:
            final, seen = self.instance(number, node, index, found)
            found.final[index], found.seen[index] = final, seen
        ran = any(self.simulation.tries.get((number, index)) for index in rows)
        found.needs = found.run_needs if ran and not self.may_be_marked(found) else found.run_needs & marked_needs
        return found

    def may_be_marked(self, found: Found) -> bool:
        return any(len(states) > 1 or states & {"skipped", "upstream_failed"} for states in found.seen.values())

    def needs(self, number: int, node: Node) -> tuple[int, int]:
        """The tasks that have ended before an instance runs, and before it is marked."""
        before = [self.ended(node, upstream) for upstream in node.upstream]
        setups = [self.ended(node, setup) for setup in node.setups]
        producers = [self.ended(node, producer) for producer in node.producers]
        joined = intersection(before) if node.rule.early and before else union(before)
        runs = 0 if node.rule_name in UNCONDITIONAL else joined | union(setups)
        runs |= union(producers)
        marks = [self.ended(node, one) for one in (*node.setups, *node.producers) if self.states(one) != {"success"}]
        if node.rule_name in MARKS_AT_THE_END:
            marks.append(union(before))
        elif node.rule_name in MARKS_NO_SUCCESS:
            marks += [self.ended(node, one) for one in node.upstream if self.states(one) != {"success"}]
        elif node.rule_name not in UNCONDITIONAL:
            marks += before
        marks += [self.found[one].needs | 1 << one for one in self.skippers[number]]
        return runs, intersection(marks)

    def ended(self, node: Node, other: int) -> int:
        """What has ended once an instance of another task has: itself only where all of its instances count."""
        alone = node.group is not None and self.shape.nodes[other].group == node.group
        return self.found[other].needs | (0 if alone else 1 << other)

    def expansion_varies(self, number: int, node: Node) -> bool:
        """Whether a mapped task may be expanded in one order, and marked or of another length in another."""
        if not (node.mapped or node.group):
            return False
        related = (*node.upstream, *node.setups, *node.producers)
        if not all(self.found[one].sure for one in related):
            return True
        if any(len(states) > 1 for one in related for states in self.found[one].seen.values()):
            return True
        if self.skippers[number] and not self.waits(number, node):
            return True
        if node.rule.early and node.rule_name not in UNCONDITIONAL:
            waited = intersection([self.ended(node, upstream) for upstream in node.upstream])
            if any(not waited >> one & 1 for one in node.producers):
                return True  # may be expanded before the list that it is mapped over is there
        states = {state for one in related for states in self.found[one].seen.values() for state in states}
        return bool(states & {"failed", "upstream_failed"}) and "skipped" in states

    def waits(self, number: int, node: Node) -> bool:
        """Whether it can't run before all that may skip it have ended."""
        runs = self.needs(number, node)[0]
        return all(runs >> one & 1 for one in self.skippers[number])

    def instance(self, number: int, node: Node, index: int, found: Found) -> tuple[States, States]:
        """What an instance may end in, and what may be seen of it meanwhile."""
        own = self.own(number, node, index)
        if index < 0 and (node.mapped or node.group):
            return self.as_a_whole(number, node, found)
        if number in self.simulation.born:
            return (born := frozenset({self.simulation.born[number]})), born
        decisions = self.decisions(node, index, found)
        base = frozenset(own if one == RUNS else one for one in decisions)
        told = self.told(node, number, index)
        if told:
            waits = not node.rule.early and all(self.found[one].seen.get(index) == SURE for one in told)
            marks = frozenset(decisions - {RUNS}) | {"skipped"}
            both = marks if waits else base | {"skipped"}
            return both, both
        return self.with_skippers(number, base, decisions, own, found)

    def as_a_whole(self, number: int, node: Node, found: Found) -> tuple[States, States]:
        """What a task that isn't expanded may end in."""
        marks = set(self.decisions(node, -1, found)) - {RUNS}
        whole = {state for one in node.producers for state in self.found[one].seen.get(-1, frozenset())} - {"success"}
        marks |= {"skipped" if state == "skipped" else "upstream_failed" for state in whole}
        state = self.simulation.rows[number][-1]
        if not marks:
            only = frozenset({state}) if state in STATES else frozenset()
            return only, only
        base = frozenset(marks | {state})
        return self.with_skippers(number, base, frozenset(marks), "success", found)

    def with_skippers(
        self, number: int, base: States, decisions: frozenset[str], own: str, found: Found
    ) -> tuple[States, States]:
        """What branches and short circuits make of it that skip it at their end."""
        skippers = self.skippers[number]
        if not skippers:
            return base, base
        seen = base | {"skipped"}
        sure = [one for one in skippers if self.found[one].seen == {-1: frozenset({"success"})}]
        if not sure:
            return seen, seen
        found.at_once = union([1 << one for one in sure])
        if any(found.run_needs >> one & 1 for one in sure) or RUNS not in decisions:
            marked = frozenset(decisions - {RUNS})
            marks = self.needs(number, self.shape.nodes[number])[1]
            first = any(marks >> one & 1 for one in sure)  # nothing can mark it before
            return frozenset({"skipped"}), frozenset({"skipped"}) if first else marked | {"skipped"}
        return frozenset({"skipped", own}), seen

    def own(self, number: int, node: Node, index: int) -> str:
        """How it ends when it runs."""
        outcome, tries = self.simulation.outcomes.of(node.id, index), 1
        while (state := self.simulation.state_after(node, outcome, tries)) not in STATES:
            tries += 1
        return state

    def told(self, node: Node, number: int, index: int) -> list[int]:
        """The mapped branches that have left word for this index to be skipped."""
        return [
            one for one in node.upstream
            if index >= 0 and number in self.simulation.marked.get((one, index), ())
            and (self.shape.nodes[one].mapped or self.shape.version == "2")
        ]  # fmt: skip

    # ------------------------------------------------------------------------------------------ rules

    def decisions(self, node: Node, index: int, found: Found) -> frozenset[str]:
        """What the trigger rule and the setups may decide: a state, or that it runs."""
        if not node.upstream or node.rule_name in UNCONDITIONAL:
            return frozenset({RUNS})
        if not all(self.found[one].sure for one in (*node.upstream, *node.setups)):
            return decisions_of("all_success" if node.setups else node.rule_name, self.shape.version)
        by_setups: set[str] = set()
        for counts in self.combinations(node, index, node.setups):
            by_setups |= {"upstream_failed"} if counts.bad else set()
            by_setups |= {"skipped"} if counts.skipped else set()
            by_setups |= {RUNS} if counts.success == counts.upstream else set()
        by_rule: set[str] = set()
        for counts in self.combinations(node, index, node.upstream):
            by_rule |= self.by_rule(node, index, counts, found)
        if not node.setups or by_setups == {RUNS}:
            return frozenset(by_rule)
        runs = {RUNS} & by_setups & by_rule
        return frozenset(runs | (by_setups | by_rule) - {RUNS})

    def by_rule(self, node: Node, index: int, counts: Counts, found: Found) -> set[str]:
        """The decisions for given ends of the upstreams, in every order."""
        if node.rule_name == "all_success" and counts.bad and counts.skipped:
            return {"skipped"} if self.skip_is_first(node, found) else {"skipped", "upstream_failed"}
        mark = node.rule.mark(counts)
        return {mark} if mark else {RUNS} if node.rule.passes(counts) else set()

    def skip_is_first(self, node: Node, found: Found) -> bool:
        """Whether one upstream is skipped at the end of a branch that everything which fails waits for."""
        failing = [one for one in node.upstream if {"failed", "upstream_failed"} & self.states(one)]
        waited = intersection([self.found[one].needs & self.found[one].run_needs for one in failing])
        return any(self.found[one].at_once & waited and self.states(one) == {"skipped"} for one in node.upstream)

    def states(self, number: int) -> set[str]:
        return {state for states in self.found[number].seen.values() for state in states}

    def combinations(self, node: Node, index: int, others: Iterable[int]) -> set[Counts]:
        """The counts that the upstream instances may add up to; of too many, a coarser and larger set."""
        reached = {Counts(0)}
        for other in others:
            setup = self.shape.nodes[other].setup
            only = self.same_index(node, index, other)
            for place, states in self.found[other].seen.items():
                if only and place >= 0 and place != index:
                    continue
                reached = {_with(counts, state, setup) for counts in reached for state in states or STATES}
                if len(reached) > MOST_COMBINATIONS:
                    reached = {_with(_coarse(counts), state, setup) for counts in reached for state in states}
        return reached

    def same_index(self, node: Node, index: int, other: int) -> bool:
        if node.group is None or self.shape.nodes[other].group != node.group:
            return False
        fast = self.shape.version == "2" and node.rule_name in FAST["2"] and other not in node.producers
        return not fast

    # ------------------------------------------------------------------------------------------ answers

    def varying(self) -> dict[Key, frozenset[State | None]]:
        """The instances with more than one possible state."""
        answer: dict[Key, frozenset[State | None]] = {}
        for node, found in zip(self.shape.nodes, self.found, strict=True):
            for index, states in found.final.items():
                if len(states) > 1 or not found.sure:
                    known = {state for state in STATES if state in states}
                    answer[node.id, index] = frozenset(known if found.sure else {*known, ABSENT})
        return answer

    def runs(self) -> frozenset[RunState]:
        """What the run may end in."""
        worst = best = False
        for leaf in self.shape.leaves:
            for states in self.found[leaf].final.values():
                bad = states & {"failed", "upstream_failed"}
                worst = worst or bool(bad)
                best = best or (bad == states and self.found[leaf].sure)
        return frozenset({"failed"} if best else {"failed", "success"} if worst else {"success"})


@cache
def decisions_of(rule_name: str, version: Version) -> frozenset[str]:
    """All that a rule or a setup may decide, whatever the upstreams end in."""
    rule = rule_of(rule_name, version)
    found: set[str] = (
        {"skipped", "upstream_failed"} if rule_name in ("all_success", "all_done_setup_success") else set()
    )
    for states in product(range(3), repeat=4):
        counts = Counts(sum(states), *states)
        mark = rule.mark(counts)
        found |= {mark} if mark else {RUNS} if rule.passes(counts) else set()
    return frozenset(found)


def _with(counts: Counts, state: str, setup: bool) -> Counts:
    changed = {state: getattr(counts, state) + 1, "upstream": counts.upstream + 1}
    if setup:
        changed["setups"] = counts.setups + 1
        changed["success_setups"] = counts.success_setups + (state == "success")
        changed["skipped_setups"] = counts.skipped_setups + (state == "skipped")
    return replace_counts(counts, changed)


def replace_counts(counts: Counts, changed: dict[str, int]) -> Counts:
    """The counts with some changed."""
    return counts._replace(**changed)


def _coarse(counts: Counts) -> Counts:
    """Rules ask for none, some and all: more than two of a state are as good as two."""
    states = {state: min(getattr(counts, state), 2) for state in STATES}
    return counts._replace(**states, upstream=sum(states.values()))
