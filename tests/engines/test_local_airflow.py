"""``LocalAirflow`` on the real Airflow 3 and 2: every state is the one that Airflow's own database has."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from dagport_adapters.runners import (
    DagImportError,
    Event,
    RunConflictError,
    RunnerBusyError,
    RunRequest,
    RunStarted,
    RunTimeoutError,
    TaskEvent,
    UnknownDagError,
    UnknownTaskError,
    WorkerDiedError,
)
from tests.engines.environments import clean_variables
from tests.engines.local_site import DAGS, DATE, Site, assert_dead, ending, is_alive, last_states, local_site, told

GOOD = {
    "pick": "success", "left": "success", "right": "skipped", "join": "success", "gate": "success",
    "behind": "skipped", "items_0": "success", "double_0": "skipped", "total_0": "skipped", "items_1": "success",
    "double_1[0]": "success", "total_1": "success", "items_3": "success", "double_3[0]": "success",
    "double_3[1]": "success", "double_3[2]": "success", "total_3": "success", "flaky": "success",
    "skipper": "skipped", "after_skip": "skipped", "whatever": "success",
}  # fmt: skip
BAD = {
    "boom": "failed", "after_boom": "upstream_failed", "alarm": "success", "clean": "success", "make": "success",
    "work": "failed", "drop": "success", "half[0]": "success", "half[1]": "failed", "half[2]": "success",
}  # fmt: skip

URI = "postgres://me:hunter%2Ftwo@db.example/shop"
QUOTED = 'pass"wörd\\with-all'

CHANGING = """
@dag(**WHEN)
def changing():
    @task
    def give():
        return {value}
    give()
