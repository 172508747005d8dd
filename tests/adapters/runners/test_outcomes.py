"""What a delegated task came to."""

from __future__ import annotations

from typing import Any

import pytest

from dagport_adapters.runners.outcomes import TaskRecord
from dagport_adapters.runners.protocol import Handed, TaskEvent


def event(state: Any, index: int = -1, **more: Any) -> TaskEvent:
    values = {"dag_id": "d", "run_id": "r", "task_id": "t", "try_number": 1, **more}
    return TaskEvent(map_index=index, state=state, **values)


def record(*events: TaskEvent) -> TaskRecord:
    found = TaskRecord("t")
    for one in events:
        found.take(one)
    return found


@pytest.mark.parametrize(
    ("events", "ending"),
    [
        ([], "failed"),
        ([event("queued")], "failed"),
        ([event("running"), event("success")], "success"),
        ([event("success"), event("running")], "failed"),
        ([event("failed")], "failed"),
        ([event("upstream_failed")], "failed"),
        ([event("up_for_retry")], "failed"),
        ([event("deferred")], "failed"),
        ([event("skipped")], "skipped"),
        ([event("removed")], "failed"),
        ([event("success", 0), event("success", 1)], "success"),
        ([event("success", 0), event("skipped", 1)], "skipped"),
        ([event("success", 0), event("skipped", 1), event("failed", 2)], "failed"),
        ([event("success", 0), event("running", 1)], "failed"),
        ([event("queued"), event("success", 0), event("removed", 1)], "success"),
    ],
)
def test_how_a_task_ended(events: list[TaskEvent], ending: str) -> None:
    assert record(*events).ending == ending


@pytest.mark.parametrize(
    ("events", "complete"),
    [([], False), ([event("success")], True), ([event("running")], False), ([event("success", 0)], False)],
)
def test_a_mapped_task_is_never_complete_before_the_run_is(events: list[TaskEvent], complete: bool) -> None:
    assert record(*events).is_complete == complete


def test_what_is_said_of_a_failure() -> None:
    found = record(event("success", 0), event("failed", 1, try_number=3, error="ValueError: no", log_url="http://x/1"))
    assert list(found.describe()) == ["t[1] is failed after try 3: ValueError: no (log: http://x/1)"]
    assert list(record().describe()) == ["t never ran"]


def test_results_are_those_of_all_instances() -> None:
    one, two = (Handed(task_id="t", value=index, map_index=index) for index in (0, 1))
    found = record(event("success", 1, results=(two,)), event("success", 0, results=(one,)))
    assert found.results == (one, two)
    assert not found.chooses
    chosen = Handed(task_id="t", key="skipmixin_key", value={})
    assert record(event("success", results=(chosen,))).chooses
