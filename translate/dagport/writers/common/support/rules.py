"""Airflow's rules, on values: whether a task runs, from how the tasks before it have ended.

The orchestrators that this project runs on know "all before it have succeeded" and no other rule. Where Airflow decides
by another one (a trigger rule, a branch, a short circuit, a skip, a setup), every task hands on an ``Ended``, and the
next one asks ``decide``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, NamedTuple

State = Literal["success", "failed", "skipped", "upstream_failed"]
BAD = ("failed", "upstream_failed")


class Skip(Exception):  # noqa: N818 - as Airflow calls its own: it isn't an error
    """Raised by a task that skips itself, as ``AirflowSkipException`` does."""


@dataclass(frozen=True)
class Ended:
    """How a task has ended."""

    task: str
    state: State
    value: Any = None  # what it has handed over
    skips: tuple[str, ...] = ()  # ids of the tasks that it skips: a branch, a short circuit
    instances: tuple[Ended, ...] | None = None  # of a mapped task that was expanded; ``state`` says nothing then
    setup: bool = False
    round: int = 1  # in which it would have ended, if every task took one round
    error: str | None = None  # of a failed one

    @property
    def each(self) -> tuple[Ended, ...]:
        """Its instances; a task that isn't mapped is one."""
        return (self,) if self.instances is None else self.instances

    @property
    def failed(self) -> bool:
        """Whether it, or one of its instances, has failed or couldn't run for a failure before it."""
        return any(one.state in BAD for one in self.each)

    @property
    def result(self) -> Any:
        """What a task after it takes: its value, or the list of the values of its instances."""
        return self.value if self.instances is None else [one.value for one in self.each if one.value is not None]


class Verdict(NamedTuple):
    """What becomes of a task."""

    state: State | None  # ``None``: it runs
    round: int  # in which it ends


class _Counts(NamedTuple):
    """How many upstream instances have ended in which state."""

    all: int
    success: int
    failed: int
    skipped: int
    upstream_failed: int
    setups: int
    good_setups: int
    skipped_setups: int

    @property
    def bad(self) -> int:
        return self.failed + self.upstream_failed

    @property
    def open(self) -> int:
        return self.all - self.success - self.bad - self.skipped


class _Rule(NamedTuple):
    """A trigger rule: the state that a task gets without running, and whether it may run."""

    marks: Callable[[_Counts], State | None]
    passes: Callable[[_Counts], bool]


def _when(condition: Callable[[_Counts], object], state: State) -> Callable[[_Counts], State | None]:
    return lambda c: state if condition(c) else None


def _first(*marks: Callable[[_Counts], State | None]) -> Callable[[_Counts], State | None]:
    return lambda c: next((state for mark in marks if (state := mark(c))), None)


def _never(_: _Counts) -> None:
    return None


_FAILED = _when(lambda c: c.bad, "upstream_failed")
_SKIPPED = _when(lambda c: c.skipped, "skipped")
_NO_SETUP = _when(lambda c: not c.open and c.setups and not c.good_setups, "upstream_failed")
_NO_SETUP_RAN = _when(lambda c: not c.open and c.setups and c.skipped_setups == c.setups, "skipped")
_MIN_ONE = _Rule(
    _first(_FAILED, _when(lambda c: c.skipped == c.all, "skipped")),
    lambda c: c.success + c.skipped == c.all and c.success > 0,
)
RULES: Mapping[str, _Rule] = {
    "all_success": _Rule(_first(_FAILED, _SKIPPED), lambda c: c.success == c.all),
    "all_failed": _Rule(_when(lambda c: c.success or c.skipped, "skipped"), lambda c: c.bad == c.all),
    "all_done": _Rule(_never, lambda c: not c.open),
    "all_done_setup_success": _Rule(
        _first(_NO_SETUP_RAN, _NO_SETUP), lambda c: not c.open and (not c.setups or c.good_setups > 0)
    ),
    "all_done_min_one_success": _Rule(
        _first(_SKIPPED, _when(lambda c: not c.open and not c.success, "upstream_failed")),
        lambda c: not c.open and not c.skipped and c.success > 0,
    ),
    "all_skipped": _Rule(_when(lambda c: c.success or c.bad, "skipped"), lambda c: c.skipped == c.all),
    "one_success": _Rule(
        lambda c: None if c.open or c.success else "upstream_failed" if c.bad else "skipped", lambda c: c.success > 0
    ),
    "one_failed": _Rule(_when(lambda c: not c.open and not c.bad, "skipped"), lambda c: c.bad > 0),
    "one_done": _Rule(
        _when(lambda c: not c.open and not (c.success or c.failed), "skipped"), lambda c: c.success + c.failed > 0
    ),
    "none_failed": _Rule(_FAILED, lambda c: c.success + c.skipped == c.all),
    "none_failed_min_one_success": _MIN_ONE,
    "none_failed_or_skipped": _MIN_ONE,
    "none_skipped": _Rule(_SKIPPED, lambda c: not c.open and not c.skipped),
    "always": _Rule(_never, lambda c: True),
    "dummy": _Rule(_never, lambda c: True),
}  # fmt: skip
"""``TriggerRuleDep`` of Airflow 3; the names of Airflow 2 besides."""
AT_ONCE = ("always", "dummy")