changing()
"""

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("local_airflow")]


@pytest.fixture(scope="module", params=["airflow3", "airflow2"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with local_site(request.getfixturevalue(request.param), tmp_path_factory.mktemp(request.param)) as site:
        yield site


@pytest.fixture(autouse=True)
def _no_pids(site: Site) -> None:
    for name in ("pids", "free"):
        (site.work / name).unlink(missing_ok=True)


@pytest.mark.parametrize(("dag_id", "state", "expected"), [("good", "success", GOOD), ("bad", "failed", BAD)])
def test_every_state_is_airflows_own(site: Site, dag_id: str, state: str, expected: dict[str, str]) -> None:
    events = site.run(dag_id, logical_date=DATE)
    assert isinstance(events[0], RunStarted)
    assert {task: found for task, (found, _) in last_states(events).items()} == expected
    assert last_states(events) == site.database(ending(events))
    assert ending(events).state == site.run_state(dag_id, ending(events).run_id) == state
    for event in events[1:-1]:
        assert isinstance(event, TaskEvent)
        if event.state in ("success", "failed"):
            assert event.duration is not None
            assert event.log is not None
            assert event.log.is_file()


def test_a_retry_has_its_own_number_and_delay(site: Site) -> None:
    events = site.run("good", logical_date=DATE)
    assert told(events, "flaky") == [
        ("queued", 1), ("running", 1), ("up_for_retry", 1), ("queued", 2), ("running", 2), ("success", 2),
    ]  # fmt: skip
    first, second = (e for e in events if isinstance(e, TaskEvent) and e.task_id == "flaky" and e.state == "running")
    assert first.started is not None
    assert second.started is not None
    assert (second.started - first.started).total_seconds() >= 1


def test_tasks_that_wait(site: Site) -> None:
    events = site.run("waiting")
    states = [state for state, _ in told(events, "poked")]
    assert states == ["queued", "running", "up_for_reschedule", "queued", "running", "success"]
    assert told(events, "patient")[-1] == ("success", 1)
    assert last_states(events) == site.database(ending(events))
    assert ending(events).state == "success"


def test_results_show_no_secrets(site: Site) -> None:
    [result] = [e.result for e in site.run("secret") if isinstance(e, TaskEvent) and e.result]
    assert "hunter2" not in result.preview
    assert "***" in result.preview


def test_results_are_json_and_show_no_secret_that_json_writes_in_another_way(site: Site) -> None:
    said = {"QUOTED": json.dumps({"conn_type": "http", "password": QUOTED}), "QUOTED_URI": URI}
    site.runner.env = {**site.runner.env, **{f"AIRFLOW_CONN_{name}": value for name, value in said.items()}}
    site.runner.close()  # a new worker has the variables
    events = [event for event in site.run("texts") if isinstance(event, TaskEvent)]
    assert [e.error for e in events if e.error] == ["ValueError: postgres://***@db.example/shop"]
    found = {e.task_id: e.result for e in events if e.result}
    assert {task: json.loads(result.preview) for task, result in found.items()} == {
        "grün_日本": 'grün "x"', "pieces": [1, None, "a"], "quoted": ["***", {"***": "***"}, "x" * 100 + "***"],
        "uri": "postgres://***@db.example/shop",
    }  # fmt: skip


def test_a_task_that_another_one_of_its_batch_skips_does_not_run(site: Site) -> None:
    events = site.run("batch", logical_date=DATE)
    assert {task: state for task, (state, _) in last_states(events).items()} == {
        "choose": "success", "chosen": "success", "left_out": "skipped",
    }  # fmt: skip
    assert last_states(events) == site.database(ending(events))
    assert not (site.work / "left_out").exists()


def test_a_run_without_any_task_instance_tells_of_none(site: Site) -> None:
    events = site.run("early", logical_date=DATE)
    assert [type(event).__name__ for event in events] == ["RunStarted", "RunFinished"]
    assert ending(events).state == site.run_state("early", ending(events).run_id) == "success"  # as Airflow has it


def test_warm_runs_share_a_process_and_see_changed_files(site: Site) -> None:
    site.run("told")
    pid = site.runner.worker_pid
    file = site.home.parent / "dags" / "changing.py"
    head = (DAGS / "flow.txt").read_text().partition("@dag")[0]
    for value in (1, 2):
        file.write_text(head + CHANGING.format(value=value))
        [event] = [e for e in site.run("changing") if isinstance(e, TaskEvent) and e.state == "success"]
        assert event.result is not None
        assert event.result.preview == str(value)
    file.unlink()
    assert site.runner.worker_pid == pid


def test_conf_params_interval_and_a_subset_of_tasks(site: Site) -> None:
    interval = (DATE, datetime(2026, 3, 2, tzinfo=UTC))
    events = site.run(
        "told", run_id="mine", logical_date=DATE, params={"region": "south"}, data_interval=interval, tasks=["repeat"]
    )
    assert last_states(events) == {"repeat": ("success", 1)} == site.database(ending(events))
    [result] = [e.result for e in events if isinstance(e, TaskEvent) and e.result]
    region, start, run_id = json.loads(result.preview)
    assert (region, datetime.fromisoformat(start), run_id) == ("south", DATE, "mine")


def test_a_finished_run_is_never_started_twice(site: Site) -> None:
    before = site.run("told", run_id="once")
    again = site.run("told", run_id="once")
    assert isinstance(again[0], RunStarted)
    assert again[0].resumed
    assert [state for state, _ in told(again, "repeat")] == ["success"]
    starts = [
        e.started for events in (before, again) for e in events if isinstance(e, TaskEvent) and e.state == "success"
    ]
    assert len(set(starts)) == 2  # of the two tasks; not four
    with pytest.raises(RunConflictError, match="The run once already has"):
        site.run("told", run_id="twice", logical_date=before[0].logical_date)  # type: ignore[union-attr]


def test_what_a_task_prints_is_in_its_log_and_nowhere_else(site: Site) -> None:
    events = site.run("noisy")
    assert [state for state, _ in told(events, "noise")] == ["queued", "running", "success"]
    done = events[-2]
    assert isinstance(done, TaskEvent)
    assert done.log is not None
    assert done.result is not None
    assert done.log.read_bytes().count(b'"run_finished"') == 6
    assert len(done.result.preview) == 2000
    assert not done.result.whole


def test_a_task_that_ends_its_process_has_failed_or_is_tried_again(site: Site) -> None:
    events = site.run("dying", retry_delays="skip")
    assert told(events, "die") == [
        ("queued", 1), ("running", 1), ("up_for_retry", 1), ("queued", 2), ("running", 2), ("success", 2),
    ]  # fmt: skip
    assert told(events, "exit_quietly")[-1] == ("failed", 1)
    assert last_states(events) == site.database(ending(events))
    assert ending(events).state == "failed"


def test_cancel_ends_the_task_and_what_it_started(site: Site) -> None:
    events: list[Event] = []
    thread = threading.Thread(target=lambda: events.extend(site.run("stuck", retry_delays="skip")))
    thread.start()
    pids = site.pids()
    with pytest.raises(RunnerBusyError):
        next(site.runner.run(RunRequest(dag_id="told")))
    site.runner.cancel()
    thread.join(200)
    assert_dead(*pids)
    assert ending(events).cancelled
    assert ending(events).state == "failed"
    states = site.database(ending(events))
    assert last_states(events) == {task: found for task, found in states.items() if found[0]}
    assert "success" not in {state for state, _ in states.values()}
    pid = site.runner.worker_pid
    assert ending(site.run("told")).state == "success"
    assert site.runner.worker_pid == pid


def test_a_run_that_takes_too_long_and_one_that_nobody_follows(site: Site) -> None:
    with pytest.raises(RunTimeoutError, match="longer than 10 s"):
        list(site.runner.run(RunRequest(dag_id="stuck"), timeout=10))
    assert_dead(*site.pids())
    for event in site.runner.run(RunRequest(dag_id="good")):
        if isinstance(event, TaskEvent):
            break
    assert ending(site.run("told")).state == "success"


def test_a_killed_worker_is_an_error_and_the_run_can_be_taken_up(site: Site) -> None:
    events: list[Event] = []
    following = site.runner.run(RunRequest(dag_id="stuck", run_id="killed", retry_delays="skip"))
    while told(events, "sleep") != [("queued", 1), ("running", 1)]:
        events.append(next(following))
    pids, worker = site.pids(), site.runner.worker_pid
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(WorkerDiedError, match=r"was killed by SIGKILL\. Run again"):
        next(following)
    assert_dead(*pids, worker)
    assert site.run_state("stuck", "killed") == "running"
    (site.work / "free").touch()
    more = site.run("stuck", run_id="killed", retry_delays="skip")
    assert isinstance(more[0], RunStarted)
    assert more[0].resumed
    assert told(more, "sleep") == [("up_for_retry", 1), ("queued", 2), ("running", 2), ("success", 2)]
    assert last_states(more) == site.database(ending(more))
    assert ending(more).state == "success"


HOST = """
import sys
from dagport_adapters.runners import LocalAirflow, RunRequest
runner = LocalAirflow(*sys.argv[1:3], home=sys.argv[3])
for event in runner.run(RunRequest(dag_id="stuck")):
    print(runner.worker_pid, flush=True)
