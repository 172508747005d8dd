"""The runner with a stand-in for what a real server can't be made to do at will."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import pytest

from dagport_adapters.runners.protocol import RunFinished, RunStarted, TaskEvent
from dagport_adapters.runners.remote import (
    Basic,
    Patience,
    RemoteAirflow,
    RunGoneError,
    RunHandle,
    Token,
    UnexpectedAnswerError,
    UnreachableError,
    airflow,
)
from tests.adapters.remote import support
from tests.adapters.remote.support import gives, run_row, task_row


class Standing:
    """An Airflow with run r of DAG d: its run, tasks and tries are what a test sets; every question is noted."""

    def __init__(self, version: str = "3.3.2") -> None:
        self.run = dict(run_row("r", "running"))
        self.tasks: list[Any] = []
        self.tries: httpx2.Response = gives({"task_instances": []})
        self.asked: list[tuple[str, str]] = []
        self.after_tasks: dict[str, Any] | None = None  # what the run is, once its tasks were listed
        self.runner = RemoteAirflow(support.URL, Token("a-secret"), preview=0, patience=Patience(seconds=0.1))
        self.runner.api = support.api(self.answer, version)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.split("/", 3)[3]
        self.asked.append((request.method, path))
        if request.method == "PATCH":
            self.run |= {"state": support.body_of(request)["state"], "end_date": "2026-01-01T00:01:00Z"}
            return gives(self.run)
        if path.endswith("/tries"):
            return self.tries
        if path.endswith(("/taskInstances", "/taskInstances/list")):
            self.run = self.run if self.after_tasks is None else self.after_tasks
            return gives({"task_instances": self.tasks, "total_entries": len(self.tasks)})
        if path.endswith("/dagRuns/list"):
            found = [self.run] if self.run["state"] in support.body_of(request)["states"] else []
            return gives({"dag_runs": found, "total_entries": len(found)})
        if path == "dags/d/dagRuns/r" and self.run:
            return gives(self.run)
        return gives({"detail": "no such run"}, 404)


def handle(run_id: str = "r", **values: Any) -> RunHandle:
    return RunHandle(dag_id="d", run_id=run_id, **values)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow, "SETTLE_SECONDS", 0.0)


def test_a_cancelled_run_that_the_scheduler_calls_a_success_is_set_failed_again() -> None:
    """All that was left of it is skipped, and a scheduler that was just looking at it counts that as a success."""
    one, run = Standing(), handle(cancelled=True)
    one.run |= {"state": "success", "end_date": "2026-01-01T00:00:30Z"}
    events = one.runner.poll(run)
    assert ("PATCH", "dags/d/dagRuns/r") in one.asked
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert (finished.state, finished.cancelled) == ("failed", True)


def test_a_run_that_has_ended_is_not_cancelled() -> None:
    one, run = Standing(), handle()
    one.run |= {"state": "success", "end_date": "2026-01-01T00:00:30Z"}
    one.runner.cancel(run)
    assert not run.cancelled
    assert ("PATCH", "dags/d/dagRuns/r") not in one.asked
    finished = one.runner.poll(run)[-1]
    assert isinstance(finished, RunFinished)
    assert (finished.state, finished.cancelled) == ("success", False)


def test_a_look_that_fails_half_way_loses_nothing() -> None:
    one, run = Standing(), handle()
    one.tasks = [task_row("a"), task_row("b", number=2)]
    one.tries = gives({}, 500)
    before = run.to_json()
    with pytest.raises(UnreachableError):
        one.runner.poll(run)
    assert run.to_json() == before
    one.tries = gives({"task_instances": [task_row("b", "failed", 1, max_tries=3)]})
    started, *tasks = one.runner.poll(run)
    assert isinstance(started, RunStarted)
    told = [(each.task_id, each.try_number, each.state) for each in tasks if isinstance(each, TaskEvent)]
    assert sorted(told) == [("a", 1, "success"), ("b", 1, "up_for_retry"), ("b", 2, "success")]
    assert one.runner.poll(run) == []


@pytest.mark.parametrize("state", ["sublimated", "PAUSED", ""])
def test_a_state_that_nobody_knows_is_no_success(state: str) -> None:
    one = Standing()
    one.tasks = [task_row("a", state)]
    with pytest.raises(UnexpectedAnswerError, match="doesn't know"):
        one.runner.poll(handle())


@pytest.mark.parametrize(("version", "lists"), [("3.3.2", 2), ("2.11.2", 2), ("2.7.3", 1)])
def test_many_runs_at_once(version: str, lists: int) -> None:
    one = Standing(version)
    one.tasks = [task_row("a", "running")]
    here, gone, done = handle(), handle("gone"), handle(finished=True)
    found = one.runner.poll_all([here, gone, done])
    assert set(found) == {("d", "r"), ("d", "gone")}
    assert isinstance(found["d", "gone"], RunGoneError)
    events = found["d", "r"]
    assert not isinstance(events, RunGoneError)
    assert [type(event) for event in events] == [RunStarted, TaskEvent]
    assert sum(path.endswith("/list") for _, path in one.asked) == lists


def test_a_run_that_ends_between_two_questions_is_told_whole() -> None:
    """It wasn't listed as under way any more, so it is asked for by itself."""
    one, run = Standing(), handle()
    one.run |= {"state": "failed", "end_date": "2026-01-01T00:00:30Z"}
    one.tasks = [task_row("a", "failed")]
    events = one.runner.poll_all([run])["d", "r"]
    assert not isinstance(events, RunGoneError)
    assert [type(event) for event in events] == [RunStarted, TaskEvent, RunFinished]
    assert one.runner.poll_all([run]) == {}


def test_a_run_that_is_deleted_or_cleared_between_two_questions_has_not_ended() -> None:
    """Airflow 2 lists no tasks of a run that is gone, which must not look like a run without tasks."""
    one, run = Standing("2.11.2"), handle()
    one.run |= {"state": "success", "end_date": "2026-01-01T00:00:30Z"}
    one.after_tasks = dict(run_row("r", "queued"))
    assert one.runner.poll(run) == []
    assert not run.finished
    one.run = dict(run_row("r"))
    one.after_tasks = {}
    with pytest.raises(RunGoneError):
        one.runner.poll(run)
    with pytest.raises(RunGoneError):
        one.runner.task_instances("d", "r")


def test_no_secret_is_shown_and_closing_twice_is_nothing() -> None:
    runner = RemoteAirflow("https://airflow.example.org/a-path/", Basic("u", "a-secret"))
    assert repr(runner) == "RemoteAirflow('https://airflow.example.org/a-path')"
    assert runner.airflow_version is None
    runner.close()
    runner.close()
    begin = time.monotonic()
    with pytest.raises(UnreachableError, match="closed"):
        runner.poll(handle())
    assert time.monotonic() - begin < 1