def decide(
    task: str,
    rule: str,
    upstream: Sequence[Ended],
    *,
    choosers: Iterable[Ended] = (),
    setups: Sequence[Ended] = (),
    scope: Iterable[Ended] = (),
    lists: Sequence[Ended] = (),
) -> Verdict:
    """What becomes of a task whose direct upstreams have ended so.

    ``choosers`` are short circuits above that may skip it from afar, ``setups`` those that it needs and that aren't
    directly upstream, ``scope`` what else a teardown waits for, and ``lists`` what a mapped task is expanded over.
    Airflow looks at the tasks before each round. A task that waits for several may be decided by the first that ends,
    so the rounds are gone through in turn.
    """
    skipping = [one.round for one in (*upstream, *choosers) if task in one.skips]
    by = min(skipping, default=None)
    waited = [instance for one in (*upstream, *setups, *scope, *lists) for instance in one.each]
    for now in sorted({0, *(one.round for one in waited), *skipping}):
        if by is not None and by <= now:
            return Verdict("skipped", by)
        state, passes = _judge(rule, upstream, setups, lists, now)
        if state is not None:
            return Verdict(state if by is None else "skipped", now + 1)
        if passes and all(one.round <= now for other in scope for one in other.each):
            return Verdict(None, now + 1)
    raise ValueError(f"The rule {rule} decides nothing about {task}")


def _judge(
    rule: str, upstream: Sequence[Ended], setups: Sequence[Ended], lists: Sequence[Ended], now: int
) -> tuple[State | None, bool]:
    """``TriggerRuleDep`` and ``MappedTaskUpstreamDep``, on what has ended until now."""
    state, passes = _by_rule(rule, upstream, setups, now)
    bad_list = _missing(lists, now)
    if bad_list is not None and state in (None, "skipped"):
        return (bad_list if state is None or bad_list == "upstream_failed" else state), False
    if passes and state is None and any(one.round > now for other in lists for one in other.each):
        return "upstream_failed", False  # it is expanded before the list is there
    return state, passes


def _by_rule(rule: str, upstream: Sequence[Ended], setups: Sequence[Ended], now: int) -> tuple[State | None, bool]:
    if not upstream or rule in AT_ONCE:
        return None, True
    before = _count(setups, now)
    if before.bad or before.skipped:
        return ("upstream_failed" if before.bad else "skipped"), False
    counts = _count(upstream, now)
    return RULES[rule].marks(counts), RULES[rule].passes(counts) and before.success == before.all


def _missing(lists: Sequence[Ended], now: int) -> State | None:
    """What a mapped task becomes for a list that failed or was skipped as a whole."""
    states = {one.state for one in lists if one.instances is None and one.round <= now} - {"success"}
    if not states:
        return None
    return "skipped" if states == {"skipped"} else "upstream_failed"


def _count(tasks: Sequence[Ended], now: int) -> _Counts:
    places = [(one.setup, instance) for one in tasks for instance in one.each]
    ended = [(setup, instance.state) for setup, instance in places if instance.round <= now]
    states = [state for _, state in ended]
    setups = [state for setup, state in ended if setup]
    return _Counts(
        all=len(places),
        success=states.count("success"),
        failed=states.count("failed"),
        skipped=states.count("skipped"),
        upstream_failed=states.count("upstream_failed"),
        setups=len(setups),
        good_setups=setups.count("success"),
        skipped_setups=setups.count("skipped"),
    )


def not_chosen(choice: Any, ways: Mapping[str, Sequence[str]], known: Iterable[str] = ()) -> tuple[str, ...]:
    """The direct downstreams that a branch skips.

    ``ways`` has the ids that it may return, of tasks and groups, and the direct downstreams that run then; ``known``
    are other ids of the pipeline, which lead to none of them. Raises ``ValueError`` for an id that isn't there and
    ``TypeError`` for what isn't an id.
    """
    chosen = [] if choice is None else [choice] if isinstance(choice, str) else list(choice)
    for one in chosen:
        if not isinstance(one, str):
            raise TypeError(f"A branch returns ids of tasks, not {one!r}")
        if one not in ways and one not in set(known):
            raise ValueError(f"The branch has chosen {one!r}, which isn't there")
    followed = {task for one in chosen for task in ways.get(one, ())}
    return tuple(dict.fromkeys(task for tasks in ways.values() for task in tasks if task not in followed))


def combinations(over: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The arguments of each instance of what is expanded: every combination, the last argument changing fastest.

    A dict is expanded over its pairs. Raises ``TypeError`` for what is neither a list nor a dict.
    """
    for name, values in over.items():
        if isinstance(values, str | bytes) or not isinstance(values, Sequence | Mapping):
            raise TypeError(f"{name} is expanded over {type(values).__name__}, and not over a list or a dict")
    lists = [list(values.items()) if isinstance(values, Mapping) else values for values in over.values()]
    return [dict(zip(over, values, strict=True)) for values in product(*lists)]
