"""Airflow's trigger rules: ``airflow.ti_deps.deps.trigger_rule_dep.TriggerRuleDep`` of 2.11 and 3.3.

A rule looks at how many of the upstream instances are in which final state, and says one of two things: ``mark``, the
state that the task gets without running (as soon as it is clear), and ``passes``, whether it may run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypeAlias

from dagport.semantics.outcomes.model import State

Version: TypeAlias = Literal["2", "3"]


class Counts(NamedTuple):
    """Upstream instances by final state (``_UpstreamTIStates``); ``upstream`` has those that aren't finished, too."""

    upstream: int
    success: int = 0
    skipped: int = 0
    failed: int = 0
    upstream_failed: int = 0
    setups: int = 0
    success_setups: int = 0
    skipped_setups: int = 0

    @property
    def bad(self) -> int:
        """Failed ones, for whatever reason."""
        return self.failed + self.upstream_failed

    @property
    def done(self) -> bool:
        """Whether all have finished."""
        return self.success + self.skipped + self.failed + self.upstream_failed >= self.upstream


def _all_success(c: Counts) -> State | None:
    return "upstream_failed" if c.bad else "skipped" if c.skipped else None


def _one_success(c: Counts) -> State | None:
    if not c.done or c.success:
        return None
    return "upstream_failed" if c.bad else "skipped"


def _none_failed_min_one_success(c: Counts) -> State | None:
    return "upstream_failed" if c.bad else "skipped" if c.skipped == c.upstream else None


def _all_done_min_one_success(c: Counts) -> State | None:
    if c.skipped:
        return "skipped"
    return "upstream_failed" if c.done and not c.success else None


def _all_done_setup_success(c: Counts) -> State | None:
    if not c.done or not c.setups or c.success_setups:
        return None
    return "skipped" if c.skipped_setups >= c.setups else "upstream_failed"


def _skipped_if(condition: Callable[[Counts], object]) -> Callable[[Counts], State | None]:
    return lambda c: "skipped" if condition(c) else None


class Rule(NamedTuple):
    """One trigger rule."""

    mark: Callable[[Counts], State | None]
    passes: Callable[[Counts], bool]
    early: bool = False  # may run before all upstreams have finished


RULES: Mapping[str, Rule] = {
    "all_success": Rule(_all_success, lambda c: c.success >= c.upstream),
    "all_failed": Rule(_skipped_if(lambda c: c.success or c.skipped), lambda c: c.bad >= c.upstream),
    "all_done": Rule(lambda c: None, lambda c: c.done),
    "all_done_setup_success": Rule(
        _all_done_setup_success, lambda c: c.done and not (c.setups and not c.success_setups)
    ),
    "all_done_min_one_success": Rule(_all_done_min_one_success, lambda c: c.done and not c.skipped and c.success > 0),
    "all_skipped": Rule(_skipped_if(lambda c: c.success or c.bad), lambda c: c.skipped >= c.upstream),
    "one_success": Rule(_one_success, lambda c: c.success > 0, early=True),
    "one_failed": Rule(_skipped_if(lambda c: c.done and not c.bad), lambda c: c.bad > 0, early=True),
    "one_done": Rule(
        _skipped_if(lambda c: c.done and not (c.success or c.failed)), lambda c: c.success + c.failed > 0, early=True
    ),
    "none_failed": Rule(
        lambda c: "upstream_failed" if c.bad else None, lambda c: c.success + c.skipped >= c.upstream
    ),
    "none_failed_min_one_success": Rule(
        _none_failed_min_one_success, lambda c: c.success + c.skipped >= c.upstream
    ),
    "none_skipped": Rule(_skipped_if(lambda c: c.skipped), lambda c: c.done and not c.skipped),
    "always": Rule(lambda c: None, lambda c: True, early=True),
}  # fmt: skip
ALIASES = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}  # BaseOperator of Airflow 2
SINCE_3 = frozenset({"all_done_min_one_success"})
# A task of a mapped group with one of these looks at the instances of every index: 2: always, 3: until it is expanded.
FAST: Mapping[Version, frozenset[str]] = {
    "2": frozenset({"one_success", "one_failed", "one_done"}),
    "3": frozenset({"one_success", "one_failed", "one_done", "none_failed_min_one_success"}),
}


def rule_of(name: str, version: Version) -> Rule:
    """A rule by its name. Raises ``UnknownRuleError`` for one that this version refuses."""
    known = ALIASES.get(name, name) if version == "2" else name
    if known not in RULES or (version == "2" and known in SINCE_3):
        raise UnknownRuleError(f"Airflow {version} has no trigger rule {name!r}")
    if known == "none_failed_min_one_success" and version == "3":
        return RULES[known]._replace(mark=_none_failed_min_one_success_3, passes=_passes_min_one_success_3)
    return RULES[known]


def _none_failed_min_one_success_3(c: Counts) -> State | None:
    return _none_failed_min_one_success(c) or ("upstream_failed" if c.done and not c.success else None)


def _passes_min_one_success_3(c: Counts) -> bool:
    return c.success + c.skipped >= c.upstream and c.success > 0


class UnknownRuleError(ValueError):
    """A trigger rule that the engine would refuse."""
