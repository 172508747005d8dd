"""What a task is dictated to do, and what an engine is predicted to make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

State: TypeAlias = Literal["success", "failed", "skipped", "upstream_failed"]
RunState: TypeAlias = Literal["success", "failed", "running"]  # "running": it never ends by itself
Ending: TypeAlias = Literal["success", "fail", "fail_now", "skip"]
Key: TypeAlias = tuple[str, int]  # task id and map index; -1: not mapped, or not expanded
STATES: tuple[State, ...] = ("success", "failed", "skipped", "upstream_failed")
ABSENT = None  # among possible states: there may be no such instance, or it may never finish


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the body of a task does when the engine calls it."""

    ends: Ending = "success"  # "fail_now": without further tries (AirflowFailException, a sensor's timeout)
    failures: int = 0  # tries that fail before that
    chosen: tuple[str, ...] | None = None  # ids of tasks or groups that a branch returns; None: none of them
    truthy: bool = True  # what a short circuit's condition is; of LatestOnly: whether this is the latest run


SUCCESS, FAIL, SKIP = Outcome(), Outcome(ends="fail"), Outcome(ends="skip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What every task of a run does; a task that isn't named succeeds.

    ``items`` has the number of mapped instances by the id of the mapped task or of the mapped group. A group is a
    mapped one only if it is named there. A task without a number that is mapped has ``literal_length`` or 1.
    """

    tasks: Mapping[str, Outcome] = field(default_factory=dict)
    instances: Mapping[Key, Outcome] = field(default_factory=dict)  # of one map index, before ``tasks``
    items: Mapping[str, int] = field(default_factory=dict)

    def of(self, task_id: str, map_index: int = -1) -> Outcome:
        """What one instance does."""
        return self.instances.get((task_id, map_index)) or self.tasks.get(task_id, SUCCESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """How a run ends.

    ``states`` is what happens when every task that can run takes equally long. Where that depends on which task is
    faster, ``possible`` has all states that an instance can end in (never too few; ``ABSENT`` stands for no such
    instance); an instance without an entry there ends as ``states`` says in every order.
    """

    states: Mapping[Key, State | None]  # None: it never finishes
    tries: Mapping[Key, int]  # how often its body is called; 0: never
    run: RunState
    possible: Mapping[Key, frozenset[State | None]] = field(default_factory=dict)
    possible_runs: frozenset[RunState] = frozenset()

    @property
    def depends_on_order(self) -> bool:
        """Whether another order of the same outcomes may end in other states."""
        return bool(self.possible)

    def allows(self, key: Key, state: State | None) -> bool:
        """Whether an instance may end in a state; ``None``: whether it may not be there or not finish."""
        return state in self.possible[key] if key in self.possible else self.states.get(key) == state
