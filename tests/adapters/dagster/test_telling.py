"""From a run's events to what Dagster is told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagport_adapters.dagster.wrap.telling import (
    Materialized,
    NeverRan,
    Observed,
    Said,
    Summed,
    Telling,
    named,
    summed,
)
from dagport_adapters.runners.protocol import FINISHED_STATES, TaskEvent

CHAIN = {"b": ["a"], "c": ["b"]}
STATES = ("queued", "running", "up_for_retry", *sorted(FINISHED_STATES))


def event(task: str, state: Any, index: int = -1, number: int = 1) -> TaskEvent:
    return TaskEvent(dag_id="d", run_id="r", task_id=task, map_index=index, try_number=number, state=state)


def shown(items: Iterable[Any]) -> list[str]:
    """One word for each thing told, without the log's lines."""
    found = []
    for item in items:
        match item:
            case Observed(one):
                found.append(f"{named(one)}:{one.state}")
            case Summed(task, state, _):
                found.append(f"{task}={state}")
            case Materialized(task, _):
                found.append(f"{task}!")
            case NeverRan(task):
                found.append(f"{task}?")
            case Said():
                pass
    return found


def told(*events: str, rules: dict[str, str] | None = None, upstream: Any = CHAIN, chosen: str = "abc") -> list[str]:
    """What is told of events such as ``a success`` or ``a[0] failed``, then what is left at the end."""
    rules = {task: (rules or {}).get(task, "all_success") for task in "abcx"}
    telling = Telling(list(chosen), before=upstream, upstream=upstream, rules=rules)
    found: list[str] = []
    for text in events:
        name, state = text.split()
        task, _, index = name.rstrip("]").partition("[")
        found += shown(telling.take(event(task, state, int(index) if index else -1)))
    return [*found, "|", *shown(telling.finish())]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (("a queued", "a running", "a success", "b success", "c success"), "a! b! c! |"),
        (("a failed", "b upstream_failed", "c upstream_failed"), "a:failed b:upstream_failed c:upstream_failed |"),
        (("a skipped", "b success"), "a:skipped b! | c?"),
        (("a up_for_retry", "a failed", "b success"), "a:up_for_retry a:failed b! | c?"),
        (("b success", "a success"), "a! b! | c?"),
        (("c success", "b success", "a success"), "a! b! c! |"),
        (("b success",), "| b! a? c?"),
        (("b success", "a up_for_retry"), "a:up_for_retry | b! c?"),
        (("b success", "a removed"), "a:removed b! | c?"),
        (("x success",), "x! | a? b? c?"),
        ((), "| a? b? c?"),
    ],
)
def test_tasks(events: tuple[str, ...], expected: str) -> None:
    assert " ".join(told(*events)) == expected


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        # The end of a mapped task is known when what waits for all of it starts, or at the end of the run.
        (("a[0] success", "a[1] success", "b queued", "b success"), "a[0]:success a[1]:success a! b! | c?"),
        (("a[0] success", "a[1] success", "b success"), "a[0]:success a[1]:success a! b! | c?"),
        (("a[0] success", "a[1] queued", "b skipped"), "a[0]:success b:skipped | a=queued c?"),
        (("a[0] success", "a[1] failed"), "a[0]:success a[1]:failed | a=failed b? c?"),
        (("a[0] skipped", "a[1] success"), "a[0]:skipped a[1]:success | a! b? c?"),
        (("a[0] skipped",), "a[0]:skipped | a=skipped b? c?"),
        (("a queued", "a[0] success"), "a[0]:success | a! b? c?"),
        (("a skipped", "b skipped", "c skipped"), "a:skipped b:skipped c:skipped |"),
        (("a upstream_failed",), "a:upstream_failed | b? c?"),
        (("a[0] success", "b[0] success", "b[1] success"), "a[0]:success b[0]:success b[1]:success | a! b! c?"),
    ],
)
def test_mapped_tasks(events: tuple[str, ...], expected: str) -> None:
    assert " ".join(told(*events)) == expected


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (("a[0] success",), ["b?", "c?"]),  # a live Airflow may not have got to a[1] yet, when it is lost
        (("a[0] success", "a[1] failed"), ["a=failed", "b?", "c?"]),
        (("a[0] success", "b success"), ["b!", "c?"]),
        (("a success",), ["b?", "c?"]),
    ],
)
def test_a_run_that_is_lost_proves_no_mapped_task(events: tuple[str, ...], expected: list[str]) -> None:
    telling = Telling("abc", before=CHAIN, upstream={}, rules={})
    for text in events:
        name, state = text.split()
        task, _, index = name.rstrip("]").partition("[")
        list(telling.take(event(task, state, int(index) if index else -1)))
    assert shown(telling.finish(ended=False)) == expected


def test_a_task_that_starts_early_says_nothing_of_mapped_ones() -> None:
    found = told("a[0] success", "b queued", "b success", rules={"b": "one_success"})
    assert found == ["a[0]:success", "|", "a!", "b!", "c?"]


@pytest.mark.parametrize("rule", ["all_done", "none_skipped", "all_done_setup_success", "all_done_min_one_success"])
def test_a_task_that_runs_after_failures_says_nothing_of_mapped_ones(rule: str) -> None:
    """Its start may be told before the last instance's end: clocks differ between the machines of a live Airflow."""
    found = told("a[0] success", "b running", "a[1] failed", "b success", rules={"b": rule})
    assert found == ["a[0]:success", "a[1]:failed", "|", "a=failed", "b!", "c?"]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["success", "success"], "success"),
        (["success", "failed"], "failed"),
        (["success", "upstream_failed", "skipped"], "upstream_failed"),
        (["success", "skipped"], "success"),
        (["skipped"], "skipped"),
        (["removed", "success"], "success"),
        (["removed"], "removed"),
        (["success", "running"], "running"),
        (["success", "up_for_retry"], "up_for_retry"),
    ],
)
def test_how_a_mapped_task_ended(states: list[Any], expected: str) -> None:
    assert summed(states) == expected


EVENTS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(-1, 2), st.sampled_from(STATES)), max_size=25)


@given(EVENTS)
def test_nothing_is_materialised_that_didnt_succeed(
    events: list[tuple[str, int, Any]],
) -> None:
    rules = dict.fromkeys("abc", "all_success")
    telling = Telling("abc", before=CHAIN, upstream=CHAIN, rules=rules)
    made: list[str] = []
    for task, index, state in events:
        for item in telling.take(event(task, state, index)):
            check(item, made)
    for item in telling.finish():
        check(item, made)
    told = {task for task, _, _ in events}
    assert {task for task, _ in telling.states()} == told


def check(item: Any, made: list[str]) -> None:
    if isinstance(item, Materialized):
        assert item.events
        assert {one.state for one in item.events} <= {"success", "skipped", "removed"}
        assert any(one.state == "success" for one in item.events)
        made.append(item.task_id)
