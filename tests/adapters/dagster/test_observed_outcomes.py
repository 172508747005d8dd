"""What is told of a run, from the task instances that Airflow has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagport_adapters.dagster.observe.memory import Memory
from dagport_adapters.dagster.observe.outcomes import Outcome, digest, event, outcomes_of, started
from dagport_adapters.runners.protocol import FINISHED_STATES
from dagport_adapters.runners.remote.model import Cursor, LiveRun, LiveTask

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
STATES = (
    "success", "failed", "skipped", "upstream_failed", "removed", "up_for_retry", "running", "queued", "deferred", None,
)  # fmt: skip


def run(state: str = "success") -> LiveRun:
    return LiveRun(
        dag_id="d", run_id="r", run_type="manual", state=state, logical_date=BEGIN, data_interval=None,  # type: ignore[arg-type]
        run_after=BEGIN, start=BEGIN, end=BEGIN if state in ("success", "failed") else None,
    )  # fmt: skip


def task(state: str | None, *, index: int = -1, number: int = 1, latest: bool = True, name: str = "t") -> LiveTask:
    return LiveTask(
        dag_id="d", run_id="r", task_id=name, map_index=index, try_number=number, state=state, start=BEGIN,  # type: ignore[arg-type]
        end=BEGIN + timedelta(seconds=number), duration=1.0, operator=None, log_url=None, latest=latest,
    )  # fmt: skip


def told(state: str, *tasks: LiveTask) -> list[tuple[str, bool, int]]:
    return [(one.state, one.made, one.try_number) for one in outcomes_of(run(state), tasks)]


CASES: dict[str, tuple[str, list[LiveTask], list[tuple[str, bool, int]]]] = {
    "a success is made": ("success", [task("success")], [("success", True, 1)]),
    "a failure isn't": ("failed", [task("failed")], [("failed", False, 1)]),
    "a skip isn't": ("success", [task("skipped", number=0)], [("skipped", False, 0)]),
    "a retry is seen": ("running", [task("up_for_retry")], [("up_for_retry", False, 1)]),
    "a retry that succeeds is seen and made": (
        "success",
        [task("failed", latest=False), task("success", number=2)],
        [("failed", False, 1), ("success", True, 2)],
    ),
    "what runs isn't told": ("running", [task("running")], []),
    "what a run ended without is told": ("failed", [task(None, number=0)], [("none", False, 0)]),
    "what ends while the run goes on is told": ("running", [task("success")], [("success", True, 1)]),
    "a mapped task is made when all of it is": (
        "success", [task("success", index=0), task("success", index=1)], [("success", True, 1)],
    ),
    "a mapped task with one instance too": ("success", [task("success", index=0)], [("success", True, 1)]),
    "a mapped task with skips is made": (
        "success", [task("success", index=0), task("skipped", index=1)], [("success", True, 1)],
    ),
    "a mapped task isn't made while a part of it runs": (
        "running", [task("success", index=0), task("running", index=1)], [],
    ),
    "a mapped task with a failure isn't made": (
        "failed", [task("success", index=0), task("failed", index=1)], [("failed", False, 1)],
    ),
    "a mapped task isn't made when a part never ran": (
        "failed", [task("success", index=0), task(None, index=1)], [("none", False, 1)],
    ),
    "an instance that is retried is seen": (
        "running", [task("success", index=0), task("up_for_retry", index=1)], [("up_for_retry", False, 1)],
    ),
    "a success that was cleared counts, too": (
        "success",
        [task("success", latest=False), task("success", number=2)],
        [("success", True, 1), ("success", True, 2)],
    ),
    "an instance that was cleared makes nothing by itself": (
        "success",
        [task("success", index=0, latest=False), task("success", index=0, number=2)],
        [("success", False, 1), ("success", True, 2)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_outcomes(name: str) -> None:
    state, tasks, expected = CASES[name]
    assert told(state, *tasks) == expected


@given(
    st.sampled_from(("running", "success", "failed")),
    st.lists(st.tuples(st.sampled_from(STATES), st.integers(0, 3), st.booleans()), min_size=1, max_size=6),
)
def test_only_success_is_ever_made(state: str, several: list[tuple[str | None, int, bool]]) -> None:
    tasks = [task(one, index=index, number=number) for index, (one, number, _) in enumerate(several)]
    for outcome in outcomes_of(run(state), tasks):
        if outcome.made:
            states = {one.state for one in outcome.tasks}
            assert states <= FINISHED_STATES
            assert "success" in states
            assert not states & {"failed", "upstream_failed"}


def test_a_try_is_one_outcome_however_its_failure_is_called() -> None:
    waiting, failed = Outcome("t", "up_for_retry", (task("up_for_retry"),)), Outcome("t", "failed", (task("failed"),))
    assert waiting.mark == failed.mark
    assert digest([waiting]) == digest([failed])
    assert digest([waiting]) != digest([Outcome("t", "success", (task("success"),))])


def test_instances_that_are_retried_are_told_apart() -> None:
    tasks = [task("up_for_retry", index=0), task("up_for_retry", index=1)]
    found = outcomes_of(run("running"), tasks)
    assert [one.map_index for one in found] == [0, 1]
    assert len({one.mark for one in found}) == 2
    failed = outcomes_of(run("failed"), [task("failed", index=index) for index in range(2)])
    assert {one.mark for one in failed}.isdisjoint(one.mark for one in found)


def test_events_have_what_airflow_says() -> None:
    assert event(task("success", number=2)).try_number == 2
    assert started(run()).run_after == BEGIN
    with pytest.raises(ValueError, match="no state"):
        event(task(None))


def test_memory() -> None:
    kept = Memory(Cursor("c"), {"r": "abc"})
    assert Memory.from_text(kept.to_text()) == kept
    assert Memory.from_text(None) == Memory()


@pytest.mark.parametrize("text", ["{}", "no", '{"v": 2}', '{"v": 1, "runs": null, "under_way": 3}', "[]"])
def test_memory_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="Reset"):
        Memory.from_text(text)
