"""``dagport run``."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dagport.cli.console import Stream
from dagport_adapters.commands import run as command
from dagport_adapters.commands.table import Table
from dagport_adapters.runners.errors import RunnerError, UnknownDagError, WorkerDiedError
from dagport_adapters.runners.observing import observed
from dagport_adapters.runners.protocol import Event, Result, RunFinished, RunRequest, RunStarted, TaskEvent

MADE: dict[str, Any] = {"dag_id": "shop", "run_id": "r"}
START = RunStarted(**MADE, logical_date=datetime(2026, 3, 1, tzinfo=UTC), started=None, resumed=False)


def task(name: str, state: Any, **more: Any) -> TaskEvent:
    return TaskEvent(
        **MADE, task_id=name, map_index=more.pop("index", -1), try_number=more.pop("number", 1), state=state, **more
    )


def end(state: Any) -> RunFinished:
    return RunFinished(**MADE, state=state, ended=None)


class Runner:
    """A runner that plays what it is given."""

    def __init__(self, events: list[Event], error: Exception | None = None) -> None:
        self.events, self.error = events, error
        self.requests: list[RunRequest] = []
        self.was_left = False

    def __call__(self, **options: Any) -> Runner:
        self.options = options
        return self

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, request: RunRequest, *, timeout: float | None = None) -> Iterator[Event]:
        self.requests.append(request)
        try:
            yield from self.events
        except GeneratorExit:
            self.was_left = True
            raise
        if self.error:
            raise self.error


Play = Callable[..., tuple[Any, Runner]]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Play:
    (tmp_path / "shop.py").touch()
    (tmp_path / "dags").mkdir()
    monkeypatch.chdir(tmp_path)

    def played(
        *arguments: str, events: list[Event] | None = None, error: Exception | None = None
    ) -> tuple[Any, Runner]:
        runner = Runner([START, task("load", "success"), end("success")] if events is None else events, error)
        monkeypatch.setattr(command, "LocalAirflow", runner)
        return CliRunner().invoke(command.run, [*arguments, "--airflow", "py"]), runner

    return played


@pytest.mark.parametrize(
    ("events", "error", "status"),
    [
        ([START, task("load", "success"), end("success")], None, 0),
        ([START, end("success")], None, 1),  # nothing ran
        ([START, end("failed")], None, 1),
        ([START], None, 1),
        ([START], WorkerDiedError("The worker was killed"), 1),
        ([], UnknownDagError("no DAG shop"), 2),
    ],
)
def test_statuses(play: Play, events: list[Event], error: RunnerError | None, status: int) -> None:
    result, _ = play("shop.py", events=events, error=error)
    assert result.exit_code == status
    assert error is None or f"Error: {error}" in result.stderr


def test_a_run_in_which_nothing_ran_says_so(play: Play) -> None:
    result, _ = play("shop.py", events=[START, end("success")])
    assert "Nothing ran" in result.stderr
    result, _ = play("shop.py", events=[START, task("load", "skipped"), end("success")])
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_reader_that_stops_reading_ends_the_run(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        def show(self, event: Event) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(command, "view", lambda *_: Closed())
    result, runner = play("shop.py")
    assert result.exit_code != 0
    assert runner.was_left


def test_a_program_that_is_ended_cancels_the_run(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(events: Iterator[Event], _: Any) -> Iterator[Event]:
        yield next(events)
        os.kill(os.getpid(), signal.SIGTERM)
        yield from events

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(command, "observed", ended)
    result, runner = play("shop.py")
    assert result.exit_code == 128 + signal.SIGTERM
    assert "Cancelling the run" in result.stderr
    assert runner.was_left
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_interrupt_says_what_goes_on(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> Iterator[Event]:
        yield START
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "observed", interrupted)
    result, _ = play("shop.py")
    assert "Cancelling the run" in result.stderr
    assert result.exit_code != 0


def test_lines(play: Play) -> None:
    times = {"started": datetime(2026, 3, 1, tzinfo=UTC), "ended": datetime(2026, 3, 1, 0, 0, 2, tzinfo=UTC)}
    failed = task("load", "failed", index=2, number=2, log=Path("x.out"), **times)
    events = [START, task("load", "running", index=2), failed, end("failed")]
    result, _ = play("shop.py", events=events)
    assert result.stdout.splitlines() == [
        "shop: run r, logical date 2026-03-01T00:00:00+00:00",
        "load[2]                        running",
        "load[2]                        failed            2.0 s try 2  x.out",
        "shop: failed",
    ]


def test_jsonl(play: Play) -> None:
    events = [START, task("load", "success", result=Result("1", True)), end("success")]
    result, _ = play("shop.py", "--format", "jsonl", events=events)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["event"] for one in found] == ["run_started", "task", "run_finished"]
    assert found[1] == {
        "event": "task", **MADE, "task_id": "load", "map_index": -1, "try_number": 1, "state": "success",
        "result": {"preview": "1", "whole": True},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        (["shop.py"], "dag_id", None),
        (["shop.py", "--dag", "shop"], "dag_id", "shop"),
        (["shop"], "dag_id", "shop"),
        (["shop"], "file", None),
        (["shop.py", "--logical-date", "2026-03-01"], "logical_date", datetime(2026, 3, 1, tzinfo=UTC)),
        (["shop.py", "--conf", '{"a": [1]}'], "conf", {"a": [1]}),
        (["shop.py", "--task", "a", "--task", "b"], "tasks", ("a", "b")),
        (["shop.py"], "tasks", None),
        (["shop.py", "--run-id", "x"], "run_id", "x"),
        (["shop.py", "--verbose"], "tasks", None),
        (["shop.py", "--skip-retry-delays"], "retry_delays", "skip"),
    ],
)
def test_requests(play: Play, arguments: list[str], field: str, value: Any) -> None:
    result, runner = play(*arguments)
    assert result.exit_code == 0
    assert getattr(runner.requests[0], field) == value


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lost.py"], "There is no file lost.py"),
        (["./dags"], "./dags is a folder: name a file of it"),
        (["shop.py", "--conf", "[]"], "is no JSON object"),
        (["shop.py", "--conf", "{"], "is no JSON"),
        (["shop.py", "--logical-date", "soon"], "is no date"),
        (["shop", "--dags", "nowhere"], "does not exist"),
    ],
)
def test_wrong_usage(play: Play, arguments: list[str], message: str) -> None:
    result, runner = play(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not runner.requests


def test_a_dag_id_needs_a_folder(play: Play, tmp_path: Path) -> None:
    (tmp_path / "dags").rmdir()
    result, _ = play("shop")
    assert result.exit_code == 2
    assert "name it with --dags" in result.stderr


def test_the_table_keeps_to_the_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setenv("LINES", "12")
    table = Table(Stream(error=False, color=False))
    table.show(START)
    for number in range(40):
        table.show(task("a\x1b[31m" + "x" * 80, "success" if number < 38 else "running", index=number))
    shown = capsys.readouterr().out
    last = shown.rpartition("\x1b[J")[2].splitlines()
    assert len(last) <= 11
    assert max(map(len, last)) <= 70
    assert last[-1] == "2 running, 38 success"
    assert "\x1b[31m" not in shown
    table.show(end("success"))
    assert len(capsys.readouterr().out.rpartition("\x1b[J")[2].splitlines()) == 42  # all, the counts and the end


def test_an_observer_that_fails_does_not_end_the_run(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Event] = []

    def broken(_: Event) -> None:
        raise ValueError("no catalogue")

    events: list[Event] = [START, end("success")]
    assert list(observed(events, [broken, seen.append])) == events == seen
    assert len(caplog.records) == 1
