"""How an Airflow DAG run ends: ``DagRun.update_state`` and the dependencies it looks at, of 2.11 and 3.3.

The scheduler decides in passes. A pass looks at what has finished before it, marks what will never run, expands what
is mapped and says what can run. Between two passes tasks run and end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from dagport.graph import Pipeline
from dagport.semantics.outcomes.model import Key, Outcome, Outcomes, Prediction, RunState, State
from dagport.semantics.outcomes.rules import FAST, Counts, Version
from dagport.semantics.outcomes.shape import Node, Shape

Instance = tuple[int, int]  # number of a task, map index
Order = Callable[[Shape, list[Instance]], Sequence[Instance]]
"""Which of the running instances end before the scheduler decides again, and in which order."""
WAITING, RUNNING, RETRY = "", "running", "up_for_retry"
UNFINISHED = (WAITING, RUNNING, RETRY)
Past = frozenset[int]  # tasks that depend on the past and may not run
NOBODY = Past()


def heaviest_first(shape: Shape, running: list[Instance]) -> Sequence[Instance]:
    """All end before the next decision: every task takes equally long."""
    return sorted(running, key=lambda one: (-shape.nodes[one[0]].weight, shape.nodes[one[0]].id, one[1]))


class Simulation:
    """One run, in one order."""

    def __init__(self, shape: Shape, outcomes: Outcomes, order: Order = heaviest_first, blocked: Past = NOBODY) -> None:
        self.shape, self.outcomes, self.order, self.blocked = shape, outcomes, order, blocked
        self.rows: list[dict[int, str]] = [{-1: WAITING} for _ in shape.nodes]
        self.seen: list[dict[int, State]] = [{} for _ in shape.nodes]  # what has finished before this pass
        self.marked: dict[Instance, set[int]] = {}  # what a branch or short circuit has told to be skipped
        self.tries: dict[Instance, int] = {}
        self.born: dict[int, State] = {}  # tasks whose instances are marked as they are made
        self.changed: set[int] = set()  # tasks that have finished since the last pass
        self.open: set[int] = set(range(len(shape.nodes)))  # tasks to decide about in the next pass

    def go(self) -> RunState:
        """Run to the end."""
        running: list[Instance] = []
        while True:
            ready, moved = self.decide()
            running += ready
            if not running and not moved:
                return self.ending()
            ended = self.order(self.shape, running) if running else ()
            for one in ended:
                running.remove(one)
                if self.rows[one[0]].get(one[1]) == RUNNING:
                    self.run(one)

    def ending(self) -> RunState:
        """``DagRun.update_state``: the leaves decide; a run that is stuck has failed."""
        rows, nodes = self.rows, self.shape.nodes
        stuck = [n for n, row in enumerate(rows) for state in row.values() if state in UNFINISHED]
        if stuck:
            return "running" if any(nodes[one].past for one in stuck) else "failed"
        failed = any(s in ("failed", "upstream_failed") for n in self.shape.leaves for s in rows[n].values())
        return "failed" if failed else "success"

    # ------------------------------------------------------------------------------------------ deciding

    def decide(self) -> tuple[list[Instance], bool]:
        """One pass: what can run now, and whether anything else has changed."""
        for number in self.changed:
            self.seen[number] = {i: s for i, s in self.rows[number].items() if s not in UNFINISHED}  # type: ignore[misc]
        self.changed = set()
        numbers, self.open = sorted(self.open), set()
        ready: list[Instance] = []
        marks: list[tuple[Instance, State]] = []
        expanded = False
        for number in numbers:
            rows = self.rows[number]
            if self.can_expand(number) and self.expand(number, marks):
                expanded = True
            for index, state in rows.items():
                if state in (WAITING, RETRY) and not self.needs_expansion(number, index) and number not in self.born:
                    mark, passes = self.evaluate(number, index)
                    if mark:
                        marks.append(((number, index), mark))
                    elif passes:
                        ready.append((number, index))
        for (number, index), state in marks:
            self.finish(number, index, state)
        for number, index in ready:
            self.rows[number][index] = RUNNING
        return ready, expanded or bool(marks)

    def needs_expansion(self, number: int, index: int) -> bool:
        """Whether it stands for the instances of a mapped task, or of one in a mapped group."""
        node = self.shape.nodes[number]
        return index < 0 and (node.mapped or node.group is not None)

    def can_expand(self, number: int) -> bool:
        """Whether a task is still to be expanded."""
        return self.rows[number].get(-1) == WAITING and self.needs_expansion(number, -1)

    def expand(self, number: int, marks: list[tuple[Instance, State]]) -> bool:
        """``TaskMap.expand_mapped_task``: no items are a skip, a missing list an upstream failure."""
        mark, passes = self.evaluate(number, -1)
        if not passes:
            if mark:
                marks.append(((number, -1), mark))
            return False
        length = self.length(number)
        if not length:
            marks.append(((number, -1), "skipped" if length == 0 else "upstream_failed"))
            return False
        self.rows[number] = dict.fromkeys(range(length), WAITING)
        if mark:  # no upstream counts at index -1, so a rule may both pass and mark: its instances begin so
            self.born[number] = mark
            marks.extend(((number, index), mark) for index in range(length))
        self.open.update(self.shape.watchers[number])
        self.open.add(number)
        return True

    def length(self, number: int) -> int | None:
        """How many instances a task gets; ``None`` while that isn't known (``NotFullyPopulated``)."""
        node, items = self.shape.nodes[number], self.outcomes.items
        for producer in node.producers:
            states = self.seen[producer]
            if len(states) < len(self.rows[producer]):
                return None
            if states.get(-1, "success") != "success" and not self.shape.nodes[producer].mapped:
                return None
        if len(node.producers) == 1 and self.shape.nodes[node.producers[0]].mapped:
            states = self.seen[node.producers[0]]  # one item of each instance that has handed over a result
            return sum(index >= 0 and state == "success" for index, state in states.items())
        return items.get(node.group or node.id, 1 if node.literal_length is None else node.literal_length)

    def evaluate(self, number: int, index: int) -> tuple[State | None, bool]:
        """The state that an instance is given without running, and whether it may run (or be expanded).

        The classes in ``BaseOperator.deps`` are asked one after the other, and each may give a state: here
        ``NotPreviouslySkippedDep``, ``TriggerRuleDep``, ``MappedTaskUpstreamDep`` and ``PrevDagrunDep``.
        """
        node = self.shape.nodes[number]
        if self.previously_skipped(node, number, index):
            return "skipped", False
        mark, passes = self.by_rule(node, index)
        if node.mapped or node.group:
            whole, expandable = self.by_producers(node)
            passes = passes and expandable
            mark = whole if mark is None or whole == "upstream_failed" else mark
        return mark, passes and number not in self.blocked

    def by_rule(self, node: Node, index: int) -> tuple[State | None, bool]:
        """``TriggerRuleDep``."""
        if not node.upstream or node.rule_name in ("always", "dummy"):
            return None, True
        passes = True
        if node.setups:
            setups = self.counts(node, index, node.setups)
            mark: State | None = "upstream_failed" if setups.bad else "skipped" if setups.skipped else None
            if mark:
                return mark, False
            passes = setups.success >= setups.upstream
        counts = self.counts(node, index, node.upstream)
        mark = node.rule.mark(counts)
        passes = passes and node.rule.passes(counts)
        if passes and node.scope:
            passes = self.counts(node, index, node.scope).done
        return mark, passes

    def by_producers(self, node: Node) -> tuple[State | None, bool]:
        """``MappedTaskUpstreamDep``: what it is mapped over must not have failed or been skipped as a whole."""
        states = {self.seen[producer].get(-1) for producer in node.producers} - {None, "success"}
        if not states:
            return None, True
        return ("upstream_failed" if states - {"skipped"} else "skipped"), False

    def previously_skipped(self, node: Node, number: int, index: int) -> bool:
        """``NotPreviouslySkippedDep``. Airflow 3 looks for an unmapped parent's word at index -1 only."""
        for parent in node.upstream:
            parent_node = self.shape.nodes[parent]
            where = index if parent_node.mapped or self.shape.version == "2" else -1
            if self.seen[parent] and number in self.marked.get((parent, where), ()):
                return True
        return False

    def counts(self, node: Node, index: int, others: Iterable[int]) -> Counts:
        """The states of the upstream instances that count for an instance (``_is_relevant_upstream``)."""
        upstream = success = skipped = failed = upstream_failed = setups = success_setups = skipped_setups = 0
        for other in others:
            rows, seen = self.rows[other], self.seen[other]
            only = self.same_index(node, index, other)
            setup = self.shape.nodes[other].setup
            for place in rows:
                if only is not None and place >= 0 and place != only:
                    continue
                state = seen.get(place)
                upstream += 1
                success += state == "success"
                skipped += state == "skipped"
                failed += state == "failed"
                upstream_failed += state == "upstream_failed"
                if setup:
                    setups += 1
                    success_setups += state == "success"
                    skipped_setups += state == "skipped"
        return Counts(upstream, success, skipped, failed, upstream_failed, setups, success_setups, skipped_setups)

    def same_index(self, node: Node, index: int, other: int) -> int | None:
        """In a mapped group only the same index of the others counts; ``None``: all of them."""
        if node.group is None or self.shape.nodes[other].group != node.group:
            return None
        fast = node.rule_name in FAST[self.shape.version] and (self.shape.version == "2" or index < 0)
        if fast and other not in node.producers:
            return None
        return index if self.length(self.shape.number[node.id]) else None

    # ------------------------------------------------------------------------------------------ running

    def run(self, instance: Instance) -> None:
        """One try of a task's body."""
        number, index = instance
        node, outcome = self.shape.nodes[number], self.outcomes.of(self.shape.nodes[number].id, index)
        tries = self.tries[instance] = self.tries.get(instance, 0) + 1
        state = self.state_after(node, outcome, tries)
        if state == RETRY:
            self.rows[number][index] = RETRY
            self.open.add(number)
            return
        if state == "success" and (node.branch or node.short_circuit or node.latest_only):
            self.skip_others(node, number, index, outcome)
        self.finish(number, index, state)  # type: ignore[arg-type]

    def state_after(self, node: Node, outcome: Outcome, tries: int) -> str:
        """How one try ends: ``TaskInstance.handle_failure`` and ``BaseSensorOperator.execute``."""
        fails = tries <= outcome.failures or outcome.ends == "fail"
        if node.branch and not fails and outcome.ends == "success":
            fails = any(one not in self.shape.number for one in self.chosen(outcome))
        for_good = outcome.ends == "fail_now" and not fails
        if (for_good and node.soft_fail) or ((fails or for_good) and node.never_fail):
            return "skipped"
        if fails and tries <= node.retries:
            return RETRY
        return "failed" if fails or for_good else "skipped" if outcome.ends == "skip" else "success"

    def chosen(self, outcome: Outcome) -> list[str]:
        """The tasks that a branch returns; a group stands for its roots (``BranchMixIn``)."""
        roots = self.shape.roots
        return [task for one in outcome.chosen or () for task in roots.get(one, (one,))]

    def skip_others(self, node: Node, number: int, index: int, outcome: Outcome) -> None:
        """``SkipMixin``: what a branch or short circuit skips at its end, and what it leaves word for."""
        skipped = skipped_by(self.shape, node, outcome, self.chosen(outcome))
        if not skipped:
            return
        self.marked[number, index] = skipped
        self.open.update(node.downstream)
        if index >= 0 and self.shape.version == "3":
            return
        for other in skipped:
            for place in self.places(node, other, index):
                state = self.rows[other].get(place)
                kept = (RUNNING, "success", "failed") if self.shape.version == "3" else ()
                if state is not None and state not in kept:
                    self.finish(other, place, "skipped")

    def places(self, node: Node, other: int, index: int) -> list[int]:
        """The map indexes that are skipped at once; a short circuit of Airflow 2 skips every one."""
        if self.shape.version == "2" and node.short_circuit:
            return list(self.rows[other]) if index < 0 else []
        return [index]

    def finish(self, number: int, index: int, state: State) -> None:
        """An instance has got its final state; the next pass sees it."""
        self.rows[number][index] = state
        self.changed.add(number)
        self.open.update(self.shape.watchers[number])


