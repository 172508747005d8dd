"""How a Prefect flow run ends: ``resolve_to_final_result`` and ``return_value_to_state`` of Prefect 3.8.

A call runs when each future that it takes or waits for is COMPLETED, or is FAILED or ``PENDING/NotReady`` and given as
``allow_failure(future)``. Otherwise it stays ``NotReady``, here ``upstream_failed``. ``Completed(name="Skipped")`` is
COMPLETED as any other state, here ``skipped``: what is behind it runs. The order of the calls plays no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dagport.semantics.outcomes.model import Key, Outcome, Outcomes, Prediction, RunState, State

Taken: TypeAlias = Literal["value", "wait_for", "allow_failure"]
Returned: TypeAlias = Literal["list", "nested", "dict", "nothing"]
BAD = ("failed", "upstream_failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One ``task.submit(...)`` or ``task.map(...)`` of a flow."""

    id: str
    takes: tuple[tuple[str, Taken], ...] = ()  # other calls and how their futures are given; all of a mapped one
    maps: str | None = None  # the call whose list it is mapped over, or the mapped one whose futures it is
    retries: int = 0


def predict_prefect(
    calls: Sequence[Call], outcomes: Outcomes, *, returns: Sequence[str], how: Returned = "list"
) -> Prediction:
    """How a flow run ends that makes these calls, in this order, and then returns the futures of ``returns``.

    ``how`` they are returned decides: a flat ``list``, a list with the futures of a mapped call in a list of their own
    (``nested``), a ``dict``, or ``nothing``. An outcome that ``skips`` is ``return Completed(name="Skipped")``;
    ``fail_now`` is not known to Prefect and fails as any other. Raises ``ValueError`` for calls that aren't in order.
    """
    run = _Run(outcomes, {}, {}, {})
    for call in calls:
        if run.stopped:
            break
        run.make(call)
    found: dict[Key, State | None] = dict(run.states)
    state: RunState = "failed" if run.stopped or _flow_failed(run, returns, how) else "success"
    return Prediction(states=found, tries=run.tries, run=state, possible_runs=frozenset({state}))


@dataclass(slots=True)
class _Run:
    outcomes: Outcomes
    states: dict[Key, State]
    tries: dict[Key, int]
    indexes: dict[str, tuple[int, ...]]
    stopped: bool = False  # the flow's own code has raised: what comes after isn't called

    def make(self, call: Call) -> None:
        """One call."""
        unknown = [
            one for one in (*(name for name, _ in call.takes), *filter(None, [call.maps])) if one not in self.indexes
        ]
        if unknown:
            raise ValueError(f"The call {call.id} stands before {', '.join(unknown)}, which it needs")
        indexes = self.instances(call)
        if indexes is None:
            self.stopped = True
            return
        self.indexes[call.id] = indexes
        for index in indexes:
            self.decide(call, index)

    def instances(self, call: Call) -> tuple[int, ...] | None:
        """The map indexes of a call; ``None`` where ``map`` itself raises, for want of the list."""
        if call.maps is None:
            return (-1,)
        if self.indexes[call.maps] != (-1,):
            return self.indexes[call.maps]
        if self.states[call.maps, -1] != "success":
            return None
        return tuple(range(self.outcomes.items.get(call.id, 1)))

    def decide(self, call: Call, index: int) -> None:
        """Whether a call runs, and how it ends."""
        key = (call.id, index)
        self.tries[key] = 0
        if any(self.blocks(name, taken) for name, taken in call.takes) or self.item_failed(call, index):
            self.states[key] = "upstream_failed"
        else:
            self.states[key], self.tries[key] = ended(call, self.outcomes.of(*key))

    def blocks(self, name: str, taken: Taken) -> bool:
        """Whether a future keeps a call from running."""
        return taken != "allow_failure" and any(self.states[name, index] in BAD for index in self.indexes[name])

    def item_failed(self, call: Call, index: int) -> bool:
        """Whether the mapped future that this instance is for didn't complete."""
        return call.maps is not None and self.states.get((call.maps, index)) in BAD


def ended(call: Call, outcome: Outcome) -> tuple[State, int]:
    """How a call that runs ends, and after how many tries."""
    if outcome.failures > call.retries or outcome.ends in ("fail", "fail_now"):
        return "failed", call.retries + 1
    return ("skipped" if outcome.ends == "skip" else "success"), outcome.failures + 1


def _flow_failed(run: _Run, returns: Sequence[str], how: Returned) -> bool:
    """``return_value_to_state``: an iterable of states fails with any of them; anything else is a value."""
    if how in ("dict", "nothing"):
        return False
    keys = [(name, index) for name in returns for index in run.indexes[name]]
    if how == "nested" and any(index >= 0 for _, index in keys):
        return False
    return any(run.states[key] in BAD for key in keys)
