"""A Dagster host whose run is terminated, or that is killed, and steps in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.engines.dagster_hosts import SECONDS, Site, airflow_run, make_site, materialized, of_type
from tests.engines.environments import Environment

CSV, PARQUET = ["s3", "a", "x", "part.csv"], ["s3", "b", "y", "part.parquet"]

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("dagster_host_faults")]


@pytest.fixture(scope="module", params=["airflow3", "airflow2"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Site:
    engine: Environment = request.getfixturevalue(request.param)
    return make_site(request.getfixturevalue("dagster_host"), engine, tmp_path_factory.mktemp(request.param))


def wait_for(file: Path, process: subprocess.Popen[str]) -> str:
    """What a file has once a task has written it."""
    deadline = time.monotonic() + SECONDS
    while not (file.exists() and file.read_text()):
        assert process.poll() is None, process.communicate()[0][-3000:]
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return file.read_text()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def killed(process: subprocess.Popen[str]) -> None:
    """End a process and all of its session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=120)
    if process.stdout:
        process.stdout.close()


def wait_until_dead(pid: int) -> None:
    deadline = time.monotonic() + 60
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_alive(pid)


@pytest.fixture
def asleep(site: Site) -> Iterator[subprocess.Popen[str]]:
    """A ``dagster`` process whose run is in the middle of a long task."""
    (site.work / "pid").unlink(missing_ok=True)
    (site.work / "woken").unlink(missing_ok=True)
    site.write("cli", [])
    process = site.dagster("cli", "job", "execute", "-j", "sleeping")
    try:
        wait_for(site.work / "pid", process)
        yield process
    finally:
        killed(process)


def wait_until_told(site: Site) -> None:
    """Until Dagster has written down something of Airflow's run, which may take longer than the task before."""
    for _ in range(30):
        if materialized(site.ask("told", {"it": {"do": "latest"}})["it"]["events"]):
            return
    raise AssertionError("Dagster has written down nothing of the run")


def test_terminating_the_run_cancels_airflows(site: Site, asleep: subprocess.Popen[str]) -> None:
    pid = int((site.work / "pid").read_text())
    wait_until_told(site)
    asleep.send_signal(signal.SIGINT)
    asleep.wait(timeout=120)
    wait_until_dead(pid)
    latest = site.ask("cancelled", {"it": {"do": "latest"}})["it"]
    assert latest["status"] in ("CANCELED", "FAILURE")
    assert materialized(latest["events"]) == [["sleepy", "awake"]]
    assert of_type(latest["events"], "STEP_SUCCESS") == []
    run_id = airflow_run(latest["events"])
    assert site.run_state(run_id) == "failed"
    assert site.database(run_id)["sleep", -1] in ("failed", "skipped")  # it was up for a retry, which is left out


def test_a_host_that_is_killed_goes_on_where_it_was(site: Site, asleep: subprocess.Popen[str]) -> None:
    pid = int((site.work / "pid").read_text())
    wait_until_told(site)
    os.killpg(asleep.pid, signal.SIGKILL)  # the run's process and its step's, as when their machine is gone
    wait_until_dead(pid)
    (site.work / "woken").touch()
    latest = site.ask("killed", {"it": {"do": "latest"}})["it"]
    assert latest["status"] == "STARTED"
    run_id = latest["run_id"]
    again = {"do": "again", "job": "sleeping", "run_id": run_id}
    answer = site.ask("after", {"dead": {"do": "fail", "run_id": run_id}, "again": again})["again"]
    assert answer["success"], answer
    assert airflow_run(answer["events"]) == airflow_run(latest["events"])
    tries = {
        e["key"][-1]: e["metadata"]["airflow/try_number"] for e in of_type(answer["events"], "ASSET_MATERIALIZATION")
    }
    assert tries == {"awake": 1, "sleep": 2, "never": 1}


def test_steps_in_processes_of_their_own(site: Site) -> None:
    site.write("cli", [])
    process = site.dagster("cli", "job", "execute", "-j", "several")
    try:
        output, _ = process.communicate(timeout=SECONDS)
    finally:
        killed(process)
    assert process.returncode == 0, output[-4000:]
    latest = site.ask("several", {"it": {"do": "latest"}})["it"]
    assert latest["status"] == "SUCCESS"
    assert len(of_type(latest["events"], "STEP_SUCCESS")) == 3
    assert sorted(materialized(latest["events"]))[-3:] == [CSV, PARQUET, ["taker", "take"]]


def test_the_command_validates_the_definitions(site: Site) -> None:
    site.write("cli", [])
    process = site.dagster("cli", "definitions", "validate")
    try:
        output, _ = process.communicate(timeout=SECONDS)
    finally:
        killed(process)
    assert process.returncode == 0, output[-4000:]
    assert "All code locations passed validation" in output
