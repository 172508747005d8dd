"""A live Airflow on loopback for tests: its own parts, servers and schedulers, on SQLite, ended with their children.

``live_airflow(engine, dags_folder, tmp)`` starts Airflow 3 or 2, as the environment has it, in some ten seconds; an
empty database is made once and kept beside the environments. Use it as a context manager in a module's fixture.
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock

from tests.engines.environments import EngineError, Environment, cache_folder, clean_variables
from tests.engines.ports import free_port

USER, PASSWORD = "admin", "the-password"
VIEWER = "viewer"  # has the same password; may see everything and change nothing (in Airflow 2: not even see)
START_SECONDS = 120.0
END_SECONDS = 3.0
DATABASE = 2  # raise it when what is put into the empty database changes
FAST = {
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "AIRFLOW__CORE__PARALLELISM": "4",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_MUTATION_HOOK": "",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    "_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK": "1",  # LocalExecutor on SQLite: a task in a fork
}
PARTS: Mapping[int, Mapping[str, tuple[str, ...]]] = {
    3: {
        "server": ("api-server", "--workers", "1", "--host", "127.0.0.1"),
        "scheduler": ("scheduler",),
        "dag-processor": ("dag-processor",),
        "triggerer": ("triggerer",),
    },
    2: {
        "server": ("webserver", "--workers", "1", "--hostname", "127.0.0.1"),
        "scheduler": ("scheduler",),
        "triggerer": ("triggerer",),
    },
}


@dataclass
class LiveAirflow:
    """Airflow that runs until ``stop()``, or until the ``with`` block ends."""

    url: str
    username: str
    password: str
    home: Path
    major: int
    port: int
    python: Path
    env: Mapping[str, str]
    parts: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_part(self, name: str) -> None:
        """Start one of its processes: ``server``, ``scheduler``, ``dag-processor`` (3) or ``triggerer``."""
        command = [str(self.python), "-m", "airflow", *PARTS[self.major][name]]
        command += ["--port", str(self.port)] if name == "server" else []
        with (self.home / f"{name}.out").open("ab") as output:
            self.parts[name] = subprocess.Popen(
                command,
                env={**clean_variables(), **self.env},
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )

    def stop_part(self, name: str) -> None:
        """End one of its processes, with its children."""
        part = self.parts.pop(name, None)
        if part is not None:
            end([part])

    def stop(self) -> None:
        """End all of its processes, with their children."""
        parts = list(self.parts.values())
        self.parts.clear()
        end(parts)

    def get(self, path: str) -> Any:
        """What its REST API answers (``path`` begins after ``/api/v1`` or ``/api/v2``)."""
        version = "v2" if self.major == 3 else "v1"
        return self.call("GET", f"/api/{version}{path}")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to any request, as JSON."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", self._authorization())
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def wait_until_ready(self, dag_ids: Iterable[str], seconds: float = START_SECONDS) -> None:
        """Wait until the server answers, the scheduler runs, and it knows these DAGs."""
        wanted = set(dag_ids)
        _wait(lambda: self._healthy() and wanted <= self._known(), seconds, self._trouble)

    def query(self, sql: str, parameters: tuple[object, ...] = ()) -> list[dict[str, Any]]:
        """Rows of its own database, which says what is true."""
        with sqlite3.connect(f"file:{self.home / 'airflow.db'}?mode=ro", uri=True, timeout=30) as connection:
            connection.row_factory = sqlite3.Row
            rows = [dict(row) for row in connection.execute(sql, parameters)]
        connection.close()
        return rows

    def __enter__(self) -> LiveAirflow:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _authorization(self) -> str:
        if self.major == 2:
            return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        body = json.dumps({"username": self.username, "password": self.password}).encode()
        request = urllib.request.Request(self.url + "/auth/token", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return f"Bearer {json.load(answer)['access_token']}"

    def _healthy(self) -> bool:
        path = "/api/v2/monitor/health" if self.major == 3 else "/api/v1/health"
        return bool(self.call("GET", path)["scheduler"]["status"] == "healthy")

    def _known(self) -> set[str]:
        return {dag["dag_id"] for dag in self.get("/dags?limit=100")["dags"]}

    def _trouble(self) -> str | None:
        """Why it can't get ready, if it can't."""
        ended = [name for name, part in self.parts.items() if part.poll() is not None]
        said = [f"{name} ended:\n{self.words(name)}" for name in ended]
        rows = self.query("select filename, stacktrace from import_error")
        return "\n".join([*said, *(f"{row['filename']}:\n{row['stacktrace']}" for row in rows)]) or None

    def words(self, name: str) -> str:
        """The last that a part has said."""
        file = self.home / f"{name}.out"
        return file.read_text("utf-8", "replace")[-4000:] if file.exists() else ""


def live_airflow(
    engine: Environment,
    dags_folder: Path,
    tmp: Path,
    *,
    env: Mapping[str, str] | None = None,
    dag_ids: Iterable[str] = (),
    parts: Iterable[str] | None = None,
) -> LiveAirflow:
    """A started Airflow (3 or 2, as the environment has) that knows ``dag_ids``.

    ``tmp`` becomes its home; ``env`` has further variables (``AIRFLOW__SECTION__KEY``); ``parts`` are the processes to
    start, all if left out. Raises ``EngineError`` when it doesn't get ready, with what it said.
    """
    major = 3 if engine.name.startswith("airflow3") else 2
    home = tmp / "airflow"
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    variables = {**FAST, **_variables(major, home, dags_folder, url), **(env or {})}
    _copy_database(engine, major, home, variables)
    live = LiveAirflow(url, USER, PASSWORD, home, major, port, engine.python, variables)
    try:
        for name in parts if parts is not None else PARTS[major]:
            live.start_part(name)
        live.wait_until_ready(dag_ids)
    except BaseException:
        live.stop()
        raise
    return live


def _variables(major: int, home: Path, dags: Path, url: str) -> dict[str, str]:
    common = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__CORE__FERNET_KEY": "",
    }
    if major == 2:
        return {
            **common,
            "AIRFLOW__API__AUTH_BACKENDS": "airflow.providers.fab.auth_manager.api.auth.backend.basic_auth",
            "AIRFLOW__WEBSERVER__BASE_URL": url,
            "AIRFLOW__WEBSERVER__SECRET_KEY": "a-secret-of-this-test",
            "AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL": "5",
            "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "10",
        }
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps({USER: PASSWORD, VIEWER: PASSWORD}), "utf-8")
    return {
        **common,
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__SECRET_KEY": "a-secret-of-this-test",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a-secret-of-this-test-that-is-long-enough-for-the-algorithm-that-signs",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin,{VIEWER}:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "10",
    }


def _copy_database(engine: Environment, major: int, home: Path, variables: Mapping[str, str]) -> None:
    """An empty database with the user in it, made once for each environment."""
    kept = cache_folder() / "databases" / f"{engine.python.parents[1].name}-{DATABASE}.db"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(kept.with_suffix(".lock"), timeout=300):
        if not kept.exists():
            engine.run(["-m", "airflow", "db", "migrate"], env=variables)
            if major == 2:
                for user, role in ((USER, "Admin"), (VIEWER, "Public")):
                    account = ["--username", user, "--password", PASSWORD, "--role", role]
                    names = ["--firstname", "A", "--lastname", "User", "--email", f"{user}@example.org"]
                    engine.run(["-m", "airflow", "users", "create", *account, *names], env=variables)
            part = kept.with_suffix(".part")
            shutil.copy(home / "airflow.db", part)
            part.rename(kept)
    shutil.copy(kept, home / "airflow.db")


def _wait(ready: Callable[[], bool], seconds: float, trouble: Callable[[], str | None]) -> None:
    deadline = time.monotonic() + seconds
    last: Exception | None = None
    while time.monotonic() < deadline:
        try:
            if ready():
                return
        except (OSError, urllib.error.URLError, ValueError) as error:  # not up yet
            last = error
        if (words := trouble()) is not None:
            raise EngineError(f"Airflow isn't getting ready: {words}")
        time.sleep(0.3)
    raise EngineError(f"Airflow isn't ready after {seconds} s: {last}")


def _end_with_parent() -> None:
    """In the child: be told to end when the test process dies (Linux: ``PR_SET_PDEATHSIG``)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def end(parts: list[subprocess.Popen[bytes]]) -> None:
    """End the processes and all their descendants, politely first."""
    family = {pid for part in parts for pid in _descendants(part.pid)}
    for part in parts:
        if part.poll() is None:
            part.terminate()
    deadline = time.monotonic() + END_SECONDS
    for part in parts:
        with suppress(subprocess.TimeoutExpired):
            part.wait(max(0.1, deadline - time.monotonic()))
    for part in parts:
        if part.poll() is None:
            part.kill()
        part.wait()
    for pid in family:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> list[int]:
    """Process ids below this one (without it)."""
    done = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    children: dict[int, list[int]] = {}
    for line in done.stdout.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found
