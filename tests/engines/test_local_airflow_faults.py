"""What can go wrong around a run, injected: no false success, a clear error, and the next run goes on."""

from __future__ import annotations

import resource
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dagport_adapters.runners import (
    AirflowError,
    DagImportError,
    Event,
    LocalAirflow,
    RunCancelledError,
    RunnerError,
    RunRequest,
    RunTimeoutError,
    TaskEvent,
    WorkerDiedError,
    homes,
    local,
)
from tests.engines.environments import Environment
from tests.engines.local_site import DATE, SECRET, Site, assert_dead, ending, last_states, local_site, told

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("local_airflow_faults")]

HANGS = "import airflow\nwhile True:\n    pass\n"
AT_IMPORT = [
    ("import airflow, sys\nsys.exit('no DAG today')\n", DagImportError, "SystemExit: no DAG today"),
    ("import airflow, os\nos._exit(0)\n", AirflowError, "died twice before a task began"),
    ("import airflow\nraise RuntimeError('Grüße')\n", DagImportError, "RuntimeError: Grüße"),
]


@pytest.fixture(scope="module", params=["airflow3", "airflow2"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with local_site(request.getfixturevalue(request.param), tmp_path_factory.mktemp(request.param)) as site:
        yield site


def errors(events: list[Event]) -> dict[tuple[str, str], str]:
    return {(e.task_id, e.state): e.error for e in events if isinstance(e, TaskEvent) and e.error}


def memory(pid: int | str) -> int:
    """KiB that a process has of the machine's memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_files_that_end_their_process_or_never_end(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "odd.py"
    for text, kind, said in AT_IMPORT:
        file.write_text(text)
        with pytest.raises(kind, match=said):
            list(site.runner.run(RunRequest(file=file)))
    file.write_text(HANGS)
    begun = time.monotonic()
    with pytest.raises(RunTimeoutError):
        list(site.runner.run(RunRequest(file=file), timeout=1))
    assert time.monotonic() - begun < 3000
    assert site.runner.worker_pid is not None  # it is still warm
    canceller = threading.Timer(1, site.runner.cancel)
    canceller.start()
    with pytest.raises(RunCancelledError):
        list(site.runner.run(RunRequest(file=file)))
    assert ending(site.run("told")).state == "success"


def test_tasks_that_change_their_process(site: Site) -> None:
    events = site.run("rude", logical_date=DATE)
    assert {task: state for task, (state, _) in last_states(events).items()} == dict.fromkeys(
        ["daemon", "upset", "loud", "after"], "success"
    )
    results = {e.task_id: e for e in events if isinstance(e, TaskEvent) and e.result}
    assert results["upset"].result is not None
    assert "\\u4e16" in results["upset"].result.preview or "世界" in results["upset"].result.preview
    assert results["after"].result is not None
    assert results["after"].result.preview == "false"
    [loud] = [e for e in events if isinstance(e, TaskEvent) and (e.task_id, e.state) == ("loud", "success")]
    assert loud.log is not None
    assert loud.log.stat().st_size >= 100_000_000
    loud.log.unlink()
    assert_dead(int((site.work / "daemon").read_text()))
    assert ending(site.run("told")).state == "success"


def test_a_task_that_closes_everything_is_no_success(site: Site) -> None:
    try:
        events = site.run("closing")
    except RunnerError:
        pass
    else:
        assert last_states(events) == site.database(ending(events))
    assert ending(site.run("told")).state == "success"


def test_callbacks_timeouts_on_kill_and_teardown(site: Site) -> None:
    events = site.run("calling", retry_delays="skip", logical_date=DATE)
    assert last_states(events) == site.database(ending(events))
    assert {task: state for task, (state, _) in last_states(events).items()} == {
        "make": "success", "well": "success", "badly": "failed", "clean": "success", "slow": "failed",
    }  # fmt: skip
    called = (site.work / "called").read_text().splitlines()
    assert called == ["success well", "retry badly", "failure badly", "dag calling"]
    assert (site.work / "killed").read_text() == "on_kill"
    found = errors(events)
    assert found["badly", "up_for_retry"] == found["badly", "failed"] == "ValueError: secret ***"
    assert "Timeout" in found["slow", "failed"]
    assert SECRET not in repr(events)


def test_a_trigger_that_fails_and_groups_that_are_mapped(site: Site) -> None:
    events = site.run("deferring")
    assert {task: state for task, (state, _) in last_states(events).items()} == {"waits": "failed", "later": "success"}
    assert last_states(events) == site.database(ending(events))
    failing = site.run("limited", params={"fail": True}, logical_date=DATE)
    assert last_states(failing)["alone"] == ("failed", 1)
    events = site.run("limited", logical_date=DATE.replace(day=2))  # pools, limits and other runs don't hold it
    assert last_states(events) == site.database(ending(events))
    assert {task: state for task, (state, _) in last_states(events).items()} == {
        "alone": "success", "each.half[0]": "failed", "each.half[1]": "success", "each.tell[0]": "success",
        "each.tell[1]": "success",
    }  # fmt: skip


def test_a_full_disk(site: Site) -> None:
    site.run("told")
    worker = site.runner.worker_pid
    assert worker is not None
    _, hard = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    events: list[Event] = []
    request = RunRequest(dag_id="good", run_id="full")
    following = site.runner.run(request, timeout=300)
    while ("join", "success") not in {(e.task_id, e.state) for e in events if isinstance(e, TaskEvent)}:
        events.append(next(following))
    children = Path(f"/proc/{worker}/task/{worker}/children").read_text().split()
    for pid in (worker, *map(int, children)):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(RunnerError, match=r"(?i)disk|full|too large|I/O|died|gone|locked"):
            events.extend(following)
    finally:
        site.runner.close()
    done = {task: state for task, (state, _) in last_states(events).items() if state == "success"}
    again = list(site.runner.run(request, timeout=300))
    assert ending(again).state == "success"
    recorded = site.database(ending(again))
    assert all(recorded[task][0] == "success" for task in done)
    assert recorded == {**last_states(events), **last_states(again)}


def test_a_home_that_can_not_be_written(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for home in (tmp_path / "file" / "home", Path("/proc/home")):
        runner = LocalAirflow(site.runner.python, site.runner.dags, home=home)
        with runner, pytest.raises(AirflowError, match=f"{home} can't be written"):
            list(runner.run(RunRequest(dag_id="told")))


def test_a_database_that_somebody_has_locked(site: Site) -> None:
    site.run("told")
    with closing(sqlite3.connect(site.home / "airflow.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("begin immediate")
        begun = time.monotonic()
        threading.Timer(7, lambda: other.execute("rollback")).start()  # longer than SQLite's 5 s
        assert ending(site.run("told")).state == "success"
        assert time.monotonic() - begun >= 6


def test_an_interpreter_that_hangs(tmp_path: Path, airflow3: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "START_SECONDS", 1.0)
    monkeypatch.setattr(homes, "prepare", lambda *_: None)
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    (tmp_path / "dags").mkdir()
    begun = time.monotonic()
    with LocalAirflow(slow, tmp_path / "dags", home=tmp_path / "home") as runner, pytest.raises(WorkerDiedError):
        list(runner.run(RunRequest(dag_id="told")))
    assert time.monotonic() - begun < 20


def test_a_paused_dag_runs(site: Site) -> None:
    site.run("told")
    with closing(sqlite3.connect(site.home / "airflow.db")) as connection:
        connection.execute("update dag set is_paused = 1 where dag_id = 'told'")
        connection.commit()
    assert ending(site.run("told")).state == "success"


def test_many_runs_leave_no_memory_behind(site: Site) -> None:
    """2,000 tasks' worth of events is what the benchmark measures; here it is one run of a hundred tasks."""
    list(site.runner.run(RunRequest(dag_id="hundred", retry_delays="skip", tasks=[f"one_{n}" for n in range(20)])))
    worker = site.runner.worker_pid
    assert worker is not None
    before, ours = memory(worker), memory("self")
    events = site.run("hundred")
    assert len(last_states(events)) == 100
    assert told(events, "one_99")[-1] == ("success", 1)
    assert memory(worker) - before < 2_000
    assert memory("self") - ours < 10_000
