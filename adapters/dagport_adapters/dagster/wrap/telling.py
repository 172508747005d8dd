"""From the events of a run to what Dagster is told: when a task counts as materialised, and when it doesn't.

Without Dagster: what is to be told is plain data.

A task is materialised when Airflow says ``success``, and never otherwise. Dagster wants the outputs of a step in the
order of its dependencies, where Airflow may start a task before all that it depends on has ended (``one_success``). So
a success waits until what it depends on has been settled; all else is told at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar

from dagport_adapters.runners.protocol import FINISHED_STATES, RunFinished, RunStarted, TaskEvent, TaskState

UNMAPPED = -1
STARTED: frozenset[TaskState] = frozenset({"queued", "running", "success", "deferred", "up_for_reschedule"})
PROVING_RULES = frozenset({"all_success", "none_failed", "none_failed_min_one_success"})
"""Rules by which a task starts when all that is upstream of it has ended and nothing of it has failed (Airflow's
``TriggerRuleDep``). The start by another rule that waits, such as ``all_done``, may be told before a failure upstream:
the clocks of a live Airflow's machines differ."""
SHOWN: frozenset[TaskState] = frozenset({*FINISHED_STATES, "up_for_retry"})
RANKED: Mapping[TaskState | None, int] = {
    "failed": 0, "upstream_failed": 1, "success": 3, "skipped": 4, "removed": 5,
}  # fmt: skip
UNFINISHED = 2  # all other states, and none
State = TypeVar("State", bound=TaskState | None)
Level: TypeAlias = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Said:
    """A line for the run's log."""

    text: str
    level: Level = "info"


@dataclass(frozen=True, slots=True)
class Observed:
    """A task, or one of its mapped instances, is in a state in which it has made nothing (or only a part)."""

    event: TaskEvent


@dataclass(frozen=True, slots=True)
class Summed:
    """How a mapped task ended, all its instances together."""

    task_id: str
    state: TaskState
    instances: tuple[TaskEvent, ...]


@dataclass(frozen=True, slots=True)
class Materialized:
    """A task has succeeded: what it makes is made."""

    task_id: str
    events: tuple[TaskEvent, ...]  # one, or one for each mapped instance


@dataclass(frozen=True, slots=True)
class NeverRan:
    """The run has ended and the task has no state: Airflow didn't get to it, or doesn't know it."""

    task_id: str


Told: TypeAlias = Said | Observed | Summed | Materialized | NeverRan


@dataclass(slots=True)
class _Task:
    last: dict[int, TaskEvent] = field(default_factory=dict)  # by map index
    mapped: bool = False
    settled: bool = False


