"""A Dagster and a Prefect on loopback, with some assets and deployments, ended with their children."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engines.environments import EngineError, Environment, clean_variables
from tests.engines.ports import free_port

HERE = Path(__file__).with_name("airflow_side")
START_SECONDS = 120.0
LAUNCHED_AT_ONCE = """
telemetry: {enabled: false}
run_coordinator: {module: dagster.core.run_coordinator, class: DefaultRunCoordinator}
"""
RUNS = "{ runsOrError { ... on Runs { results { runId status jobName tags { key value } } } } }"


@dataclass
class DagsterSite:
    """A webserver that launches runs at once."""

    url: str
    folder: Path

    def runs(self, task_id: str, run_id: str | None = None) -> list[str]:
        """The states of the runs of an Airflow task, the newest first."""
        answer = ask(self.url + "/graphql", {"query": RUNS})["data"]["runsOrError"]["results"]
        wanted = {"airflow/task_id": task_id, **({"airflow/run_id": run_id} if run_id else {})}
        tagged = [(row["status"], {tag["key"]: tag["value"] for tag in row["tags"]}) for row in answer]
        return [status for status, tags in tagged if wanted.items() <= tags.items()]

    def wait(self, task_id: str, *states: str, run_id: str | None = None) -> None:
        """Wait until the newest run of a task is in one of the states."""
        waited(lambda: bool(found := self.runs(task_id, run_id)) and found[0] in states, f"{task_id} isn't {states}")


@dataclass
class PrefectSite:
    """A server, and a process that serves deployments."""

    url: str

    def runs(self, flow: str) -> list[str]:
        """The states of the flow runs of a flow."""
        wanted = {"flows": {"name": {"any_": [flow]}}, "sort": "START_TIME_DESC"}
        return [row["state_type"] for row in ask(self.url + "/api/flow_runs/filter", wanted)]


def ask(url: str, body: Any) -> Any:
    """The answer to a POST."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def waited(ready: Callable[[], bool], failure: str, seconds: float = 180.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if ready():
                return
        except (OSError, urllib.error.URLError, ValueError):
            pass  # not up yet
        time.sleep(0.2)
    raise EngineError(f"after {seconds:g} s: {failure}")


@contextmanager
def dagster_site(engine: Environment, folder: Path) -> Iterator[DagsterSite]:
    """A Dagster until the end of the block."""
    (folder / "home").mkdir(parents=True)
    (folder / "home" / "dagster.yaml").write_text(LAUNCHED_AT_ONCE)
    shutil.copyfile(HERE / "definitions.txt", folder / "definitions.py")
    port = free_port()
    words = ["-m", "dagster_webserver", "-f", "definitions.py", "-h", "127.0.0.1", "-p", str(port)]
    url = f"http://127.0.0.1:{port}"
    with _process(engine, words, folder, {"DAGSTER_HOME": str(folder / "home")}):
        waited(lambda: bool(urllib.request.urlopen(url + "/server_info", timeout=5)), "no Dagster", START_SECONDS)
        yield DagsterSite(url, folder)


@contextmanager
def prefect_site(engine: Environment, folder: Path) -> Iterator[PrefectSite]:
    """A Prefect until the end of the block."""
    folder.mkdir(parents=True)
    shutil.copyfile(HERE / "flows.txt", folder / "flows.py")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {"PREFECT_HOME": str(folder), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    server = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    with _process(engine, server, folder, env):
        waited(lambda: bool(urllib.request.urlopen(url + "/api/health", timeout=5)), "no Prefect", START_SECONDS)
        with _process(engine, ["flows.py"], folder, {**env, "PREFECT_API_URL": url + "/api"}):
            waited(lambda: len(ask(url + "/api/deployments/filter", {})) == 3, "no deployments", START_SECONDS)
            yield PrefectSite(url)


@contextmanager
def _process(engine: Environment, words: list[str], folder: Path, env: Mapping[str, str]) -> Iterator[None]:
    """A process in a session of its own, all of which ends with the block."""
    with (folder / "output").open("ab") as output:
        process = subprocess.Popen(
            [str(engine.python), *words],
            env={**clean_variables(), **env},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the session of a process: its children in it, too."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    process.wait()
