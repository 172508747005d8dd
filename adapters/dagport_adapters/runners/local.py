"""A local Airflow: a worker process in an environment that the user names, warm from run to run."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from dagport_adapters.runners import homes
from dagport_adapters.runners.errors import AirflowError, RunnerBusyError, RunTimeoutError, WorkerDiedError
from dagport_adapters.runners.inputs import as_message
from dagport_adapters.runners.process import Worker
from dagport_adapters.runners.protocol import Event, RunRequest
from dagport_adapters.runners.refusals import refusal
from dagport_adapters.runners.telling import Telling

START_SECONDS = 120.0
PREVIEW_CHARACTERS = 2000
OBEY_SECONDS = 10.0  # on top of ``cancel_grace``
LAST = ("error", "run_finished")  # messages


@dataclass
class LocalAirflow:
    """Runs DAGs in the Airflow (2.7+ or 3) of ``python``, one at a time, on a SQLite database of its own.

    ``dags`` is a folder of DAG files or one file. ``home`` is an ``AIRFLOW_HOME``: one with an ``airflow.cfg`` of yours
    is used as it is, with its database; any other gets a database at the first run, and so does the one that is
    chosen for you, which is the same for the same interpreter and folder. ``variables`` and ``connections`` (by id,
    as texts, URIs or JSON) and ``env`` are added to this process's environment.
    """

    python: str | Path
    dags: str | Path
    home: str | Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    connections: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    cancel_grace: float = 5.0  # seconds that a cancelled task has for its ``on_kill``
    preview: int = PREVIEW_CHARACTERS  # of a task's result; 0: none

    def __post_init__(self) -> None:
        self._python = Path(os.path.abspath(self.python))  # noqa: PTH100 - an environment's Python is a link that stays
        self._dags = Path(self.dags).resolve()
        self._folder = self._dags.parent if self._dags.is_file() else self._dags
        self._home = Path(self.home).resolve() if self.home else None
        self._worker: Worker | None = None
        self._running = threading.Lock()
        self._under_way = False
        self._files: dict[str, str] = {}  # where a DAG was found

    @property
    def airflow_version(self) -> str | None:
        """The version of Airflow, once there is a worker."""
        return str(self._worker.hello["airflow"]) if self._worker else None

    @property
    def worker_pid(self) -> int | None:
        """The process id of the worker, if there is one."""
        return self._worker.process.pid if self._worker else None

    def run(self, request: RunRequest, *, timeout: float | None = None) -> Iterator[Event]:
        """The events of a run as they happen; a run that nobody follows to its end is cancelled.

        Raises ``RunnerBusyError`` during another run, ``AirflowNotFoundError``, ``DagImportError``,
        ``UnknownDagError``, ``UnknownTaskError``, ``InputError``, ``RunConflictError``, ``RunCancelledError`` and
        ``AirflowError`` before the first event, and ``RunTimeoutError`` and ``WorkerDiedError`` at any time.
        """
        if not self._running.acquire(blocking=False):
            raise RunnerBusyError("This runner is running something else. Wait for its end, or use another runner")
        try:
            asked = self._asked(request)
            worker = self._warm()
            worker.send({"do": "run", "request": asked})
            self._under_way = True
            yield from self._events(worker, request, timeout)
        except WorkerDiedError:
            self._under_way = False
            self._drop()
            raise
        finally:
            if self._under_way:
                self._abandon()
            self._running.release()

    def cancel(self) -> None:
        """End the run that is under way: the running task gets its ``on_kill``, the run ends as failed."""
        worker = self._worker
        if worker is not None:
            with suppress(WorkerDiedError):
                worker.send({"do": "cancel"})

    def close(self) -> None:
        """End the worker and everything that it has started."""
        self._drop()

    def __enter__(self) -> LocalAirflow:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _warm(self) -> Worker:
        if self._worker is not None and self._worker.process.poll() is not None:
            self._drop()
        if self._worker is None:
            self._worker = self._started()
        return self._worker

    def _started(self) -> Worker:
        try:
            return self._made()
        except (OSError, sqlite3.Error) as error:
            where, why = self._home or "The home of Airflow", getattr(error, "strerror", None) or error
            raise AirflowError(f"{where} can't be written ({why}). Make room, or name a home that can") from None

    def _made(self) -> Worker:
        home = self._home or homes.home_for(self._python, self._folder)
        own = not homes.is_configured(home)
        environment = homes.variables(home, self._folder, {**os.environ, **self._added()}, own=own)
        if own:
            homes.prepare(home, self._python, environment)
        output = home / "dagport-workers"
        output.mkdir(parents=True, exist_ok=True)
        return Worker.start(self._python, environment, output / f"{uuid4().hex}.log", START_SECONDS)

    def _added(self) -> dict[str, str]:
        variables = {f"AIRFLOW_VAR_{name.upper()}": value for name, value in self.variables.items()}
        connections = {f"AIRFLOW_CONN_{name.upper()}": value for name, value in self.connections.items()}
        return {**variables, **connections, **self.env}

    def _asked(self, request: RunRequest) -> dict[str, Any]:
        file = request.file or (self._dags if self._dags.is_file() else None)
        interval = request.data_interval
        return {
            "dag_id": request.dag_id,
            "file": str(Path(file).resolve()) if file else None,
            "hint": self._files.get(request.dag_id or ""),
            "folder": str(self._folder),
            "logical_date": _text(request.logical_date),
            "data_interval": [_text(date) for date in interval] if interval else None,
            "run_id": request.run_id,
            "conf": {**request.conf, **request.params},
            "tasks": list(request.tasks) if request.tasks is not None else None,
            "again": request.again,
            "inputs": [as_message(handed) for handed in request.inputs],
            "whole_results": request.whole_results,
            "retry_delays": request.retry_delays,
            "preview": self.preview,
            "cancel_grace": self.cancel_grace,
        }

    def _events(self, worker: Worker, request: RunRequest, timeout: float | None) -> Iterator[Event]:
        deadline = None if timeout is None else time.monotonic() + timeout
        told = Telling()
        while True:
            message = worker.receive(deadline)
            if message is None:
                raise RunTimeoutError(f"The run took longer than {timeout:g} s and was cancelled. Give it more time")
            self._under_way = message["type"] not in LAST
            if message["type"] == "error":
                raise refusal(message, request, self._dags, worker.output)
            if message["type"] == "located":
                self._files[message["dag_id"]] = message["file"]
            elif (event := told.event(message)) is not None:
                yield event
            if not self._under_way:
                return

    def _abandon(self) -> None:
        """Cancel what nobody follows any more, and come to rest, with the worker still warm if it obeys."""
        worker = self._worker
        if worker is None:
            return
        self.cancel()
        deadline = time.monotonic() + self.cancel_grace + OBEY_SECONDS
        try:
            while (message := worker.receive(deadline)) is not None:
                if message["type"] in LAST:
                    self._under_way = False
                    return
        except WorkerDiedError:
            pass
        self._drop()

    def _drop(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()


def _text(date: datetime | None) -> str | None:
    if date is None:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).isoformat()