class Telling:
    """One run as it goes on."""

    def __init__(
        self,
        chosen: Collection[str],
        *,
        before: Mapping[str, Collection[str]],
        upstream: Mapping[str, Collection[str]],
        rules: Mapping[str, str],
        mapped: Collection[str] = (),
    ) -> None:
        """``chosen`` are the tasks whose outputs Dagster expects; others may run, too, and are told in any order.

        ``before`` says which tasks Dagster wants to hear of before a task, ``upstream`` which ones Airflow runs before
        it.
        """
        self._before = {task: [one for one in before.get(task, ()) if one in chosen] for task in chosen}
        self._upstream = upstream
        self._rules = rules
        self._tasks = {task: _Task(mapped=task in mapped) for task in chosen}
        self._held: dict[str, Materialized] = {}
        self.started: RunStarted | None = None
        self.finished: RunFinished | None = None

    def take(self, event: TaskEvent) -> Iterator[Told]:
        """What is to be told when a task instance has got into a state."""
        task = self._tasks.setdefault(event.task_id, _Task())
        task.last[event.map_index] = event
        if event.map_index != UNMAPPED:
            task.mapped = True
            task.last.pop(UNMAPPED, None)  # Airflow makes the first instance of it
        yield from self._settle_upstream(event)
        if event.state not in SHOWN:
            yield Said(line(event))
        elif task.mapped and event.map_index != UNMAPPED:
            yield Observed(event)
        elif event.state == "success":
            yield from self._materialize(event.task_id, (event,))
        else:
            yield Observed(event)
            yield from self._settle(event.task_id, event.state)

    def finish(self, *, ended: bool = True) -> Iterator[Told]:
        """What is left to be told when the run has ended, or, with ``ended`` false, when nobody will hear more of it.

        Then a mapped task isn't made, however well it stands: it may have more instances than those told of.
        """
        for name, task in self._tasks.items():
            if task.mapped and not task.settled and task.last and (ended or self._stands(name) != "success"):
                yield from self._sum(name)
        yield from self._release(anything=True)
        for name in self._tasks:
            if not self._tasks[name].last:
                yield NeverRan(name)

    def states(self) -> dict[tuple[str, int], TaskEvent]:
        """The last event of each task instance."""
        return {(name, index): event for name, task in self._tasks.items() for index, event in task.last.items()}

    def failed(self) -> list[TaskEvent]:
        """The task instances that have failed."""
        return [event for event in self.states().values() if event.state == "failed"]

    def unsuccessful(self) -> set[str]:
        """The tasks that failed, or that couldn't run because others did."""
        return {name for (name, _), event in self.states().items() if event.state in ("failed", "upstream_failed")}

    def undone(self) -> set[str]:
        """The chosen tasks that have made nothing: of a run that was cancelled, these are left to do."""
        done = {name for (name, _), event in self.states().items() if event.state == "success"}
        return set(self._before) - done

    def _settle_upstream(self, event: TaskEvent) -> Iterator[Told]:
        """A task that starts says, by most rules, that mapped tasks upstream of it have ended well."""
        rule = self._rules.get(event.task_id)
        if event.state not in STARTED or event.map_index != UNMAPPED or rule not in PROVING_RULES:
            return
        for name in self._upstream.get(event.task_id, ()):
            task = self._tasks.get(name)
            if task and task.mapped and not task.settled and task.last and self._is_over(task):
                yield from self._sum(name)

    def _is_over(self, task: _Task) -> bool:
        return all(one.state in FINISHED_STATES for one in task.last.values())

    def _stands(self, name: str) -> TaskState:
        return summed([one.state for one in self._tasks[name].last.values()])

    def _sum(self, name: str) -> Iterator[Told]:
        instances = tuple(self._tasks[name].last[index] for index in sorted(self._tasks[name].last))
        state = self._stands(name)
        if state == "success":
            yield from self._materialize(name, instances)
            return
        if instances[-1].map_index != UNMAPPED:
            yield Summed(name, state, instances)
        yield from self._settle(name, state)

    def _materialize(self, name: str, events: tuple[TaskEvent, ...]) -> Iterator[Told]:
        self._held[name] = Materialized(name, events)
        yield from self._release()

    def _settle(self, name: str, state: TaskState) -> Iterator[Told]:
        """A task that has made nothing holds nobody back."""
        if state in FINISHED_STATES:
            self._tasks[name].settled = True
            yield from self._release()

    def _release(self, *, anything: bool = False) -> Iterator[Told]:
        """Tell of the successes that needn't wait any more; ``anything``: nor need those whose upstream never ended."""
        while True:
            ready = [name for name in self._held if self._may_go(name)]
            if not ready and anything and self._held:
                ready = [next(iter(self._held))]
            if not ready:
                return
            for name in ready:
                yield self._held.pop(name)
                self._tasks[name].settled = True

    def _may_go(self, name: str) -> bool:
        return all(self._tasks[one].settled for one in self._before.get(name, ()))


def summed(states: Collection[State]) -> State:
    """How a mapped task stands: what failed counts first, then what hasn't ended; a success has all but the skipped."""
    return min(states, key=lambda state: RANKED.get(state, UNFINISHED))


def named(event: TaskEvent) -> str:
    """The task, with the index of a mapped instance."""
    return event.task_id if event.map_index == UNMAPPED else f"{event.task_id}[{event.map_index}]"


def line(event: TaskEvent) -> str:
    """An event in the run's log."""
    again = f", try {event.try_number}" if event.try_number > 1 else ""
    why = f": {event.error}" if event.error else ""
    return f"{named(event)}: {event.state}{again}{why}"
