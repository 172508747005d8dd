"""How a run of a target ends when its tasks do what is dictated: the model of what its code says.

Plain tasks go by the target's own rule (``semantics.outcomes.dagster`` and ``prefect``), gated ones by Airflow's, which
the project carries along, and those that are delegated end as Airflow lets them end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

from dagport.graph import Pipeline
from dagport.semantics.outcomes import Outcome, Outcomes, Prediction
from dagport.semantics.outcomes.model import Key, RunState, State
from dagport.semantics.outcomes.predict import predict_airflow
from dagport.semantics.outcomes.shape import Shape
from dagport.verify.sides import NotModelledError, mapped_groups
from dagport.verify.targets.model import Expansion, Gate, TargetPipeline, Unit
from dagport.writers.common.support.rules import Ended, Verdict, decide, not_chosen

BAD = ("failed", "upstream_failed")


@dataclass(frozen=True)
class TargetSide:
    """A target, ready for many predictions."""

    source: Pipeline
    shape: Shape  # of the source
    target: TargetPipeline
    orchestrator: Literal["dagster", "prefect"]

    @cached_property
    def order(self) -> list[tuple[Unit, ...]]:
        """What is decided together, upstreams first.

        Raises ``NotModelledError`` for a cycle, and for a task that the source hasn't.
        """
        blocks: dict[str, list[Unit]] = {}
        if new := self.target.units.keys() - self.shape.number.keys():
            raise NotModelledError(f"`{min(new)}` isn't in the source")
        for unit in self.target.units.values():
            together = unit.together or (unit.expansion.id if unit.expansion else None)
            blocks.setdefault(f"together {together}" if together else unit.id, []).append(unit)
        home = {unit.id: name for name, units in blocks.items() for unit in units}
        waiting = {
            name: {home[one] for unit in units for one in _needed(unit) if one in home} - {name}
            for name, units in blocks.items()
        }
        found: list[tuple[Unit, ...]] = []
        while waiting:
            ready = [name for name, before in waiting.items() if not before & waiting.keys()]
            if not ready:
                raise NotModelledError("the target's tasks wait for each other")
            for name in ready:
                del waiting[name]
                found.append(tuple(_sorted(blocks[name])))
        return found

    @cached_property
    def inner(self) -> dict[str, Shape]:
        """The part of the source that Airflow runs for each block, by its first task."""
        return {
            block[0].id: _part(self.source, {unit.id for unit in block}, self.shape)
            for block in self.order
            if block[0].how == "delegated"
        }

    @property
    def delegates(self) -> bool:
        """Whether Airflow runs some of it."""
        return any(unit.how == "delegated" for unit in self.target.units.values())

    def predict(self, outcomes: Outcomes) -> Prediction:
        """How a run ends."""
        return _Run(self, outcomes).prediction()


def _needed(unit: Unit) -> Iterator[str]:
    """All that has to have ended before it is decided."""
    yield from unit.after
    yield from unit.takes.values()
    gates = [unit.gate, unit.expansion.gate if unit.expansion else None]
    for gate in filter(None, gates):
        yield from (*gate.choosers, *gate.setups, *gate.scope)
    if unit.expansion is not None:
        yield from (*unit.expansion.after, *unit.expansion.lists)


def _sorted(units: list[Unit]) -> list[Unit]:
    """Those of a group, upstreams first."""
    found: list[Unit] = []
    waiting = {unit.id: unit for unit in units}
    while waiting:
        ready = [unit for unit in waiting.values() if not (set(_needed(unit)) - {unit.id}) & waiting.keys()]
        if not ready:
            raise NotModelledError("the target's tasks wait for each other")
        for unit in ready:
            found.append(waiting.pop(unit.id))
    return found


def _part(source: Pipeline, members: set[str], shape: Shape) -> Shape:
    tasks = tuple(task for task in source.tasks if task.id in members)
    edges = tuple(edge for edge in source.edges if {edge.upstream, edge.downstream} <= members)
    part = replace(source, tasks=tasks, edges=edges, data_flows=())
    return Shape.of(part, shape.version, mapped_groups(source))


class _Run:
    def __init__(self, side: TargetSide, outcomes: Outcomes) -> None:
        self.side, self.outcomes = side, outcomes
        self.states: dict[Key, State | None] = {}
        self.possible: dict[Key, frozenset[State | None]] = {}
        self.tries: dict[Key, int] = {}
        self.ends: dict[str, Ended] = {}
        self.dead: set[str] = set()  # of Dagster: its step has failed, or was abandoned
        self.lost: set[str] = set()  # of Dagster: its step was skipped
        self.expanded: dict[str, tuple[Verdict, int]] = {}

    def prediction(self) -> Prediction:
        for block in self.side.order:
            if block[0].how == "delegated" and not self._is_op(block[0]):
                self._delegated(block)
            elif block[0].how == "plain":
                self._plain(block[0])
            else:
                self._gated(block)
        run = self._run()
        return Prediction(
            states=self.states, tries=self.tries, run=run, possible=self.possible, possible_runs=frozenset({run})
        )

    def _is_op(self, unit: Unit) -> bool:
        """Whether it is an op of a graph of Dagster's, which asks Airflow's rule itself."""
        return self.side.orchestrator == "dagster" and unit.gate is not None

    def _run(self) -> RunState:
        returns = self.side.target.returns
        if self.side.orchestrator == "dagster":
            counted = [self.ends[one] for one in returns or () if one in self.ends]
            return "failed" if self.dead or any(one.failed for one in counted) else "success"
        counted = list(self.ends.values()) if returns is None else [self.ends[one] for one in returns]
        return "failed" if any(one.failed for one in counted) else "success"

    def _set(self, ended: Ended) -> None:
        """Take up how a task has ended."""
        self.ends[ended.task] = ended
        for index, one in [(-1, ended)] if ended.instances is None else enumerate(ended.instances):
            self.states[ended.task, index] = one.state

    def _before(self, names: Iterable[str]) -> State:
        """What the target's own rule makes of the tasks before: "success" runs."""
        found = [name for name in names if name in self.ends]
        if self.side.orchestrator == "prefect":
            return "upstream_failed" if any(self.ends[name].failed for name in found) else "success"
        if any(self._has_nothing(name) for name in found):
            return "skipped"
        return "upstream_failed" if self.dead & set(found) else "success"

    def _has_nothing(self, name: str) -> bool:
        """Whether a step of Dagster has ended well, or was skipped, and has yielded no asset."""
        if name in self.dead:
            return False
        return name in self.lost or not any(one.state == "success" for one in self.ends[name].each)

    # Tasks by the target's own rule

    def _plain(self, unit: Unit) -> None:
        state, tries = self._before(sorted(unit.after)), 0
        ran = state == "success"
        skips: tuple[str, ...] = ()
        if ran:
            outcome = self._dictated(unit, -1)
            state, tries = _ended(unit, outcome)
            skips = _skips(unit, outcome) if state == "success" else ()
        self._set(Ended(unit.id, state, skips=skips, round=self._round(unit.after), setup=unit.setup))
        self.tries[unit.id, -1] = tries
        if state in BAD:
            self.dead.add(unit.id)
        elif state == "skipped" and not ran:
            self.lost.add(unit.id)

    def _round(self, after: Iterable[str]) -> int:
        """The round in which it ends; what lies before a graph of Dagster's counts as ended from the beginning."""
        if self.side.orchestrator == "dagster":
            return 0
        return 1 + max((one.round for name in after if name in self.ends for one in self.ends[name].each), default=0)

    # Tasks by Airflow's rule

    def _gated(self, block: tuple[Unit, ...]) -> None:
        first = block[0]
        if first.expansion is None:
            self._one(first)
            return
        verdict, count = self._expand(first)
        if verdict.state is not None or not count:
            for unit in block:
                self._empty(unit, verdict)
            return
        done: list[dict[str, Ended]] = []
        for index in range(count):
            here: dict[str, Ended] = {}
            for unit in block:
                here[unit.id] = self._instance(unit, index, here, verdict)
            done.append(here)
        for unit in block:
            self._set(Ended(unit.id, "success", instances=tuple(here[unit.id] for here in done), setup=unit.setup))
            self._may_die(unit)

    def _engine(self, unit: Unit, names: Iterable[str]) -> bool:
        """Whether Dagster itself doesn't let it decide: a step before it has failed, or was skipped."""
        if self.side.orchestrator != "dagster":
            return False
        found = set(names)
        plain = {name for name in found & self.ends.keys() if self._is_outside(name)}
        if found & self.lost or any(self._has_nothing(name) for name in plain):
            self.lost.add(unit.id)
            self._set(Ended(unit.id, "skipped"))
        elif found & self.dead:
            self.dead.add(unit.id)
            self._set(Ended(unit.id, "upstream_failed"))
        else:
            return False
        self.tries[unit.id, -1] = 0
        return True

    def _is_outside(self, name: str) -> bool:
        unit = self.side.target.units[name]
        return unit.how != "gated" and not self._is_op(unit)

    def _one(self, unit: Unit) -> None:
        gate = unit.gate or Gate()
        names = {*unit.after, *gate.choosers, *gate.setups, *gate.scope, *unit.takes.values()}
        if self._engine(unit, names):
            return
        verdict = _decide(
            unit.id, unit.rule, self._all(unit.after), choosers=self._all(gate.choosers),
            setups=self._all(gate.setups), scope=self._all(gate.scope),
        )  # fmt: skip
        by_airflow = unit.how == "delegated" and verdict.state is None
        self._set(self._in_airflow(unit, verdict) if by_airflow else self._decided(unit, verdict, -1))
        self._may_die(unit)

    def _in_airflow(self, unit: Unit, verdict: Verdict) -> Ended:
        """How a task ends that Airflow runs alone."""
        inner = predict_airflow(self.side.inner[unit.id], self.outcomes, version=self.side.shape.version)
        self.possible |= inner.possible
        self.tries |= inner.tries
        return Ended(unit.id, inner.states[unit.id, -1] or "failed", round=verdict.round)

    def _all(self, names: Iterable[str]) -> tuple[Ended, ...]:
        return tuple(self.ends[name] for name in names if name in self.ends)

    def _decided(self, unit: Unit, verdict: Verdict, index: int) -> Ended:
        self.tries[unit.id, index] = 0
        if verdict.state is not None:
            return Ended(unit.id, verdict.state, round=verdict.round, setup=unit.setup)
        outcome = self._dictated(unit, index)
        state, self.tries[unit.id, index] = _ended(unit, outcome)
        skips = _skips(unit, outcome) if state == "success" else ()
        return Ended(unit.id, state, skips=skips, round=verdict.round, setup=unit.setup)

    def _dictated(self, unit: Unit, index: int) -> Outcome:
        """What its function does; a branch may choose what its code doesn't know, which is a failure."""
        outcome = self.outcomes.of(unit.id, index)
        gate, node = unit.gate or Gate(), self.side.shape.nodes[self.side.shape.number[unit.id]]
        if gate.ways is None or outcome.ends != "success":
            return outcome
        chosen = outcome.chosen or ()
        if node.latest_only and outcome.truthy:
            chosen = tuple(self.side.shape.nodes[one].id for one in node.downstream)
        known = {*gate.ways, *gate.known}
        return outcome if set(chosen) <= known else replace(outcome, ends="fail_now")

    def _may_die(self, unit: Unit) -> None:
        if self.side.orchestrator == "dagster" and not (unit.gate or Gate()).caught and self.ends[unit.id].failed:
            self.dead.add(unit.id)

    def _expand(self, unit: Unit) -> tuple[Verdict, int]:
        expansion = unit.expansion or Expansion(id=unit.id)
        gate = expansion.gate
        lists = self._all(expansion.lists)
        known = lists if unit.mapped else tuple(map(_from_the_beginning, lists))
        verdict = _decide(
            expansion.id, expansion.rule, self._all(expansion.after), choosers=self._all(gate.choosers),
            setups=self._all(gate.setups), lists=known,
        )  # fmt: skip
        node = self.side.shape.nodes[self.side.shape.number[unit.id]]
        handed = [one for one in lists if one.instances is not None]
        if handed and not node.group:
            return verdict, sum(one.state == "success" for one in handed[0].each)
        count = self.outcomes.items.get(node.group or unit.id)
        return verdict, count if count is not None else 1 if node.literal_length is None else node.literal_length

    def _empty(self, unit: Unit, verdict: Verdict) -> None:
        """What becomes of a task that has no instances."""
        state = verdict.state or "skipped"
        if not unit.mapped and unit.after:
            whole = Ended(unit.id, state, round=0 if self.side.orchestrator == "dagster" else verdict.round)
            outside = [name for name in unit.after if not self._is_beside(unit, name)]
            if outside:
                state = _decide(unit.id, unit.rule, self._all(outside), lists=(whole,)).state or "skipped"
        self._set(Ended(unit.id, state, round=verdict.round, setup=unit.setup))
        self.tries[unit.id, -1] = 0
        self._may_die(unit)

    def _is_beside(self, unit: Unit, name: str) -> bool:
        other = self.side.target.units.get(name)
        return other is not None and other.expansion is not None and other.expansion == unit.expansion

    def _instance(self, unit: Unit, index: int, here: Mapping[str, Ended], whole: Verdict) -> Ended:
        if unit.mapped:
            return self._decided(unit, Verdict(None, whole.round + 1), index)
        gate = unit.gate or Gate()
        ends = {**self.ends, **here}
        upstream, choosers = (tuple(ends[one] for one in names if one in ends) for names in (unit.after, gate.choosers))
        verdict = _decide(unit.id, unit.rule, upstream, choosers=choosers, setups=self._all(gate.setups))
        return self._decided(unit, Verdict(verdict.state, max(verdict.round, whole.round) + 1), index)

    # Tasks that Airflow runs

    def _delegated(self, block: tuple[Unit, ...]) -> None:
        members = {unit.id for unit in block}
        outside = sorted({one for unit in block for one in unit.after} - members)
        before = self._before(outside)
        if block[0].gate is not None and self.side.orchestrator == "prefect":
            before = _decide(block[0].id, block[0].rule, self._all(outside)).state or "success"
        if before != "success":
            for name in members:
                self._set(Ended(name, before))
            (self.lost if before == "skipped" else self.dead).update(members)
            return
        inner = predict_airflow(self.side.inner[block[0].id], self.outcomes, version=self.side.shape.version)
        self.states |= inner.states
        self.possible |= inner.possible
        self.tries |= inner.tries
        for name in members:
            state = _whole(state for (one, _), state in inner.states.items() if one == name)
            self.ends[name] = Ended(name, state)
            if state in BAD:
                self.dead.add(name)


