"""What is told of a run: no end of a try lost, none twice, each as Airflow has it, in its order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagport_adapters.runners.protocol import FINISHED_STATES, TaskState
from dagport_adapters.runners.remote.following import event_of, new_states, state_to_tell, told
from dagport_adapters.runners.remote.model import LiveTask, RunHandle

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def task(
    number: int = 1, state: TaskState | None = "success", *, task_id: str = "t", minute: int = 0, latest: bool = True
) -> LiveTask:
    ended = state in FINISHED_STATES or state == "up_for_retry"
    return LiveTask(
        dag_id="d",
        run_id="r",
        task_id=task_id,
        map_index=-1,
        try_number=number,
        state=state,
        start=BEGIN + timedelta(minutes=minute),
        end=BEGIN + timedelta(minutes=minute, seconds=30) if ended else None,
        duration=None,
        operator=None,
        log_url=None,
        max_tries=2,
        latest=latest,
    )


def look(handle: RunHandle, tasks: list[LiveTask], history: list[LiveTask] | None = None) -> list[tuple[int, str]]:
    """What is told at one look: (try, state)."""
    found: list[tuple[int, str]] = []
    for each in new_states(handle, tasks, lambda last: [*(history or []), last]):
        state = state_to_tell(each)
        assert state is not None
        told(handle, each, state)
        found.append((each.try_number, event_of(each, state).state))
    return found


Moment = tuple[int, TaskState | None]
LIVES: list[list[Moment]] = [
    [(0, None), (1, "queued"), (1, "running"), (1, "success")],
    [(0, None), (1, "queued"), (1, "running"), (1, "up_for_retry"), (2, "queued"), (2, "running"), (2, "failed")],
    [(0, None), (1, "running"), (1, "deferred"), (1, "queued"), (1, "running"), (1, "success")],
    [(0, None), (1, "running"), (1, "up_for_reschedule"), (1, "running"), (1, "skipped")],
    [(0, None), (0, "upstream_failed")],
    [(0, None), (0, "skipped")],
    [(1, "running"), (1, "up_for_retry"), (2, "running"), (2, "up_for_retry"), (3, "running"), (3, "success")],
    [(1, "running"), (1, "up_for_retry"), (1, "skipped")],  # set failed while it waited
    [(1, "success"), (1, None), (2, "running"), (2, "success")],  # cleared by somebody
    [(0, "skipped"), (0, None), (1, "running"), (1, "success")],
]


@given(st.sampled_from(LIVES), st.data())
def test_whatever_is_looked_at_no_end_is_lost_and_none_is_told_twice(life: list[Moment], data: st.DataObject) -> None:
    """A task instance lives; we look at some of its moments, and always at the last one."""
    looks = sorted(data.draw(st.sets(st.integers(0, len(life) - 1))) | {len(life) - 1})
    handle = RunHandle(dag_id="d", run_id="r")
    events: list[tuple[int, str]] = []
    for at in looks:
        number, state = life[at]
        history = [
            task(earlier, "failed" if last == "up_for_retry" else last, minute=earlier, latest=False)
            for earlier in range(number)
            for last in [next((s for n, s in reversed(life[:at]) if n == earlier and s is not None), None)]
            if last is not None and earlier > 0
        ]
        events += look(handle, [task(number, state, minute=number)], history)
        handle = RunHandle.from_json(handle.to_json())  # as if the host died
    ends = [event for event in events if event[1] in FINISHED_STATES]
    assert len(ends) == len(set(ends))
    assert events[-1] == life[-1]
    assert [number for number, _ in events] == sorted(number for number, _ in events)
    assert set(events) <= {moment for moment in life if moment[1] is not None}  # nothing is made up
    tries = {number for number, _ in life if number > 0}
    assert {number for number, _ in events if number > 0} == tries  # no try is lost


@pytest.mark.parametrize(
    ("number", "max_tries", "state", "expected"),
    [
        (1, 2, "failed", "up_for_retry"),
        (3, 2, "failed", "failed"),  # the last one; it was cleared afterwards
        (1, 2, "success", "success"),
        (1, 2, "skipped", "skipped"),
    ],
)
def test_what_became_of_an_earlier_try(number: int, max_tries: int, state: TaskState, expected: str) -> None:
    earlier = task(number, state, latest=False)
    object.__setattr__(earlier, "max_tries", max_tries)
    assert state_to_tell(earlier) == expected


def test_the_last_try_is_what_it_is() -> None:
    assert state_to_tell(task(1, "failed")) == "failed"


def test_events_come_in_the_order_in_which_things_ended() -> None:
    handle = RunHandle(dag_id="d", run_id="r")
    tasks = [
        task(task_id="a", minute=5),
        task(task_id="b", minute=1),
        task(task_id="c", state="queued", minute=0),
        task(task_id="e", state="skipped", number=0, minute=3),
    ]
    order = [each.task_id for each in new_states(handle, tasks, lambda last: [last])]
    assert order == ["c", "b", "e", "a"]


def test_only_the_tasks_that_were_asked_for_are_told() -> None:
    handle = RunHandle(dag_id="d", run_id="r", tasks=("a",))
    found = new_states(handle, [task(task_id="a"), task(task_id="b")], lambda last: [last])
    assert [each.task_id for each in found] == ["a"]


def test_tries_before_a_clearing_are_not_told_again() -> None:
    handle = RunHandle(dag_id="d", run_id="r", since={("t", -1): 2})
    history = [task(1, "failed", latest=False), task(2, "success", latest=False), task(3, "failed", latest=False)]
    assert look(handle, [task(4, "success")], history) == [(3, "failed"), (4, "success")]


def test_history_is_asked_for_only_when_something_was_missed() -> None:
    handle = RunHandle(dag_id="d", run_id="r")
    asked: list[int] = []

    def tries(last: LiveTask) -> list[LiveTask]:
        asked.append(last.try_number)
        return [last]

    for number, state in ((1, "running"), (1, "up_for_retry"), (2, "running"), (2, "success")):
        for each in new_states(handle, [task(number, state)], tries):  # type: ignore[arg-type]
            told(handle, each, state)  # type: ignore[arg-type]
    assert asked == []
    new_states(RunHandle(dag_id="d", run_id="r"), [task(2, "success")], tries)
    assert asked == [2]


def test_a_state_that_is_set_by_hand_after_it_was_told_is_not_told_again() -> None:
    handle = RunHandle(dag_id="d", run_id="r")
    assert look(handle, [task(1, "failed")]) == [(1, "failed")]
    assert look(handle, [task(1, "success")]) == []
    assert look(handle, [task(2, "success")], [task(1, "success", latest=False)]) == [(2, "success")]


def test_a_handle_survives_as_text() -> None:
    handle = RunHandle(dag_id="d", run_id="r", tasks=("a",), since={("a", 3): 1}, cancelled=True, results=True)
    handle.told["a", 3, 2] = "running"
    assert RunHandle.from_json(handle.to_json()) == handle
