"""Runs wrapped DAGs in Prefect, and writes what its API has of them: a JSON object a line, to the file of ``--out``."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import httpx
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.states import Cancelling
from prefect.testing.utilities import prefect_test_harness

from dagport_adapters.prefect import NoScheduleError, WrapError, schedule_of, wrap_dag, wrap_dags
from dagport_adapters.prefect.schedules import slot_of
from dagport_adapters.prefect.sources import dags_of
from dagport_adapters.prefect.states import STATES
from dagport_adapters.runners import LocalAirflow
from dagport_adapters.runners.protocol import TaskState

START_SECONDS = 180.0
DATE = datetime.fromisoformat("2026-03-01T00:00:00+00:00")


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--airflow", "--folder", "--out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--only")
    given = parser.parse_args()
    dags = given.folder / "dags"
    env = {"FAULTS_FOLDER": str(given.folder / "work")}
    runner = LocalAirflow(given.airflow, dags, home=given.folder / "home", env=env, cancel_grace=2.0)
    if given.only:
        wrap_dags(dags, runner=runner)[given.only](logical_date=DATE)
        return
    with (
        given.out.open("w", encoding="utf-8") as out,
        prefect_test_harness(server_startup_timeout=120),
        get_client(sync_client=True) as client,
        runner,
    ):
        flows = wrap_dags(dags, runner=runner, retry_delays="skip")

        def tell(name: str, flow: Any, **parameters: Any) -> None:
            state = flow(return_state=True, **{"logical_date": DATE, **parameters})
            told = flow_run(client, state.state_details.flow_run_id)
            out.write(json.dumps({"case": name, "flow": flow.name, **told}) + "\n")
            out.flush()

        for name in ("good", "bad", "waiting", "dying"):
            tell(name, flows[name])
        tell("early", flows["early"])
        tell("params", flows["told"], params={"region": "south"})
        tell("again", flows["bad"].with_options(retries=1))
        in_a_moment = threading.Thread(target=cancel, args=(client, given.folder / "work" / "pids"))
        in_a_moment.start()
        tell("cancelled", flows["stuck"])
        in_a_moment.join()
        runner.close()  # its home is another process's now
        told = terminated(client, given.folder)
        out.write(json.dumps({"case": "terminated", "flow": "stuck", **told}) + "\n")
        out.write(json.dumps({"case": "turns", "states": together(flows["told"])}) + "\n")
        with refusing(range(5, 40)):
            tell("hiccups", flows["good"])
        with refusing(range(10_000)):
            tell("mute", flows["told"])
        tell("unknown", wrap_dag(dags, runner=runner, dag_id="nobody"))
        out.write(json.dumps({"case": "schedules", "schedules": schedules(dags)}) + "\n")
        out.write(json.dumps({"case": "facts", **facts(dags, runner)}) + "\n")


def together(flow: Any) -> list[str]:
    """How two runs of one process end that share a runner."""
    states: list[str] = []

    def one(day: int) -> None:
        states.append(flow(return_state=True, logical_date=DATE + timedelta(days=day)).type.value)

    threads = [threading.Thread(target=copy_context().run, args=(one, day)) for day in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return states


@contextmanager
def refusing(calls: range) -> Iterator[None]:
    """Prefect's API doesn't take some of the states."""
    original, count = SyncPrefectClient.set_task_run_state, itertools.count()

    def broken(self: SyncPrefectClient, *arguments: Any, **named: Any) -> Any:
        if next(count) in calls:
            raise httpx.ConnectError("refused")
        return original(self, *arguments, **named)

    SyncPrefectClient.set_task_run_state = broken
    try:
        yield
    finally:
        SyncPrefectClient.set_task_run_state = original


def flow_run(client: SyncPrefectClient, found: Any) -> dict[str, Any]:
    """A flow run and its task runs, as the API has them."""
    run = client.read_flow_run(found)
    tasks = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[found])), limit=200)
    return {
        "id": str(found),
        "state": [run.state.type.value, run.state.name, run.state.message],
        "tasks": {
            task.name: {
                "type": task.state.type.value,
                "name": task.state.name,
                "message": task.state.message,
                "runs": task.run_count,
                "states": [one.name for one in client.read_task_run_states(task.id)],
                "upstream": len(task.task_inputs.get("wait_for", [])),
            }
            for task in tasks
        },
    }


def cancel(client: SyncPrefectClient, pids: Path) -> None:
    """Cancel the running flow run, as Prefect's page does, once its task runs."""
    wait_for(pids)
    [running] = [run for run in client.read_flow_runs() if run.state.is_running()]
    client.set_flow_run_state(running.id, Cancelling())


def terminated(client: SyncPrefectClient, folder: Path) -> dict[str, Any]:
    """A flow run whose process is ended, as Prefect's workers do."""
    pids = folder / "work" / "pids"
    pids.unlink()
    words = [sys.executable, __file__, *sys.argv[1:], "--only", "stuck"]
    process = subprocess.Popen(words, env={**os.environ, "PREFECT_API_URL": str(client.api_url)})
    try:
        wait_for(pids)
        [running] = [run for run in client.read_flow_runs() if run.state.is_running()]
        process.send_signal(signal.SIGTERM)
        process.wait(START_SECONDS)
    finally:
        process.kill()
        process.wait()
    return flow_run(client, running.id)


def wait_for(pids: Path) -> None:
    """Until the task and the program that it starts are there."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if pids.exists() and len(pids.read_text().split()) == 2:
            return
        time.sleep(0.1)
    raise SystemExit("the task didn't start")


def facts(dags: Path, runner: LocalAirflow) -> dict[str, Any]:
    """What needs no run."""
    [daily] = [found.pipeline for found in dags_of(dags) if found.pipeline.id == "daily"]
    moment = datetime.fromisoformat("2026-03-03T06:30:00+00:00")
    slots = {version: slot_of(replace(daily, engine_version=version), moment) for version in ("2", "3")}
    refusals = []
    for source, dag_id in ((dags / "flow.py", None), (dags / "empty.py", None), (dags / "lost.py", None)):
        try:
            wrap_dag(source, runner=runner, dag_id=dag_id)
        except (WrapError, FileNotFoundError) as error:
            refusals.append(f"{type(error).__name__}: {error}")
    (dags / "twice.py").write_text((dags / "clocks.py").read_text())
    try:
        wrap_dags(dags, runner=runner)
    except WrapError as error:
        refusals.append(f"{type(error).__name__}: {error}")
    return {
        "unmapped": sorted(set(get_args(TaskState)) ^ set(STATES)),
        "slots": {version: slot.logical_date.isoformat() for version, slot in slots.items()},
        "another": slot_of(daily, moment + timedelta(minutes=1)).logical_date.isoformat(),
        "refusals": refusals,
    }


def schedules(dags: Path) -> dict[str, str]:
    """The schedule of each DAG, or why there is none."""
    found = {}
    for dag in dags_of(dags):
        try:
            schedule = schedule_of(dag.pipeline)
        except NoScheduleError as error:
            found[dag.pipeline.id] = str(error)
        else:
            said = schedule and (schedule.cron or str(schedule.interval))
            found[dag.pipeline.id] = f"{said} {schedule.timezone}" if schedule else "none"
    return found


if __name__ == "__main__":
    main()