@lru_cache(maxsize=10_000)
def _decide(
    task: str, rule: str, upstream: tuple[Ended, ...], *, choosers: tuple[Ended, ...] = (),
    setups: tuple[Ended, ...] = (), scope: tuple[Ended, ...] = (), lists: tuple[Ended, ...] = (),
) -> Verdict:  # fmt: skip
    """``decide``, asked once for the same ends: most outcomes differ in a few tasks only."""
    return decide(task, rule, upstream, choosers=choosers, setups=setups, scope=scope, lists=lists)


def _from_the_beginning(ended: Ended) -> Ended:
    """A list that a group's expansion waits for, whatever the rules of its tasks."""
    instances = ended.instances and tuple(map(_from_the_beginning, ended.instances))
    return replace(ended, round=0, instances=instances)


def _skips(unit: Unit, outcome: Outcome) -> tuple[str, ...]:
    """The tasks that a branch or a short circuit skips."""
    gate = unit.gate or Gate()
    if not outcome.truthy:
        return gate.skips
    if gate.ways is None:
        return ()
    chosen = [one for one in outcome.chosen or () if one in gate.ways or one in gate.known]
    return not_chosen(chosen, gate.ways, gate.known)


def _whole(states: Iterator[State | None]) -> State:
    """How a task with instances has ended for those after it."""
    found = set(states)
    return "failed" if found & set(BAD) else "skipped" if "skipped" in found else "success"


def _ended(unit: Unit, outcome: Outcome) -> tuple[State, int]:
    """How a task that runs ends, and after how many tries."""
    gate = unit.gate
    state: State = "failed"
    if (
        gate is not None
        and gate.never_fail
        and (outcome.ends in ("fail", "fail_now") or outcome.failures > unit.retries)
    ):
        return "skipped", 1
    if outcome.failures > unit.retries or outcome.ends == "fail":
        return state, unit.retries + 1
    tries = outcome.failures + 1
    if outcome.ends == "fail_now":
        return ("skipped" if gate is not None and gate.soft_fail else state), tries
    if outcome.ends == "skip":
        return ("skipped" if unit.optional or gate is not None else state), tries
    return "success", tries
