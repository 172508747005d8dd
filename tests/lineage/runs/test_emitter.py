"""The emitter: runs and their states, and that nothing that goes wrong reaches the pipeline."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest

from dagport_lineage.delivery.spool import Spool
from dagport_lineage.events.run_facets import JobName, RunOf
from dagport_lineage.events.validation import problems
from dagport_lineage.facets import Event
from dagport_lineage.model import DatasetName
from dagport_lineage.runs import emitter as module
from dagport_lineage.runs.emitter import About, Emitter, Run, follows, open_emitter
from dagport_lineage.runs.events import State
from dagport_lineage.scope import LineageOptions

DAY = datetime(2026, 11, 20, tzinfo=UTC)
CALLER = RunOf(JobName("other", "starter"), "01a1f910-52a0-7eea-8648-e85df88e8bed")


class Taken:
    """Takes events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def close(self, timeout: float | None = None) -> bool:
        return True

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(event["job"]["name"], event["eventType"]) for event in self.events]


def clock() -> Iterator[datetime]:
    moment = DAY
    while True:
        yield moment
        moment += timedelta(seconds=1)


def emitter(taken: Taken | None, **more: Any) -> Emitter:
    times = clock()
    options = LineageOptions(namespace="refns")
    return Emitter(taken, engine="Airflow", engine_version="3.3.2", options=options, clock=lambda: next(times), **more)


def test_a_dag_run_and_its_tasks() -> None:
    taken = Taken()
    one = emitter(taken)
    dag = one.dag_run("ref_dag", DAY, about=About(nominal=(DAY, DAY), tags={"team": "data"}))
    task = one.task_run(dag, "extract")
    mapped = one.task_run(dag, "mapped", map_index=1)
    assert dag.start()
    assert task.start()
    assert task.running(data=([DatasetName("s3://lake", "a")], None))
    assert task.complete()
    assert mapped.start()
    assert mapped.fail(ValueError("oops"))
    assert dag.fail("a task failed")
    assert taken.said == [
        ("ref_dag", "START"),
        ("ref_dag.extract", "START"),
        ("ref_dag.extract", "RUNNING"),
        ("ref_dag.extract", "COMPLETE"),
        ("ref_dag.mapped", "START"),
        ("ref_dag.mapped", "FAIL"),
        ("ref_dag", "FAIL"),
    ]
    assert [problems(event) for event in taken.events] == [[]] * 7
    assert taken.events[0]["run"]["runId"] == "01a1f640-bc00-76e7-b637-d8b8741b33e4", "as the reference events have it"
    assert taken.events[1]["run"]["runId"] == "01a1f640-bc00-7ac8-bc9b-57225523e321"
    assert taken.events[4]["run"]["runId"] == "01a1f640-bc00-736f-9b1c-77d2e6865c04"
    parents = [event["run"]["facets"].get("parent", {}).get("run") for event in taken.events]
    assert parents == [None, *[{"runId": taken.events[0]["run"]["runId"]}] * 5, None]
    assert taken.events[1]["run"]["facets"]["nominalTime"]["nominalStartTime"] == DAY.isoformat()
    assert "tags" not in taken.events[1]["run"]["facets"], "tags of a run are its own"
    assert taken.events[5]["run"]["facets"]["errorMessage"]["message"] == "oops"
    assert [event["eventTime"][17:19] for event in taken.events] == ["00", "01", "02", "03", "04", "05", "06"]


def test_the_events_of_a_real_airflow_are_of_the_same_runs() -> None:
    reference = json.loads(Path(__file__).with_name("reference_runs.json").read_text("utf-8"))
    taken = Taken()
    one = emitter(taken)
    for event in reference:
        moment = datetime.fromisoformat(event["logical_date"] or event["run_after"])
        interval = [datetime.fromisoformat(text) for text in event.get("nominal", ())]
        about = About(nominal=(interval[0], interval[1]) if interval else None)
        run = one.dag_run(event.get("dag_id", event["job"]), moment, about=about)
        if "dag_id" in event:
            task = event["job"].removeprefix(event["dag_id"] + ".")
            run = one.task_run(run, task, try_number=event["try_number"], map_index=event.get("map_index", -1))
        assert {"START": run.start, "COMPLETE": run.complete, "FAIL": run.fail}[event["type"]]()
    for event, ours in zip(reference, taken.events, strict=True):
        facets = ours["run"]["facets"]
        found = (ours["eventType"], ours["job"]["name"], ours["run"]["runId"])
        assert found == (event["type"], event["job"], event["run"])
        parent, root = event.get("parent"), facets.get("parent", {}).get("root", {}).get("run", {}).get("runId")
        assert (facets.get("parent", {}).get("run", {}).get("runId"), root) == (parent, parent)
        assert facets.get("nominalTime", {}).get("nominalStartTime") == event.get("nominal", [None])[0]


def test_a_run_that_another_one_started_has_a_root() -> None:
    taken = Taken()
    one = emitter(taken)
    dag = one.dag_run("shop", DAY, parent=CALLER)
    task = one.task_run(dag, "load")
    dag.start()
    task.start()
    parents = [event["run"]["facets"]["parent"] for event in taken.events]
    assert [parent["job"]["name"] for parent in parents] == ["starter", "shop"]
    assert [parent["root"]["job"]["name"] for parent in parents] == ["starter", "starter"]
    assert dag.run_of == RunOf(JobName("refns", "shop"), taken.events[0]["run"]["runId"])


@pytest.mark.parametrize(("previous", "state"), list(product([None, *get_args(State)], get_args(State))))
def test_which_state_may_follow_which(previous: State | None, state: State) -> None:
    final = previous in ("COMPLETE", "FAIL", "ABORT")
    allowed = previous is None or (not final and state != "START")
    assert follows(previous, state) is allowed


