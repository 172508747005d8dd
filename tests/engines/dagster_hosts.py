"""A Dagster host, an Airflow for it, and what is asked of them by the tests of the host."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from tests.engines.environments import Environment, clean_variables, with_dagport

PROGRAM = Path(__file__).parent / "inside" / "dagster_host.py"
SOURCES = (
    Path(__file__).with_name("local_airflow") / "flow.txt",
    Path(__file__).parent / "dagster_host" / "wrapped.txt",
)

SECONDS = 600  # alone on its machine it takes a tenth of it
INSTANCE = "telemetry:\n  enabled: false\n"

Events: TypeAlias = list[dict[str, Any]]


@dataclass
class Site:
    """A Dagster host, an Airflow for it, and what they said to each other."""

    host: Environment
    folder: Path
    version: str
    python: Path
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def variables(self, name: str) -> dict[str, str]:
        return with_dagport(
            {
                "DAGSTER_HOME": str(self.folder / "dagster"),
                "DAGPORT_CACHE_DIR": str(self.folder / "cache"),
                "WRAPPED_WORK": str(self.folder / f"{name}.json"),
            }
        )

    def write(self, name: str, steps: list[dict[str, Any]]) -> None:
        airflow = {
            "python": str(self.python),
            "dags": str(self.folder / "dags"),
            "home": str(self.folder / "home"),
            "env": {"ODD_TASKS": "unknown", "WRAPPED_FOLDER": str(self.work), "FAULTS_FOLDER": str(self.work)},
        }
        options = {"airflow_version": self.version}
        text = json.dumps({"airflow": airflow, "options": options, "steps": steps})
        (self.folder / f"{name}.json").write_text(text)

    def ask(self, name: str, steps: Mapping[str, dict[str, Any]], **env: str) -> dict[str, dict[str, Any]]:
        """Let one host process do some steps; the answers by their names."""
        self.write(name, list(steps.values()))
        self.host.run([PROGRAM], env={**self.variables(name), **env}, cwd=self.folder, timeout=SECONDS)
        answers = json.loads((self.folder / f"{name}.out").read_text())
        return dict(zip(steps, answers, strict=True))

    def dagster(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        """A process of the ``dagster`` command on the definitions."""
        command = [str(self.host.python), "-m", "dagster", *arguments, "-f", str(PROGRAM)]
        return subprocess.Popen(
            command, env={**clean_variables(), **self.variables(name)}, cwd=self.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def database(self, run_id: str) -> dict[tuple[str, int], str]:
        """State of each task instance, as Airflow's database has them."""
        with sqlite3.connect(self.folder / "home" / "airflow.db") as connection:
            rows = connection.execute(
                "select task_id, map_index, state from task_instance where run_id = ?", (run_id,)
            ).fetchall()
        return {(task, index): state or "none" for task, index, state in rows}

    def run_state(self, run_id: str) -> str:
        with sqlite3.connect(self.folder / "home" / "airflow.db") as connection:
            [row] = connection.execute("select state from dag_run where run_id = ?", (run_id,)).fetchall()
        return str(row[0])


def make_site(host: Environment, engine: Environment, folder: Path) -> Site:
    """A site of which nothing was asked yet."""
    for name in ("dags", "work", "dagster"):
        (folder / name).mkdir()
    (folder / "dagster" / "dagster.yaml").write_text(INSTANCE)
    for source in SOURCES:
        shutil.copyfile(source, folder / "dags" / f"{source.stem}.py")
    return Site(host, folder, engine.name[-1], engine.python)


def of_type(events: Events, kind: str) -> Events:
    return [event for event in events if event["type"] == kind]


def materialized(events: Events) -> list[list[str]]:
    return [event["key"] for event in of_type(events, "ASSET_MATERIALIZATION")]


def told(events: Events) -> dict[tuple[str, int], str]:
    """The last state of each task instance that Dagster's event log tells."""
    found: dict[tuple[str, int], str] = {}
    for event in events:
        state = event.get("metadata", {}).get("airflow/state")
        if state is not None and "airflow/instances" not in event["metadata"]:
            index = event["metadata"].get("airflow/map_index", -1)
            found[".".join(event["key"][1:]), index] = state
    return found


def airflow_run(events: Events) -> str:
    [run_id] = {e["metadata"]["airflow/run_id"] for e in events if e.get("metadata", {}).get("airflow/run_id")}
    return str(run_id)


def results(events: Events) -> dict[str, str]:
    made = of_type(events, "ASSET_MATERIALIZATION")
    return {event["key"][-1]: event["metadata"].get("airflow/result") for event in made}