"""


def test_a_killed_host_takes_everything_with_it(site: Site) -> None:
    command = [sys.executable, "-c", HOST, str(site.runner.python), str(site.runner.dags), str(site.home)]
    variables = {**clean_variables(), "FAULTS_FOLDER": str(site.work)}
    host = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=variables)
    assert host.stdout is not None
    worker = int(host.stdout.readline())
    pids = site.pids()
    assert all(map(is_alive, [worker, *pids]))
    host.kill()
    host.wait()
    host.stdout.close()
    assert_dead(worker, *pids)


def test_what_can_not_be_run(site: Site) -> None:
    with pytest.raises(UnknownDagError, match=r"has no DAG goof\. Did you mean good\?"):
        site.run("goof")
    with pytest.raises(UnknownTaskError, match=r"no task repeet\. Did you mean repeat\?"):
        site.run("told", tasks=["repeet"])
    broken = site.home.parent / "dags" / "broken.py"
    broken.write_text("import airflow\nraise KeyError('no such thing')\n")
    with pytest.raises(DagImportError, match=r"(?s)broken.py can't be imported:.*KeyError: 'no such thing'"):
        list(site.runner.run(RunRequest(file=broken)))
    broken.unlink()
    with pytest.raises(UnknownDagError, match="has 8 DAGs: say which"):
        list(site.runner.run(RunRequest(file=site.home.parent / "dags" / "flow.py")))
    assert ending(site.run("told")).state == "success"


def test_many_mapped_tasks(site: Site) -> None:
    events = site.run("many")
    assert len(last_states(events)) == 100
    assert last_states(events) == site.database(ending(events))
    assert {state for state, _ in last_states(events).values()} == {"success"}