@pytest.mark.parametrize(
    ("calls", "emitted"),
    [
        (["start", "complete"], ["START", "COMPLETE"]),
        (["complete"], ["COMPLETE"]),  # another process emitted its start
        (["start", "fail", "complete"], ["START", "FAIL"]),
        (["start", "complete", "fail"], ["START", "COMPLETE"]),
        (["start", "start", "abort", "running"], ["START", "ABORT"]),
        (["start", "running", "running", "complete", "complete"], ["START", "RUNNING", "RUNNING", "COMPLETE"]),
    ],
)
def test_nonsense_is_reported_and_not_emitted(
    calls: list[str], emitted: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    taken = Taken()
    one = emitter(taken)
    went = [getattr(one.dag_run("shop", DAY), call)() for call in calls]  # the same run, each time told anew
    assert [state for _, state in taken.said] == emitted
    assert went.count(True) == len(emitted)
    assert len([record for record in caplog.records if "isn't emitted" in record.getMessage()]) == went.count(False)


def test_a_retry_is_a_run_of_its_own() -> None:
    taken = Taken()
    one = emitter(taken)
    dag = one.dag_run("shop", DAY)
    for number in (1, 2):
        task = one.task_run(dag, "load", try_number=number)
        assert task.start()
        assert task.fail()
    assert len({event["run"]["runId"] for event in taken.events}) == 2


def test_states_of_old_runs_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_RUNS", 3)
    one = emitter(Taken())
    for number in range(10):
        one.dag_run(f"dag_{number}", DAY).start()
    assert len(one._states) == 3


class Broken(Taken):
    def emit(self, event: Event) -> None:
        raise RuntimeError("postgres://me:hunter2@db")


@pytest.mark.parametrize("moment", [datetime(2026, 1, 1), None, "2026-01-01"])
def test_a_run_that_cannot_be_told_is_reported(moment: Any, caplog: pytest.LogCaptureFixture) -> None:
    taken = Taken()
    one = emitter(taken)
    dag = one.dag_run("shop", moment)
    task = one.task_run(dag, "load")
    for run in (dag, task):
        assert not run.start()
        assert not run.fail(ValueError("x"))
        assert run.run_of is None
    assert taken.events == []
    assert "no lineage of a run of shop" in caplog.text


@pytest.mark.parametrize(
    "said", [{"time": datetime(2026, 1, 1)}, {"data": 5}, {"data": ([5], None)}, {"facets": 3}, {"error": Broken}]
)
def test_wrong_facts_are_reported_and_never_raise(said: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    taken = Taken()
    run = emitter(taken).dag_run("shop", DAY)
    assert not run.fail(**said)
    assert taken.events == []
    assert "no FAIL event of a run of shop" in caplog.text
    assert run.fail(), "the state is that of what was emitted"


def test_whoever_takes_events_may_be_broken(caplog: pytest.LogCaptureFixture) -> None:
    assert not emitter(Broken()).dag_run("shop", DAY).start()
    assert "hunter2" not in caplog.text
    assert "no START event" in caplog.text


def test_an_error_that_cannot_be_shown_does_not_raise() -> None:
    class Mute(Exception):  # noqa: N818
        def __str__(self) -> str:
            raise RuntimeError

    assert emitter(Taken()).dag_run("shop", DAY).fail(Mute()) is False


def test_without_a_taker_nothing_happens() -> None:
    one = emitter(None)
    assert one.dag_run("shop", DAY).start()
    assert one.close()


def test_threads_emit_each_event_once() -> None:
    taken = Taken()
    one = emitter(taken)
    dag = one.dag_run("shop", DAY)
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        dag.start()
        dag.complete()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [state for _, state in taken.said] in (["START", "COMPLETE"], ["START"], ["COMPLETE"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_fork_does_not_wait_for_a_lock_of_its_parent() -> None:
    one = emitter(Taken())
    run = one.dag_run("shop", DAY)
    with one._lock:
        child = os.fork()
        if not child:
            os._exit(0 if not one._lock.locked() and run.start() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(("OPENLINEAGE", "DAGPORT"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def spooled(folder: Path) -> list[str]:
    return [json.loads(one.record.line)["eventType"] for one in Spool(folder).pending() if one.record]


def run_of(one: Emitter) -> Run:
    return one.dag_run("shop", DAY)


def test_without_any_configuration_lineage_is_off(environment: Path) -> None:
    one = open_emitter(engine="Airflow", engine_version="3.3.2")
    assert one.taker is None
    assert run_of(one).start()
    assert list(environment.iterdir()) == []


def test_turned_off_it_is_off(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    assert open_emitter(engine="Airflow", engine_version="3.3.2").taker is None


def test_with_a_spool_alone_events_wait_for_a_flush(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGPORT_SPOOL_DIR", str(environment / "spool"))
    one = open_emitter(engine="Airflow", engine_version="3.3.2")
    run_of(one).start()
    assert one.close()
    assert spooled(environment / "spool") == ["START"]


def test_with_a_catalogue_that_is_down_events_wait(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:9")
    one = open_emitter(engine="Airflow", engine_version="3.3.2")
    run_of(one).start()
    run_of(one).complete()
    assert one.close()
    assert spooled(environment / "state/dagport/lineage") == ["START", "COMPLETE"]


def test_with_a_configuration_that_cannot_be_read_events_wait(
    environment: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (environment / "wrong.yml").write_text("[")
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(environment / "wrong.yml"))
    with caplog.at_level(logging.WARNING):
        one = open_emitter(engine="Airflow", engine_version="3.3.2")
    assert "events are spooled and not delivered" in caplog.text
    run_of(one).start()
    assert one.close()
    assert spooled(environment / "state/dagport/lineage") == ["START"]
