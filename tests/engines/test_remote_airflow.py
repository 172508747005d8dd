"""``RemoteAirflow`` on a real Airflow 3 and 2: states are those of its database, whatever the network does."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from dagport_adapters.runners import (
    Event,
    Handed,
    RunConflictError,
    RunFinished,
    RunRequest,
    RunStarted,
    RunTimeoutError,
    TaskEvent,
    UnknownDagError,
    UnknownTaskError,
)
from dagport_adapters.runners.protocol import FINISHED_STATES
from dagport_adapters.runners.remote import (
    Auth,
    AuthenticationError,
    Basic,
    ForbiddenError,
    Jwt,
    NotPossibleRemotelyError,
    Patience,
    PausedDagError,
    RemoteAirflow,
    RunGoneError,
    RunHandle,
    UnreachableError,
    listing,
)
from tests.adapters.remote.faults import (
    CUT,
    HALF,
    RESET_AFTER,
    RESET_BEFORE,
    Fault,
    FaultyProxy,
    Rule,
    each_once,
    hang,
    status,
    with_headers,
)
from tests.engines.environments import Environment
from tests.engines.live_airflow import LiveAirflow, live_airflow

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("remote_airflow")]
RUN_SECONDS = 300.0  # of a run on a loaded machine
DAGS = Path(__file__).with_name("remote_airflow") / "dags.txt"
DAG_IDS = ("every_ending", "empty", "producing", "handing", "wide", "long", "paused")
TASKS = "select task_id, map_index, try_number, state from task_instance where dag_id = ? and run_id = ?"
RUNS = "select * from dag_run where dag_id = ? and run_id like ?"


@pytest.fixture(scope="module", params=["airflow3", "airflow2"])
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveAirflow]:
    engine: Environment = request.getfixturevalue(request.param)
    short_tokens = {"AIRFLOW__API_AUTH__JWT_EXPIRATION_TIME": "20"}  # s; so that they expire during the tests
    home = tmp_path_factory.mktemp("live")
    (home / "dags").mkdir()
    shutil.copy(DAGS, home / "dags" / "remote_dags.py")
    with live_airflow(engine, home / "dags", home, dag_ids=DAG_IDS, env=short_tokens) as running:
        yield running


def auth_of(live: LiveAirflow, password: str | None = None) -> Auth:
    kind = Jwt if live.major == 3 else Basic
    return kind(live.username, password or live.password)


def remote(live: LiveAirflow, url: str | None = None, **options: Any) -> RemoteAirflow:
    quick = {"poll": (0.2, 0.5), "timeout": 10.0, "patience": Patience(seconds=40, first=0.1, longest=1)}
    return RemoteAirflow(url or live.url, auth_of(live), **{**quick, **options})


def in_database(live: LiveAirflow, dag_id: str, run_id: str) -> dict[tuple[str, int], tuple[int, str]]:
    rows = live.query(TASKS, (dag_id, run_id))
    return {(row["task_id"], row["map_index"]): (row["try_number"], row["state"]) for row in rows}


def last_told(events: list[Event]) -> dict[tuple[str, int], tuple[int, str]]:
    tasks = [event for event in events if isinstance(event, TaskEvent)]
    return {(event.task_id, event.map_index): (event.try_number, event.state) for event in tasks}


def check(live: LiveAirflow, events: list[Event]) -> RunFinished:
    """What holds for the events of every whole run."""
    started, finished = events[0], events[-1]
    assert isinstance(started, RunStarted)
    assert isinstance(finished, RunFinished)
    assert [type(event) for event in events[1:-1]] == [TaskEvent] * (len(events) - 2)
    assert last_told(events) == in_database(live, finished.dag_id, finished.run_id)
    (row,) = live.query(RUNS, (finished.dag_id, finished.run_id))
    assert finished.state == row["state"]
    ends = [
        (event.task_id, event.map_index, event.try_number)
        for event in events
        if isinstance(event, TaskEvent) and event.state in FINISHED_STATES
    ]
    assert len(ends) == len(set(ends))
    return finished


def of_task(events: list[Event], task_id: str, map_index: int = -1) -> list[TaskEvent]:
    tasks = [event for event in events if isinstance(event, TaskEvent)]
    return [event for event in tasks if (event.task_id, event.map_index) == (task_id, map_index)]


def the_run(live: LiveAirflow) -> None:
    """See that the run that several tests ask for is there: it is started once, whoever comes first."""
    with remote(live) as runner:
        list(runner.run(RunRequest(dag_id="every_ending", run_id="every"), timeout=RUN_SECONDS))


def test_every_ending_is_told_as_the_database_has_it(live: LiveAirflow) -> None:
    with remote(live) as runner:
        events = list(runner.run(RunRequest(dag_id="every_ending", run_id="first"), timeout=RUN_SECONDS))
    finished = check(live, events)
    assert (finished.state, finished.cancelled) == ("failed", False)
    assert isinstance(events[0], RunStarted)
    assert not events[0].resumed
    ended = {key: state for key, (_, state) in last_told(events).items()}
    assert ended["right", -1] == "skipped"
    assert ended["later", -1] == "upstream_failed"
    assert [ended["double", index] for index in range(3)] == ["success", "failed", "success"]
    flaky = [(event.try_number, event.state) for event in of_task(events, "flaky")]
    assert (1, "up_for_retry") in flaky
    assert flaky[-1] == (2, "success")
    results = {event.task_id: event.result for event in events if isinstance(event, TaskEvent) and event.result}
    assert (results["numbers"].preview, results["numbers"].whole) == ("[1, 2, 3]", True)
    assert results["flaky"].preview == '"second time"'
    assert all(event.log_url for event in of_task(events, "double", 1))
    errors = ("ValueError: two can't be doubled here", "RuntimeError: not the first time")
    told = (of_task(events, "double", 1)[-1].error, next(e.error for e in of_task(events, "flaky") if e.ended))
    assert told == (errors if live.major == 3 else (None, None))
    order = [event.task_id for event in events if isinstance(event, TaskEvent) and event.state in FINISHED_STATES]
    assert order.index("numbers") < order.index("double") < order.index("later")


def test_what_nobody_looked_at_is_told_afterwards_with_all_tries(live: LiveAirflow) -> None:
    """A run that has ended, taken up by another process; its tries come from the history."""
    the_run(live)
    with remote(live) as runner:
        events = list(runner.run(RunRequest(dag_id="every_ending", run_id="every"), timeout=RUN_SECONDS))
        tasks = runner.task_instances("every_ending", "every")
    check(live, events)
    assert isinstance(events[0], RunStarted)
    assert events[0].resumed
    assert [(event.try_number, event.state) for event in of_task(events, "flaky")] == [
        (1, "up_for_retry"),
        (2, "success"),
    ]
    assert [(task.try_number, task.latest) for task in tasks if task.task_id == "flaky"] == [(1, False), (2, True)]
    assert len(live.query(RUNS, ("every_ending", "every"))) == 1


def storm(live: LiveAirflow) -> Rule:
    """Every other request is struck by the next of these, whatever it asks for."""
    strokes = [
        status(500),
        status(502),
        status(503),
        status(429, Retry_After="1"),
        hang(1.5),
        RESET_BEFORE,
        RESET_AFTER,
        HALF,
        CUT,
        status(504, b"<html><body>The gateway has lost patience</body></html>"),
        with_headers(Authorization="Bearer not-a-token") if live.major == 3 else status(500),
    ]

    def rule(method: str, path: str, before: int) -> Fault | None:
        return strokes.pop(0) if before % 2 and strokes and not path.startswith("/auth") else None

    return rule


def test_no_state_is_lost_or_made_up_in_a_storm_while_the_host_dies_again_and_again(live: LiveAirflow) -> None:
    """Between two looks at the run there is nothing but the handle, as text."""
    with FaultyProxy(live.url, storm(live)) as proxy:
        with remote(live, proxy.url, timeout=1.0) as runner:
            kept = runner.start(RunRequest(dag_id="every_ending", run_id="storm")).to_json()
        events: list[Event] = []
        while not (handle := RunHandle.from_json(kept)).finished:
            with remote(live, proxy.url, timeout=1.0) as runner:
                events += runner.poll(handle)
            assert handle.finished == isinstance(events[-1], RunFinished)
            kept = handle.to_json()
            time.sleep(0.2)
        broken = proxy.broken
    check(live, events)
    assert len(broken) == 11
    told = [
        (each.task_id, each.map_index, each.try_number, each.state) for each in events if isinstance(each, TaskEvent)
    ]
    assert len([each for each in told if each[3] in FINISHED_STATES]) == len(last_told(events))
    assert ("flaky", -1, 1, "up_for_retry") in told
    assert len(live.query(RUNS, ("every_ending", "storm"))) == 1


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (RESET_AFTER, "reset-after"),
        (hang(1.2, passed_on=True), "hang-after"),
        (status(502), "bad-gateway"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_lost_start_starts_one_run(live: LiveAirflow, fault: Any, name: str) -> None:
    rule = each_once(("POST", "/dagRuns", fault))
    with FaultyProxy(live.url, rule) as proxy, remote(live, proxy.url, timeout=1.0) as runner:
        request = RunRequest(dag_id="empty", run_id=f"lost-{name}", conf={"a": 1}, logical_date=None)
        events = list(runner.run(request, timeout=RUN_SECONDS))
        assert proxy.broken
    assert check(live, events).state == "success"
    assert isinstance(events[0], RunStarted)
    assert not events[0].resumed
    assert len(live.query(RUNS, ("empty", f"lost-{name}"))) == 1


def test_two_that_start_the_same_run_id_follow_one_run(live: LiveAirflow) -> None:
    found: list[list[Event]] = []

    def follow() -> None:
        with remote(live) as runner:
            found.append(list(runner.run(RunRequest(dag_id="empty", run_id="same"), timeout=RUN_SECONDS)))

    threads = [threading.Thread(target=follow) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(RUN_SECONDS)
    assert len(found) == 2
    for events in found:
        check(live, events)
    assert len(live.query(RUNS, ("empty", "same"))) == 1


def test_a_date_is_done_again_once_even_when_the_answer_is_lost(live: LiveAirflow) -> None:
    date = datetime(2025, 5, 1, tzinfo=UTC)
    with remote(live) as runner:
        first = check(live, list(runner.run(RunRequest(dag_id="empty", logical_date=date), timeout=RUN_SECONDS)))
    rule = each_once(("POST", "/clear", RESET_AFTER))
    with FaultyProxy(live.url, rule) as proxy, remote(live, proxy.url) as runner:
        again = list(runner.run(RunRequest(dag_id="empty", logical_date=date), timeout=RUN_SECONDS))
        assert len(proxy.broken) == 1
        with pytest.raises(NotPossibleRemotelyError, match="conf"):
            next(runner.run(RunRequest(dag_id="empty", logical_date=date, conf={"a": 1})))
    assert first.run_id == check(live, again).run_id
    assert isinstance(again[0], RunStarted)
    assert again[0].logical_date == date
    assert last_told(again) == {("only", -1): (2, "success")}


def test_some_tasks_are_done_again_and_no_others(live: LiveAirflow) -> None:
    the_run(live)
    before = in_database(live, "every_ending", "every")
    rule = each_once(("POST", "/clearTaskInstances", RESET_AFTER))
    request = RunRequest(dag_id="every_ending", run_id="every", tasks=["double", "left"], again="tasks")
    with FaultyProxy(live.url, rule) as proxy, remote(live, proxy.url) as runner:
        events = list(runner.run(request, timeout=RUN_SECONDS))
        assert proxy.broken
    after = in_database(live, "every_ending", "every")
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {("double", 0), ("double", 1), ("double", 2), ("left", -1)}
    assert {after[key][0] - before[key][0] for key in changed} == {1}
    assert last_told(events) == {key: after[key] for key in changed}
    assert all(event.try_number == 2 for event in events if isinstance(event, TaskEvent))


def test_results_can_be_put_in_place_in_airflow_3(live: LiveAirflow) -> None:
    with remote(live) as runner:
        whole = RunRequest(dag_id="handing", run_id="handing", whole_results=True)
        first = list(runner.run(whole, timeout=RUN_SECONDS))
        again = RunRequest(
            dag_id="handing",
            run_id="handing",
            tasks=["take"],
            again="tasks",
            inputs=[Handed(task_id="give", value={"x": 7})],
            whole_results=True,
        )
        assert check(live, first).state == "success"
        assert of_task(first, "give")[-1].results == (Handed(task_id="give", value={"x": 1}),)
        assert of_task(first, "take")[-1].results == (Handed(task_id="take", value=10),)
        if live.major == 2:
            with pytest.raises(NotPossibleRemotelyError, match="LocalAirflow"):
                list(runner.run(again))
            return
        events = list(runner.run(again, timeout=RUN_SECONDS))
    assert of_task(events, "take")[-1].results == (Handed(task_id="take", value=70),)
    assert not of_task(events, "give")


def test_what_cannot_be_is_refused_before_anything_is_started(live: LiveAirflow) -> None:
    the_run(live)
    with remote(live) as runner:
        list(runner.run(RunRequest(dag_id="empty", logical_date=datetime(2025, 5, 1, tzinfo=UTC))))
    count = len(live.query("select id from dag_run"))
    refused: list[tuple[RunRequest, type[Exception], str]] = [
        (RunRequest(dag_id="nope"), UnknownDagError, "nope"),
        (RunRequest(file=DAGS), UnknownDagError, "by their id"),
        (RunRequest(dag_id="every_ending", tasks=["nope"]), UnknownTaskError, "nope"),
        (RunRequest(dag_id="every_ending", tasks=["left"]), NotPossibleRemotelyError, "whole DAG"),
        (RunRequest(dag_id="empty", retry_delays="skip"), NotPossibleRemotelyError, "wait"),
        (RunRequest(dag_id="paused", run_id="paused"), PausedDagError, "unpause=True"),
        (
            RunRequest(dag_id="every_ending", run_id="every", logical_date=datetime(2020, 1, 1, tzinfo=UTC)),
            RunConflictError,
            "another logical date",
        ),
        (RunRequest(dag_id="empty", run_id="other", logical_date=datetime(2025, 5, 1)), RunConflictError, "run id"),
    ]
    with remote(live) as runner:
        for request, kind, words in refused:
            with pytest.raises(kind, match=words):
                next(runner.run(request))
    assert len(live.query("select id from dag_run")) == count


def test_a_paused_dag_runs_when_it_may_be_unpaused(live: LiveAirflow) -> None:
    with remote(live, unpause=True) as runner:
        events = list(runner.run(RunRequest(dag_id="paused", run_id="unpaused"), timeout=RUN_SECONDS))
    assert check(live, events).state == "success"


def test_cancelling_closing_and_time_running_out_end_the_run_in_airflow(live: LiveAirflow) -> None:
    def state(run_id: str) -> str:
        return str(live.query(RUNS, ("long", run_id))[0]["state"])

    with remote(live) as runner:
        closed = cast(Generator[Event, None, None], runner.run(RunRequest(dag_id="long", run_id="closed")))
        assert isinstance(next(closed), RunStarted)
        events: list[Event] = []
        for event in runner.run(RunRequest(dag_id="long", run_id="cancelled"), timeout=RUN_SECONDS):
            events.append(event)
            if isinstance(event, TaskEvent) and event.state == "running":
                runner.cancel()
        closed.close()
        with pytest.raises(RunTimeoutError, match=r"0\.5 s"):
            list(runner.run(RunRequest(dag_id="long", run_id="late"), timeout=0.5))
    finished = check(live, events)
    assert (finished.state, finished.cancelled) == ("failed", True)
    assert last_told(events)["sleep", -1] == (1, "failed")
    assert (state("closed"), state("late")) == ("failed", "failed")
    with remote(live, cancel_on_close=False) as runner:
        leaving = cast(Generator[Event, None, None], runner.run(RunRequest(dag_id="empty", run_id="left-alone")))
        next(leaving)
        leaving.close()
    until = time.monotonic() + RUN_SECONDS
    while live.query(RUNS, ("empty", "left-alone"))[0]["state"] in ("queued", "running") and time.monotonic() < until:
        time.sleep(0.3)
    assert live.query(RUNS, ("empty", "left-alone"))[0]["state"] == "success"


def test_a_run_that_is_deleted_is_an_error_and_not_a_success(live: LiveAirflow) -> None:
    version = "v2" if live.major == 3 else "v1"
    with remote(live) as runner:
        handle = runner.start(RunRequest(dag_id="empty", run_id="deleted"))
        deadline = time.monotonic() + RUN_SECONDS
        while runner.api.run("empty", "deleted").state != "success" and time.monotonic() < deadline:
            time.sleep(0.2)
        live.call("DELETE", f"/api/{version}/dags/empty/dagRuns/deleted")
        with pytest.raises(RunGoneError, match="deleted"):
            runner.poll(handle)
        assert isinstance(runner.poll_all([handle])["empty", "deleted"], RunGoneError)
        with pytest.raises(RunGoneError):
            runner.task_instances("empty", "deleted")


def test_who_may_not_is_told_so_and_no_password_is_shown(live: LiveAirflow) -> None:
    wrong = RemoteAirflow(live.url, auth_of(live, "a-wrong-password"), patience=Patience(seconds=5))
    with wrong, pytest.raises((AuthenticationError, ForbiddenError)) as caught:  # Airflow 2 answers 403 to both
        next(wrong.dags())
    assert (
        "a-wrong-password" not in f"{caught.value!r} {wrong!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    )
    viewer = Jwt("viewer", live.password) if live.major == 3 else Basic("viewer", live.password)
    with RemoteAirflow(live.url, viewer) as runner:
        assert live.major == 2 or "empty" in {dag.dag_id for dag in runner.dags()}
        with pytest.raises(ForbiddenError, match="permission"):
            next(runner.run(RunRequest(dag_id="empty", run_id="forbidden")))
    assert not live.query(RUNS, ("empty", "forbidden"))


def test_many_runs_are_followed_with_few_questions(live: LiveAirflow) -> None:
    with FaultyProxy(live.url) as proxy, remote(live, proxy.url) as runner:
        handles = [runner.start(RunRequest(dag_id="empty", run_id=f"many-{n}")) for n in range(4)]
        handles.append(runner.start(RunRequest(dag_id="long", run_id="many-long", conf={"seconds": 1})))
        events: dict[tuple[str, str], list[Event]] = {(each.dag_id, each.run_id): [] for each in handles}
        rounds, asked = 0, len(proxy.requests)
        while not all(handle.finished for handle in handles):
            for key, new in runner.poll_all(handles).items():
                assert not isinstance(new, RunGoneError)
                events[key] += new
            rounds += 1
            time.sleep(0.3)
        asked = len(proxy.requests) - asked
    for each in events.values():
        check(live, each)
    assert asked <= 2 * rounds + 6 * len(handles)


def test_lists_longer_than_a_page_are_whole(live: LiveAirflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 7)
    with remote(live) as runner:
        events = list(runner.run(RunRequest(dag_id="wide", run_id="wide"), timeout=RUN_SECONDS))
        assert len(runner.task_instances("wide", "wide")) == 25
    check(live, events)
    assert len(last_told(events)) == 25


def test_every_end_of_a_run_is_seen_once(live: LiveAirflow) -> None:
    with remote(live) as runner:
        seen: list[tuple[str, str, Any]] = []
        cursor, more, cursors = None, True, set()
        while more:
            page = runner.runs_changed(cursor, limit=3)
            seen += [(run.dag_id, run.run_id, run.end) for run in page.runs]
            assert page.cursor not in cursors
            cursors.add(page.cursor)
            cursor, more = page.cursor, page.more
        assert len(seen) == len(set(seen))
        rows = live.query("select dag_id, run_id from dag_run where state in ('success', 'failed')")
        assert {each[:2] for each in seen} == {(row["dag_id"], row["run_id"]) for row in rows}
        assert [each[2] for each in seen] == sorted(each[2] for each in seen)
        # Airflow 2 moves the end of a run that was cancelled once its tasks are gone: an end that wasn't seen before.
        assert not {(run.dag_id, run.run_id, run.end) for run in runner.runs_changed(cursor).runs} & set(seen)
        handle = runner.start(RunRequest(dag_id="long", run_id="seen", conf={"seconds": 1}))
        under_way = {run.run_id for run in runner.runs_changed(cursor).under_way}
        assert "seen" in under_way
        while not handle.finished:
            runner.poll(handle)
            time.sleep(0.3)
        since = runner.runs_changed(cursor, dag_ids=["long"]).runs
        assert [run.run_id for run in since if run.run_id not in ("closed", "cancelled", "late")] == ["seen"]
        assert not {(run.dag_id, run.run_id, run.end) for run in since} & set(seen)
        assert runner.runs_changed(cursor, dag_ids=["empty"]).runs == ()


def test_dags_are_as_airflow_has_them(live: LiveAirflow) -> None:
    with remote(live) as runner:
        dags = {dag.dag_id: dag for dag in runner.dags()}
        assert [dag.dag_id for dag in runner.dags(["empty", "nope"])] == ["empty"]
    assert set(dags) == set(DAG_IDS)
    ending = dags["every_ending"]
    tasks = {task.task_id: task for task in ending.tasks}
    assert tasks["choose"].downstream == ("left", "right")
    assert tasks["join"].trigger_rule == "none_failed_min_one_success"
    assert (tasks["double"].is_mapped, tasks["flaky"].is_mapped, tasks["flaky"].retries) == (True, False, 2)
    assert (ending.tags, ending.owners, ending.timezone) == (("a", "b"), ("airflow",), "UTC")
    assert ending.file_loc == str(live.home.parent / "dags" / "remote_dags.py")
    assert dags["producing"].tasks[0].outlets == ("s3://a-bucket/only",)


def test_a_server_that_is_started_again_in_mid_run_loses_nothing(live: LiveAirflow) -> None:
    """Last, because it takes the server away. The scheduler is away too, so that the run is still there afterwards."""
    live.stop_part("scheduler")
    with remote(live, patience=Patience(seconds=90, first=0.2, longest=1)) as runner:
        run = runner.run(RunRequest(dag_id="empty", run_id="restart"), timeout=RUN_SECONDS)
        events = [next(run)]
        live.stop_part("server")
        with remote(live, patience=Patience(seconds=0.5)) as hasty, pytest.raises(UnreachableError, match="goes on"):
            hasty.runs_changed(None)
        live.start_part("server")
        live.start_part("scheduler")
        events += list(run)
    assert check(live, events).state == "success"