def skipped_by(shape: Shape, node: Node, outcome: Outcome, chosen: Iterable[str]) -> set[int]:
    """The tasks that a branch or short circuit skips: ``skip_all_except``, ``ShortCircuitOperator.execute``."""
    if node.branch or node.latest_only:
        if node.latest_only and outcome.truthy:
            return set()
        followed = {shape.number[one] for one in chosen} if node.branch else set()
        followed = followed.union(*(shape.nodes[one].all_downstream for one in followed))
        return set(node.downstream) - followed
    if not node.short_circuit or outcome.truthy:
        return set()
    below = node.all_downstream if node.ignores_rules else node.downstream
    return {one for one in below if not shape.nodes[one].teardown}


def shape_of(pipeline: Pipeline | Shape, outcomes: Outcomes, version: Version) -> Shape:
    """The shape of a pipeline, with the groups mapped that have a number of items."""
    if isinstance(pipeline, Shape):
        return pipeline
    groups = {group.id for group in pipeline.groups}
    return Shape.of(pipeline, version, groups.intersection(outcomes.items))


def prediction(simulation: Simulation, run: RunState) -> Prediction:
    """What a finished simulation says."""
    states: dict[Key, State | None] = {}
    tries: dict[Key, int] = {}
    for number, node in enumerate(simulation.shape.nodes):
        for index, state in simulation.rows[number].items():
            states[node.id, index] = None if state in UNFINISHED else state  # type: ignore[assignment]
            tries[node.id, index] = simulation.tries.get((number, index), 0)
    return Prediction(states=states, tries=tries, run=run)
