"""The host's side of a local Airflow: whatever its worker does, events or a typed error come of it."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from dagport_adapters.runners import (
    AirflowError,
    AirflowNotFoundError,
    DagImportError,
    Handed,
    LocalAirflow,
    RunConflictError,
    RunFinished,
    RunnerError,
    RunRequest,
    RunStarted,
    RunTimeoutError,
    TaskEvent,
    UnknownDagError,
    UnknownTaskError,
    WorkerDiedError,
    local,
)
from tests.adapters.stand_in import stand_in

ONE = RunRequest(dag_id="d")
LOOP = "while True:\n    asked = command()\n    if asked['do'] != 'run':\n        continue\n"


def body(*lines: str) -> str:
    return LOOP + "".join(f"    {line}\n" for line in lines)


def test_events_come_as_the_worker_tells_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = body(
        "started()", "task('a', 'queued')", "task('a', 'queued')",
        "task('a', 'success', started='2026-03-01T00:00:00+00:00', ended='2026-03-01T00:00:02+00:00',"
        " result={'preview': '1', 'whole': True})",
        "task('a', 'success')", "finished()",
    )  # fmt: skip
    with stand_in(tmp_path, monkeypatch, script) as runner:
        for _ in range(2):  # the second is of the same process
            first, queued, success, end = runner.run(ONE)
            assert isinstance(first, RunStarted)
            assert isinstance(queued, TaskEvent)
            assert isinstance(success, TaskEvent)
            assert (queued.state, success.state, success.duration) == ("queued", "success", 2.0)
            assert success.result is not None
            assert end == RunFinished(dag_id="d", run_id="r", state="success", ended=None)
        assert runner.airflow_version == "3.3.2"


@pytest.mark.parametrize("state", ["failed", "running", "queued", "None", ""])
def test_only_success_is_success(state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stand_in(tmp_path, monkeypatch, body("started()", f"finished({state!r})")) as runner:
        end = list(runner.run(ONE))[-1]
    assert isinstance(end, RunFinished)
    assert end.state == "failed"


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("sys.exit(3)", WorkerDiedError, r"ended with status 3\. Run again"),
        ("print('last words', flush=True); os.kill(os.getpid(), 9)", WorkerDiedError, r"(?s)SIGKILL.*last words"),
        ("os.write(write, b'no json\\n')", WorkerDiedError, "Run again"),
        ("os.write(write, b'[]\\n')", WorkerDiedError, "Run again"),
        ("[os.write(write, b'x' * 65536) for _ in range(100)]", WorkerDiedError, "Run again"),
        ("os.close(write)\n    time.sleep(60)", WorkerDiedError, "stopped answering"),
        ("send(type='error', kind='unknown_dag', known=['dd', 'x'])", UnknownDagError, r"no DAG d\. Did you mean dd\?"),
        ("send(type='error', kind='import_error', errors={'f.py': 'Trace\\nKeyError: 1'})", DagImportError,
         r"f\.py can't be imported:\n  Trace\n  KeyError: 1"),
        ("send(type='error', kind='in_progress', message='It runs')", RunConflictError, r"It runs\. Wait for its end"),
        ("send(type='error', kind='run_died', status=139, message='')", AirflowError, "died twice .* wait status 139"),
        ("send(type='error', kind='import_error', errors={'f.py': 'ValueError: x://a:hunter2@b'})", DagImportError,
         r"ValueError: x://\*\*\*@b"),
        ("send(type='error', kind='airflow', message='x://a:hunter2@b')", AirflowError, r"it: x://\*\*\*@b"),
        ("send(type='error', kind='unknown_task', unknown=['q'], known=['a', 'b'])", UnknownTaskError, "It has a, b"),
        ("send(type='error', kind='airflow', message='KeyError: 1')", AirflowError, "can't run it: KeyError: 1"),
    ],
)  # fmt: skip
def test_errors(
    line: str, error: type[RunnerError], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        stand_in(tmp_path, monkeypatch, body(line)) as runner,
        pytest.raises(error, match=message),
    ):
        list(runner.run(ONE))


@pytest.mark.parametrize(
    ("hello", "error", "message"),
    [
        ("send(type='hello', protocol=1, error='ImportError: airflow')\n", AirflowNotFoundError, "has no Airflow"),
        ("send(type='hello', protocol=1, airflow='3.9.1', error='KeyError: 3')\n", AirflowNotFoundError,
         r"Airflow 3\.9\.1 in .* doesn't work \(KeyError: 3\)"),
        ("send(type='hello', protocol=99)\n", WorkerDiedError, "nothing that is understood"),
        ("time.sleep(60)\n", WorkerDiedError, "within 0.5 s"),
        ("raise SystemExit('bad start')\n", WorkerDiedError, "(?s)status 1.*bad start"),
    ],
)  # fmt: skip
def test_bad_beginnings(
    hello: str, error: type[RunnerError], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "START_SECONDS", 0.5 if "sleep" in hello else 120.0)
    with (
        stand_in(tmp_path, monkeypatch, LOOP + "    pass\n", hello=hello) as runner,
        pytest.raises(error, match=message),
    ):
        list(runner.run(ONE))


def test_an_interpreter_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(AirflowNotFoundError, match="can't be started: No such file"):
        list(LocalAirflow(tmp_path / "python", tmp_path, home=tmp_path / "home").run(ONE))


def test_an_interpreter_without_airflow(tmp_path: Path) -> None:
    with pytest.raises(AirflowNotFoundError, match="has no Airflow"):
        list(LocalAirflow(sys.executable, tmp_path, home=tmp_path / "home").run(ONE))


def test_the_next_run_after_a_death_has_a_new_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = body("started()", "os._exit(9) if asked['request']['run_id'] == 'die' else finished()")
    with stand_in(tmp_path, monkeypatch, script) as runner:
        with pytest.raises(WorkerDiedError):
            list(runner.run(RunRequest(dag_id="d", run_id="die")))
        assert len(list(runner.run(ONE))) == 2


def test_a_timeout_cancels_and_keeps_an_obedient_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = body("started()", "if asked['request']['run_id'] == 'long':", "    command()", "finished('failed', True)")
    with stand_in(tmp_path, monkeypatch, script) as runner:
        list(runner.run(ONE))
        pid = runner.worker_pid
        with pytest.raises(RunTimeoutError, match=r"longer than 0\.5 s"):
            list(runner.run(RunRequest(dag_id="d", run_id="long"), timeout=0.5))
        list(runner.run(ONE))
        assert runner.worker_pid == pid


def test_a_worker_that_ignores_a_cancelled_run_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "OBEY_SECONDS", 0.2)
    with stand_in(tmp_path, monkeypatch, body("started()", "command()", "time.sleep(600)")) as runner:
        events = runner.run(ONE)
        next(events)
        begun = time.monotonic()
        events.close()  # type: ignore[attr-defined] # it is a generator
        assert runner.worker_pid is None
        assert time.monotonic() - begun < 300


def test_what_the_worker_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = body(
        "started()", "task('a', 'success', result={'preview': json.dumps(asked), 'whole': True})", "finished()"
    )
    request = RunRequest(
        dag_id="d", conf={"a": 1, "b": 1}, params={"b": 2}, tasks=["t"], logical_date=datetime(2026, 3, 1), run_id="r"
    )
    with stand_in(tmp_path, monkeypatch, script) as runner:
        _, event, _ = runner.run(request)
    assert isinstance(event, TaskEvent)
    assert event.result is not None
    for part in ('"conf": {"a": 1, "b": 2}', '"tasks": ["t"]', '"logical_date": "2026-03-01T00:00:00+00:00"'):
        assert part in event.result.preview


def test_long_messages_both_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = """
while True:
    asked = command()
    if "long" in asked:
        rest = b""
        while len(rest) <= asked["long"]:
            rest += os.read(read, asked["long"] + 1 - len(rest))
        asked = json.loads(rest)
    started()
    text = json.dumps({"type": "task", "task_id": "a", "map_index": -1, "try_number": 1, "state": "success",
                       "started": None, "ended": None, "log": None, "results": asked["request"]["inputs"]}).encode()
    sent = b'{"long": %d}\\n%s\\n' % (len(text), text)
    while sent:
        sent = sent[os.write(write, sent):]
    finished()
"""
    script = script.replace('asked["request"]["inputs"]', '[{"key": "k", "value": asked["request"]["conf"]["a"]}]')
    with stand_in(tmp_path, monkeypatch, script) as runner:
        for size in (1 << 10, (1 << 20) - 200, 1 << 20, 5 << 20):
            _, event, _ = runner.run(RunRequest(dag_id="d", conf={"a": "ü" * size}))
            assert isinstance(event, TaskEvent)
            assert event.results == (Handed(task_id="a", key="k", value="ü" * size),)
