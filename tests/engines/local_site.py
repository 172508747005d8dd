"""A ``LocalAirflow`` on the DAGs of the tests, and what the tests ask of it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dagport_adapters.runners import Event, LocalAirflow, RunFinished, RunRequest, TaskEvent
from tests.engines.environments import Environment

DAGS = Path(__file__).with_name("local_airflow")
DATE = datetime(2026, 3, 1, tzinfo=UTC)
DEAD_SECONDS = 60.0
SECRET = "hunter2-hunter2"


@dataclass
class Site:
    """A runner on the DAGs of the tests, and its home."""

    runner: LocalAirflow
    home: Path
    work: Path

    def run(self, dag_id: str, **more: Any) -> list[Event]:
        return list(self.runner.run(RunRequest(dag_id=dag_id, **more), timeout=100))

    def database(self, run: RunFinished) -> dict[str, tuple[str | None, int]]:
        """State and try of each task instance, as Airflow's database has them."""
        with sqlite3.connect(self.home / "airflow.db") as connection:
            rows = connection.execute(
                "select task_id, map_index, state, try_number from task_instance where dag_id = ? and run_id = ?",
                (run.dag_id, run.run_id),
            ).fetchall()
        return {named(task, index): (state, number) for task, index, state, number in rows}

    def run_state(self, dag_id: str, run_id: str) -> str:
        with sqlite3.connect(self.home / "airflow.db") as connection:
            [row] = connection.execute(
                "select state from dag_run where dag_id = ? and run_id = ?", (dag_id, run_id)
            ).fetchall()
        return str(row[0])

    def pids(self) -> list[int]:
        """The task's process and the child that it started, once they run."""
        file = self.work / "pids"
        for _ in range(4000):
            if file.exists() and len(found := file.read_text().split()) == 2:
                return list(map(int, found))
            time.sleep(0.05)
        raise AssertionError("the task didn't start")


@contextmanager
def local_site(engine: Environment, folder: Path, **options: Any) -> Iterator[Site]:
    """A runner with a home and a cache of its own."""
    (folder / "dags").mkdir()
    (folder / "work").mkdir()
    for source in DAGS.glob("*.txt"):
        shutil.copyfile(source, folder / "dags" / f"{source.stem}.py")
    os.environ["DAGPORT_CACHE_DIR"] = str(folder / "cache")
    runner = LocalAirflow(
        engine.python,
        folder / "dags",
        home=folder / "home",
        env={"FAULTS_FOLDER": str(folder / "work")},
        connections={"warehouse": f"postgres://me:{SECRET}@db.example/shop"},
        cancel_grace=2.0,
        **options,
    )
    with runner:
        yield Site(runner, folder / "home", folder / "work")


def named(task_id: str, index: int) -> str:
    return task_id if index < 0 else f"{task_id}[{index}]"


def last_states(events: list[Event]) -> dict[str, tuple[str, int]]:
    tasks = [event for event in events if isinstance(event, TaskEvent)]
    return {named(event.task_id, event.map_index): (event.state, event.try_number) for event in tasks}


def told(events: list[Event], task: str) -> list[tuple[str, int]]:
    tasks = [event for event in events if isinstance(event, TaskEvent)]
    return [(e.state, e.try_number) for e in tasks if named(e.task_id, e.map_index) == task]


def ending(events: list[Event]) -> RunFinished:
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    return finished


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def assert_dead(*pids: int) -> None:
    deadline = time.monotonic() + DEAD_SECONDS
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in pids if is_alive(pid)] == []
