"""Lineage of real runs: valid by the official schemas, and the same runs and states as Airflow's own provider tells."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from dagport_adapters.lineage import RunLineage, read_design
from dagport_adapters.runners import LocalAirflow, RunRequest
from dagport_adapters.runners.observing import observed
from dagport_lineage.delivery.spool import Spool
from dagport_lineage.events.validation import problems, unverifiable
from dagport_lineage.facets import Event
from dagport_lineage.runs.emitter import Emitter
from dagport_lineage.runs.ids import dag_run_id, task_run_id
from dagport_lineage.scope import LineageOptions
from tests.adapters.lineage.support import HOST, Taken
from tests.engines.environments import Environment, run_program, with_dagport
from tests.engines.live_airflow import PASSWORD, USER, live_airflow

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("run_lineage")]

DAGS = Path(__file__).with_name("local_airflow")
MACROS = Path(__file__).with_name("run_lineage") / "macros.txt"
DATE = datetime(2026, 3, 1, tzinfo=UTC)
PROD = LineageOptions(namespace="prod")
FINAL = {"good": "COMPLETE", "bad": "FAIL", "waiting": "COMPLETE"}
ENDS = {"success": "COMPLETE", "failed": "FAIL", "up_for_retry": "FAIL", "skipped": "COMPLETE"}
Runs: TypeAlias = Mapping[tuple[str, str], list[str]]
"""By job and run id: the states, in order."""


def runs(events: Iterable[Event]) -> Runs:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for event in events:
        found[event["job"]["name"], event["run"]["runId"]].append(event["eventType"])
    return found


@dataclass
class Ran:
    """What was emitted of some runs, by DAG, and what Airflow has of them."""

    events: Mapping[str, list[Event]]
    home: Path
    theirs: Path  # what Airflow's own provider tells, if it is installed

    def database(self, dag_id: str) -> list[tuple[str, int, str, int]]:
        """Task, map index, state and try of each task instance."""
        with sqlite3.connect(self.home / "airflow.db") as connection:
            return connection.execute(
                "select task_id, map_index, state, try_number from task_instance where dag_id = ?", (dag_id,)
            ).fetchall()


@pytest.fixture(scope="module", params=["airflow3_openlineage", "airflow2"])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    engine: Environment = request.getfixturevalue(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    dags, home, theirs = folder / "dags", folder / "home", folder / "theirs.jsonl"
    dags.mkdir()
    (folder / "work").mkdir()
    shutil.copyfile(DAGS / "flow.txt", dags / "flow.py")
    os.environ["DAGPORT_CACHE_DIR"] = str(folder / "cache")
    events: dict[str, list[Event]] = {}
    design = read_design(dags / "flow.py", dags, options=PROD)
    env = {"FAULTS_FOLDER": str(folder / "work"), **provider(theirs)}
    with LocalAirflow(engine.python, dags, home=home, env=env) as runner:
        for dag_id in FINAL:
            taken = Taken()
            emitter = Emitter(taken, engine="Airflow", engine_version="3", options=PROD)
            request_ = RunRequest(dag_id=dag_id, logical_date=DATE, retry_delays="skip")
            lineage = RunLineage(emitter, parent=HOST, design=design)
            list(observed(runner.run(request_, timeout=120), [lineage]))
            events[dag_id] = taken.events
    return Ran(events, home, theirs)


def provider(file: Path) -> dict[str, str]:
    """Variables by which Airflow's own provider writes its events to a file."""
    transport = {"type": "file", "log_file_path": str(file), "append": True}
    return {"AIRFLOW__OPENLINEAGE__NAMESPACE": "prod", "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport)}


@pytest.mark.parametrize("dag_id", FINAL)
def test_each_try_has_a_start_and_the_end_that_the_database_has(ran: Ran, dag_id: str) -> None:
    events = ran.events[dag_id]
    assert [text for event in events for text in (*problems(event), *unverifiable(event))] == []
    found = dict(runs(events))
    assert found.pop((dag_id, dag_run_id("prod", dag_id, DATE))) == ["START", FINAL[dag_id]]
    for task, index, state, number in ran.database(dag_id):
        for earlier in range(1, number):
            assert found.pop(key(dag_id, task, earlier, index)) == ["START", "FAIL"]
        last = found.pop(key(dag_id, task, number, index), None)
        never_ran = state == "upstream_failed" or (state == "skipped" and task != "skipper")
        assert last == (None if never_ran else ["START", ENDS[state]]), (task, index)
    assert found == {}
    parents = {event["run"]["facets"]["parent"]["run"]["runId"] for event in events}
    assert parents == {HOST.run_id, dag_run_id("prod", dag_id, DATE)}
    assert "sourceCode" in json.dumps(events)


def key(dag_id: str, task: str, number: int, index: int) -> tuple[str, str]:
    return f"{dag_id}.{task}", task_run_id("prod", dag_id, task, DATE, number, index)


def test_the_same_runs_as_the_provider_of_airflow(ran: Ran) -> None:
    if not ran.theirs.exists():
        assert "airflow2" in str(ran.home)  # it isn't installed there
        return
    theirs = dict(runs(json.loads(line) for line in ran.theirs.read_text("utf-8").splitlines()))
    ours = {run: states for events in ran.events.values() for run, states in runs(events).items()}
    for dag_id in FINAL:
        run = (dag_id, dag_run_id("prod", dag_id, DATE))
        said = theirs.pop(run, None)  # only a scheduler tells of a START, and the end may be lost with the process
        assert said in (None, ours.pop(run)[1:])
    patient = key("waiting", "patient", 1, -1)
    assert theirs[patient] == ["START", "START", "COMPLETE"]  # a deferred task that goes on
    theirs[patient] = ["START", "COMPLETE"]
    assert ours == theirs
    assert len(ours) == 28


def test_the_command_tells_everything_once(airflow3_openlineage: Environment, tmp_path: Path) -> None:
    """Airflow's own provider is configured, too: its target is ours, its macros work, and it stays silent."""
    (tmp_path / "dags").mkdir()
    shutil.copyfile(MACROS, tmp_path / "dags" / "macros.py")
    file, parent = tmp_path / "events.jsonl", "hosts/nightly/01a1f910-52a0-7eea-8648-e85df88e8bed"
    env = with_dagport({
        **provider(file), "DAGPORT_SPOOL_DIR": str(tmp_path / "spool"), "DAGPORT_CACHE_DIR": str(tmp_path / "cache"),
        "OPENLINEAGE_PARENT_ID": parent, "HOME": str(tmp_path),
    })  # fmt: skip
    command = [sys.executable, "-m", "dagport", "run", "dags/macros.py", "--format", "jsonl"]
    chosen = ["--airflow", str(airflow3_openlineage.python), "--logical-date", DATE.isoformat()]
    done = run_program([*command, *chosen], env=env, cwd=tmp_path, check=False)
    assert done.returncode == 1, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    flush = [sys.executable, "-m", "dagport", "lineage", "flush"]
    run_program(flush, env=env, cwd=tmp_path)
    events = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [text for event in events for text in problems(event)] == []
    ran = {
        ("macros", dag_run_id("prod", "macros", DATE)): ["START", "FAIL"],
        key("macros", "show", 1, -1): ["START", "COMPLETE"],
        key("macros", "fail", 1, -1): ["START", "FAIL"],
    }
    assert runs(events) == ran
    [shown] = [one for one in told if one.get("state") == "success" and one.get("task_id") == "show"]
    assert shown["result"]["preview"].strip('"') == key("macros", "show", 1, -1)[1]
    by_state: dict[Any, Event] = {(one["job"]["name"], one["eventType"]): one for one in events}
    for state in ("START", "COMPLETE"):
        one = by_state["macros.show", state]
        assert [(each["namespace"], each["name"]) for each in one["outputs"]] == [("s3://lake", "orders/today.csv")]
        assert "def show" in one["job"]["facets"]["sourceCode"]["sourceCode"]
        assert one["run"]["facets"]["parent"]["root"]["run"]["runId"] == parent.rpartition("/")[2]
    assert "nothing to load" in by_state["macros.fail", "FAIL"]["run"]["facets"]["errorMessage"]["message"]
    assert by_state["macros", "START"]["run"]["facets"]["processing_engine"]["version"].startswith("3.")


def test_a_live_airflow_by_the_command(airflow3_openlineage: Environment, tmp_path: Path) -> None:
    """Its scheduler tells of the DAG run, too: the same run as ours, from its start to its end."""
    (tmp_path / "dags").mkdir()
    shutil.copyfile(MACROS, tmp_path / "dags" / "macros.py")
    theirs = tmp_path / "theirs.jsonl"
    env = with_dagport({
        "DAGPORT_SPOOL_DIR": str(tmp_path / "spool"), "HOME": str(tmp_path), "DAGPORT_CACHE_DIR": str(tmp_path),
        "DAGPORT_AIRFLOW_USER": USER, "DAGPORT_AIRFLOW_PASSWORD": PASSWORD,
    })  # fmt: skip
    dags, known = tmp_path / "dags", ["macros"]
    with live_airflow(airflow3_openlineage, dags, tmp_path, env=provider(theirs), dag_ids=known) as live:
        command = [sys.executable, "-m", "dagport", "run", "dags/macros.py", "--airflow-url", live.url]
        chosen = ["--logical-date", DATE.isoformat(), "--lineage", "--namespace", "prod"]
        done = run_program([*command, *chosen], env=env, cwd=tmp_path, check=False)
        assert done.returncode == 1, done.stderr
        assert "macros: failed" in done.stdout
        assert PASSWORD not in done.stdout + done.stderr
        ours = [json.loads(one.record.line) for one in Spool(tmp_path / "spool").pending(grows=False) if one.record]
        found = wait_for(theirs, 6)
    assert [text for event in ours for text in problems(event)] == []
    assert runs(ours) == found
    assert found["macros", dag_run_id("prod", "macros", DATE)] == ["START", "FAIL"]


def wait_for(file: Path, events: int) -> Runs:
    """What the provider has told, once it has told it all: it does so from processes of its own."""
    lines: list[str] = []
    for _ in range(100):
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        if len(lines) >= events:
            break
        time.sleep(0.2)
    return runs(json.loads(line) for line in lines)
