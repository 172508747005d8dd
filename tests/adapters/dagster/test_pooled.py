"""Warm runners that are shared: turns, and one for each configuration."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

from dagport_adapters.dagster import pooled
from dagport_adapters.runners.protocol import Event, RunFinished, RunRequest

END = RunFinished(dag_id="d", run_id="r", state="success", ended=None)


class Runner:
    """Refuses a second run at the same time, as real ones do, and waits until it may go on."""

    def __init__(self) -> None:
        self.busy, self.most, self.cancelled, self.closed = 0, 0, 0, False
        self.go = threading.Event()

    def run(self, request: RunRequest, *, timeout: float | None = None) -> Iterator[Event]:
        self.busy += 1
        self.most = max(self.most, self.busy)
        finished = False
        try:
            assert self.go.wait(120)
            yield END
            finished = True
        finally:
            self.busy -= 1
            self.cancelled += not finished

    def cancel(self) -> None:
        raise AssertionError("it would end somebody else's run")

    def close(self) -> None:
        self.closed = True


def test_runs_take_turns() -> None:
    runner = Runner()
    queued, ends = pooled.Queued(runner), list[Event]()
    threads = [threading.Thread(target=lambda: ends.extend(queued.run(RunRequest()))) for _ in range(3)]
    for thread in threads:
        thread.start()
    runner.go.set()
    for thread in threads:
        thread.join(120)
    assert ends == [END] * 3
    assert (runner.most, runner.cancelled) == (1, 0)


def test_leaving_a_run_ends_it_and_the_next_one_has_its_turn() -> None:
    runner = Runner()
    runner.go.set()
    queued = pooled.Queued(runner)
    events = queued.run(RunRequest())
    assert next(events) == END
    events.close()  # type: ignore[attr-defined] # it is a generator
    assert (runner.busy, runner.cancelled) == (0, 1)
    assert list(queued.run(RunRequest())) == [END]


def test_a_run_that_was_dropped_and_not_closed_holds_up_no_other() -> None:
    """Dagster drops a step between two events when it can't take one of them; what is left of it are cycles."""
    runner = Runner()
    runner.go.set()
    queued = pooled.Queued(runner)
    dropped: list[object] = [queued.run(RunRequest())]
    dropped.append(dropped)
    assert next(dropped[0]) == END  # type: ignore[call-overload]
    del dropped
    assert list(queued.run(RunRequest())) == [END]
    assert (runner.most, runner.cancelled) == (1, 1)


def test_closing_ends_a_run_that_nobody_follows_any_more() -> None:
    runner = Runner()
    runner.go.set()
    queued = pooled.Queued(runner)
    events = queued.run(RunRequest())
    assert next(events) == END
    queued.close()
    assert (runner.busy, runner.cancelled, runner.closed) == (0, 1, True)


def test_one_runner_for_each_configuration_until_all_are_closed() -> None:
    made: list[Runner] = []

    def make() -> Runner:
        made.append(Runner())
        return made[-1]

    try:
        one, same = pooled.warm_runner("a", make), pooled.warm_runner("a", make)
        other = pooled.warm_runner("b", make)
        assert one is same
        assert one is not other
    finally:
        pooled.close_all()
    assert [runner.closed for runner in made] == [True, True]
    assert pooled.warm_runner("a", make) is not one
    pooled.close_all()


class Noting(Runner):
    """Says in a file that it was closed."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file

    def close(self) -> None:
        self.file.write_text("closed")


def test_runners_are_closed_with_a_process_of_multiprocessing(tmp_path: Path) -> None:
    file = tmp_path / "noted"
    process = get_context("fork").Process(target=lambda: pooled.warm_runner("a", lambda: Noting(file)))
    process.start()
    process.join(120)
    assert file.read_text() == "closed"
