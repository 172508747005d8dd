"""Airflow's REST API, both versions: each question that we ask, in the model's types."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from packaging.version import InvalidVersion, Version

from dagport_adapters.runners.remote.dialect import Dialect, dialect_of
from dagport_adapters.runners.remote.errors import (
    AuthenticationError,
    MissingError,
    RefusedError,
    UnexpectedAnswerError,
)
from dagport_adapters.runners.remote.http import Server
from dagport_adapters.runners.remote.listing import PAGE, listed, rows_of
from dagport_adapters.runners.remote.model import LiveDag, LiveRun, LiveTask
from dagport_adapters.runners.remote.reading import dag_of, run_of, task_of

RUNS_AT_ONCE = 40  # of one question for task instances
_VERSIONS = ("v2", "v1")


class Api:
    """Questions to one live Airflow, whose version is found out with the first one."""

    def __init__(self, server: Server, version: str | None = None) -> None:
        self.server = server
        self._versions = _VERSIONS if version is None else (version,)
        self._dialect: Dialect | None = None
        self.version: str | None = None  # of Airflow, once it is found out
        self._finding = threading.Lock()

    @property
    def dialect(self) -> Dialect:
        """What this Airflow speaks. Raises ``UnexpectedAnswerError`` where it is no Airflow."""
        with self._finding:
            if self._dialect is None:
                self._dialect = self._found()
            return self._dialect

    def dags(self, dag_ids: Iterable[str] | None = None) -> Iterator[LiveDag]:
        """All active DAGs, or those of ``dag_ids`` that there are, by id; two questions for each."""
        wanted = None if dag_ids is None else set(dag_ids)
        rows = self._listed("/dags", "dags", ("dag_id",), {"order_by": "dag_id"})
        rows = [row for row in rows if wanted is None or row["dag_id"] in wanted]
        outlets, inlets = self._assets()
        for row in rows:
            path = f"/dags/{_q(row['dag_id'])}"
            try:
                details = self._get(f"{path}/details")
                tasks = rows_of(self._get(f"{path}/tasks"), "tasks")
            except MissingError:  # it went while we listed them
                continue
            yield dag_of(row, details, tasks, outlets, inlets, self.server.url)

    def dag(self, dag_id: str) -> Mapping[str, Any]:
        """The row of a DAG. Raises ``MissingError``."""
        row = self._get(f"/dags/{_q(dag_id)}")
        return row if isinstance(row, dict) else {}

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run it."""
        params = {"update_mask": "is_paused"}
        self._ask("PATCH", f"/dags/{_q(dag_id)}", params=params, body={"is_paused": False}, repeat=True)

    def task_ids(self, dag_id: str) -> list[str]:
        """The tasks of a DAG."""
        return [row["task_id"] for row in rows_of(self._get(f"/dags/{_q(dag_id)}/tasks"), "tasks")]

    def run(self, dag_id: str, run_id: str) -> LiveRun:
        """A run. Raises ``MissingError``."""
        return self._run(self._get(_run_path(dag_id, run_id)))

    def run_of_date(self, dag_id: str, date: datetime) -> LiveRun | None:
        """The run of a logical date."""
        name, text = self.dialect.date_filter, _iso(date)
        answer = self._get(f"/dags/{_q(dag_id)}/dagRuns", {f"{name}_gte": text, f"{name}_lte": text, "limit": 2})
        return next((self._run(row) for row in rows_of(answer, "dag_runs")), None)

    def runs(self, body: Mapping[str, Any]) -> list[LiveRun]:
        """All runs of a filter (the body of ``dags/~/dagRuns/list``)."""
        rows = self._listed_by("/dags/~/dagRuns/list", "dag_runs", ("dag_id", "dag_run_id"), body)
        return [self._run(row) for row in rows]

    def runs_page(self, body: Mapping[str, Any]) -> tuple[list[LiveRun], int]:
        """One page of a filter, and how many there are."""
        answer = self._ask("POST", "/dags/~/dagRuns/list", body=body, repeat=True)
        rows = rows_of(answer, "dag_runs")
        return [self._run(row) for row in rows], int(answer.get("total_entries") or len(rows))

    def trigger(self, dag_id: str, body: Mapping[str, Any]) -> LiveRun:
        """A new run. Raises ``ConflictError``, ``RefusedError`` and, when that can't be known, ``LostAnswerError``."""
        return self._run(self._ask("POST", f"/dags/{_q(dag_id)}/dagRuns", body=body))

    def fail(self, dag_id: str, run_id: str) -> None:
        """Set a run failed: its running tasks are ended, and those that wait won't run."""
        self._ask("PATCH", _run_path(dag_id, run_id), body={"state": "failed"}, repeat=True)

    def clear_run(self, dag_id: str, run_id: str) -> None:
        """Do a run again, all of its tasks. Raises ``LostAnswerError``."""
        self._ask("POST", f"{_run_path(dag_id, run_id)}/clear", body={"dry_run": False})

    def clear_tasks(self, dag_id: str, run_id: str, tasks: Sequence[str]) -> None:
        """Do exactly these tasks of a run again. Raises ``LostAnswerError``."""
        no = dict.fromkeys(("include_upstream", "include_downstream", "include_future", "include_past"), False)
        body = {"dry_run": False, "dag_run_id": run_id, "task_ids": list(tasks), "reset_dag_runs": True}
        self._ask("POST", f"/dags/{_q(dag_id)}/clearTaskInstances", body={**body, **no, "only_failed": False})

    def tasks(self, dag_id: str, run_id: str, *, whole: bool) -> list[LiveTask]:
        """The last try of each task instance of a run."""
        path = f"{_run_path(dag_id, run_id)}/taskInstances"
        return self._tasks(self._listed(path, "task_instances", ("task_id", "map_index"), {}, whole=whole))

    def tasks_of_runs(
        self, runs: Sequence[tuple[str, str]], *, whole: bool = False
    ) -> dict[tuple[str, str], list[LiveTask]]:
        """The same for many runs (DAG id, run id), with few questions."""
        found: dict[tuple[str, str], list[LiveTask]] = {run: [] for run in runs}
        if not self.dialect.lists_by_run_id:
            return {run: self.tasks(*run, whole=whole) for run in runs}
        for begin in range(0, len(runs), RUNS_AT_ONCE):
            some = runs[begin : begin + RUNS_AT_ONCE]
            body = {"dag_ids": sorted({dag for dag, _ in some}), "dag_run_ids": sorted({run for _, run in some})}
            key = ("dag_id", "dag_run_id", "task_id", "map_index")
            path = "/dags/~/dagRuns/~/taskInstances/list"
            for task in self._tasks(self._listed_by(path, "task_instances", key, body, whole=whole)):
                if (task.dag_id, task.run_id) in found:
                    found[task.dag_id, task.run_id].append(task)
        return found

    def tries(self, task: LiveTask) -> list[LiveTask]:
        """All tries of a task instance, by number; only the last one where Airflow doesn't keep the others (< 2.10)."""
        if not self.dialect.has_tries:
            return [task]
        index = f"/{task.map_index}" if task.map_index >= 0 else ""
        try:
            answer = self._get(f"{_run_path(task.dag_id, task.run_id)}/taskInstances/{_q(task.task_id)}{index}/tries")
        except MissingError:
            return [task]
        rows = [task_of(row, self.dialect, self.server.url, latest=False) for row in rows_of(answer, "task_instances")]
        kept = {row.try_number: row for row in rows if row.try_number < task.try_number}
        return [*(kept[number] for number in sorted(kept)), task]

    def xcom_keys(self, task: LiveTask) -> list[str]:
        """What a task instance has handed over."""
        params = {"map_index": task.map_index}
        rows = self._listed(f"{_xcoms(task)}", "xcom_entries", ("key", "map_index"), params)
        return [row["key"] for row in rows if row.get("map_index", task.map_index) == task.map_index]

    def failure(self, task: LiveTask, max_bytes: int, seconds: float) -> str | None:
        """Class and message of the exception that ended a try, where its log has them as data (Airflow 3)."""
        if not self.dialect.structured_logs:
            return None
        path = f"{_run_path(task.dag_id, task.run_id)}/taskInstances/{_q(task.task_id)}/logs/{task.try_number}"
        params = {"map_index": task.map_index, "full_content": "true"}
        answer = self._ask("GET", path, params=params, max_bytes=max_bytes, seconds=seconds)
        lines = answer.get("content") if isinstance(answer, dict) else None
        for line in reversed(lines if isinstance(lines, list) else []):
            details = line.get("error_detail") if isinstance(line, dict) else None
            if isinstance(details, list) and details and isinstance(details[0], dict) and details[0].get("exc_type"):
                return f"{details[0]['exc_type']}: {details[0].get('exc_value', '')}"
        return None

    def xcom(self, task: LiveTask, key: str, max_bytes: int, seconds: float | None = None) -> Any:
        """A result, as JSON. Raises ``MissingError`` and ``TooLargeError``."""
        params: dict[str, Any] = {"map_index": task.map_index}
        if self.dialect.native_xcoms:
            params["stringify"] = "false"
        path = f"{_xcoms(task)}/{_q(key)}"
        answer = self._ask("GET", path, params=params, max_bytes=max_bytes, seconds=seconds)
        return answer.get("value")

    def put_xcom(self, dag_id: str, run_id: str, task_id: str, map_index: int, key: str, value: Any) -> None:
        """Put a result in its place, or another in the place of it."""
        path = f"{_run_path(dag_id, run_id)}/taskInstances/{_q(task_id)}/xcomEntries"
        body = {"value": value, "map_index": map_index}
        try:
            self._ask("PATCH", f"{path}/{_q(key)}", body=body, repeat=True)
        except MissingError:
            self._ask("POST", path, body={**body, "key": key}, repeat=True)

    def _found(self) -> Dialect:
        for version in self._versions:
            try:
                answer = self.server.ask("GET", f"/api/{version}/version")
            except (MissingError, UnexpectedAnswerError, RefusedError):
                continue
            except AuthenticationError:
                if version == self._versions[-1]:
                    raise
                continue
            if isinstance(answer, dict) and isinstance(answer.get("version"), str):
                self.version = answer["version"]
                return dialect_of(version, _release(answer["version"]))
        asked = " or ".join(f"{self.server.url}/api/{version}" for version in self._versions)
        raise UnexpectedAnswerError(
            f"There is no Airflow at {asked}. Give the address of its web or API server, with its path, if it has one"
        )

    def _assets(self) -> tuple[dict[tuple[str, str], tuple[str, ...]], dict[tuple[str, str], tuple[str, ...]]]:
        """URIs of the assets that tasks (DAG id, task id) produce, and that they consume."""
        name = self.dialect.assets
        outlets: dict[tuple[str, str], set[str]] = {}
        inlets: dict[tuple[str, str], set[str]] = {}
        for row in self._listed(f"/{name}", name, ("id",), {}):
            for tasks, by_task in (("producing_tasks", outlets), ("consuming_tasks", inlets)):
                for task in row.get(tasks) or ():
                    by_task.setdefault((task["dag_id"], task["task_id"]), set()).add(row["uri"])
        return _sorted(outlets), _sorted(inlets)

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        return self.server.ask(method, self.dialect.prefix + path, **options)

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self._ask("GET", path, params=params)

    def _listed(
        self, path: str, rows: str, key: tuple[str, ...], params: Mapping[str, Any], *, whole: bool = True
    ) -> list[Mapping[str, Any]]:
        return listed(
            lambda offset, limit: self._get(path, {**params, "offset": offset, "limit": limit}),
            rows,
            lambda row: tuple(row.get(name) for name in key),
            whole=whole,
        )

    def _listed_by(
        self, path: str, rows: str, key: tuple[str, ...], body: Mapping[str, Any], *, whole: bool = True
    ) -> list[Mapping[str, Any]]:
        return listed(
            lambda offset, limit: self._ask(
                "POST", path, body={**body, "page_offset": offset, "page_limit": limit}, repeat=True
            ),
            rows,
            lambda row: tuple(row.get(name) for name in key),
            whole=whole,
        )

    def _run(self, row: Any) -> LiveRun:
        if not isinstance(row, dict):
            raise UnexpectedAnswerError("The answer isn't a DAG run. Is this address Airflow's API?")
        return run_of(row, self.dialect, self.server.url)

    def _tasks(self, rows: Iterable[Mapping[str, Any]]) -> list[LiveTask]:
        return [task_of(row, self.dialect, self.server.url) for row in rows]


def _release(text: str) -> tuple[int, int]:
    try:
        version = Version(text)
    except InvalidVersion:
        raise UnexpectedAnswerError(f"Airflow says that its version is {text[:40]!r}") from None
    return version.major, version.minor


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/dags/{_q(dag_id)}/dagRuns/{_q(run_id)}"


def _xcoms(task: LiveTask) -> str:
    return f"{_run_path(task.dag_id, task.run_id)}/taskInstances/{_q(task.task_id)}/xcomEntries"


def _q(text: str) -> str:
    return quote(text, safe="~")


def _iso(date: datetime) -> str:
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).isoformat()


def _sorted(found: Mapping[tuple[str, str], set[str]]) -> dict[tuple[str, str], tuple[str, ...]]:
    return {task: tuple(sorted(uris)) for task, uris in found.items()}


__all__ = ["PAGE", "Api"]
