"""How runs are started: never twice, and what can't be is refused, with nothing changed."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from dagport_adapters.runners.errors import (
    AirflowError,
    DagImportError,
    InputError,
    RunConflictError,
    UnknownDagError,
    UnknownTaskError,
)
from dagport_adapters.runners.protocol import Handed, RunRequest
from dagport_adapters.runners.remote import starting
from dagport_adapters.runners.remote.errors import NotPossibleRemotelyError, PausedDagError, UnreachableError
from dagport_adapters.runners.remote.starting import Starting
from tests.adapters.remote import support
from tests.adapters.remote.support import gives, run_row, task_row

DATE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


class Airflow:
    """A stand-in with one DAG of tasks a and b; ``troubles`` are what happens to the next changes, before or after."""

    def __init__(self, version: str = "3.3.2", *, paused: bool = False, broken: bool = False) -> None:
        self.dag = {"dag_id": "d", "is_paused": paused, "has_import_errors": broken}
        self.runs: dict[str, dict[str, Any]] = {}
        self.changes: list[tuple[str, str, dict[str, Any]]] = []
        self.troubles: list[tuple[str, httpx2.Response | Exception]] = []
        self.answers_to_changes: list[httpx2.Response] = []
        self.api = support.api(self.answer, version)

    def starting(self, *, unpause: bool = False) -> Starting:
        return Starting(self.api, unpause=unpause)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.split("/", 3)[3]
        if request.method == "GET":
            return self.read(path, request)
        when, trouble = self.troubles.pop(0) if self.troubles else ("", None)
        if when != "before":
            answer = self.change(request.method, path, support.body_of(request))
        if isinstance(trouble, Exception):
            raise trouble
        return trouble or answer

    def read(self, path: str, request: httpx2.Request) -> httpx2.Response:
        parts = path.split("/")
        if parts[:2] != ["dags", "d"]:
            return gives({"detail": "not found"}, 404)
        if len(parts) == 2:
            return gives(self.dag)
        if parts[2] == "tasks":
            return gives({"tasks": [{"task_id": "a"}, {"task_id": "b"}], "total_entries": 2})
        if len(parts) == 3:
            wanted = datetime.fromisoformat(dict(request.url.params)[next(iter(request.url.params))])
            found = [run for run in self.runs.values() if datetime.fromisoformat(run["logical_date"]) == wanted]
            return gives({"dag_runs": found, "total_entries": len(found)})
        if len(parts) == 5:
            return gives({"task_instances": [task_row("a"), task_row("b")], "total_entries": 2})
        run = self.runs.get(parts[3])
        return gives(run) if run else gives({"detail": "not found"}, 404)

    def change(self, method: str, path: str, body: dict[str, Any]) -> httpx2.Response:
        self.changes.append((method, path, body))
        if self.answers_to_changes:
            return self.answers_to_changes.pop(0)
        if path.endswith("/dagRuns"):
            run_id, date = body["dag_run_id"], body.get("logical_date") or "2026-01-01T00:00:00Z"
            if run_id in self.runs or date in [run["logical_date"] for run in self.runs.values()]:
                return gives({"detail": "already exists"}, 409)
            self.runs[run_id] = dict(run_row(run_id, "queued", logical_date=date))
            return gives(self.runs[run_id])
        if path.endswith(("/clear", "/clearTaskInstances")):
            run_id = body.get("dag_run_id") or path.split("/")[3]
            self.runs[run_id] = dict(run_row(run_id, "queued"))
        if "is_paused" in body:
            self.dag["is_paused"] = False
        return gives({})


LOST: list[tuple[str, httpx2.Response | Exception]] = [
    ("after", httpx2.ReadError("reset")),
    ("after", httpx2.ReadTimeout("hangs")),
    ("after", support.page("", 502)),
    ("after", gives({}, 500)),
    ("before", httpx2.ReadError("reset")),
    ("before", httpx2.ReadTimeout("hangs")),
    ("before", gives({}, 503)),
    ("before", httpx2.ConnectError("refused")),
    ("before", gives({}, 429, Retry_After="0")),
]


@pytest.mark.parametrize("trouble", LOST, ids=lambda row: f"{row[0]}-{type(row[1]).__name__}")
def test_a_start_whose_answer_is_lost_is_one_run(trouble: Any) -> None:
    airflow = Airflow()
    airflow.troubles = [trouble]
    handle = airflow.starting().start(RunRequest(dag_id="d", run_id="r", conf={"a": 1}, params={"b": 2}))
    assert (handle.run_id, handle.resumed) == ("r", False)
    assert list(airflow.runs) == ["r"]
    assert len(airflow.changes) == 1
    assert airflow.changes[0][2]["conf"] == {"a": 1, "b": 2}


def test_a_start_that_is_always_lost_says_so() -> None:
    airflow = Airflow()
    airflow.troubles = [("before", httpx2.ReadError("reset"))] * 10
    with pytest.raises(UnreachableError, match="Try again with that run id"):
        airflow.starting().start(RunRequest(dag_id="d", run_id="r"))
    assert airflow.runs == {}


def test_without_a_run_id_there_is_one_for_all_tries() -> None:
    airflow = Airflow()
    airflow.troubles = [("before", httpx2.ReadError("reset")), ("after", httpx2.ReadError("reset"))]
    handle = airflow.starting().start(RunRequest(dag_id="d"))
    assert list(airflow.runs) == [handle.run_id]
    assert handle.run_id.startswith("dagport__")
    assert airflow.starting().start(RunRequest(dag_id="d")).run_id != handle.run_id


def test_somebody_else_comes_first() -> None:
    """Between our look and our start: 409, and the run of that id is theirs."""
    airflow = Airflow()
    airflow.troubles = [("before", gives({"detail": "already exists"}, 409))]
    airflow.runs = {}

    def start_by_other() -> None:
        airflow.runs["r"] = dict(run_row("r", "running"))

    airflow.read = _once_then(airflow.read, "dags/d/dagRuns/r", start_by_other)  # type: ignore[method-assign]
    handle = airflow.starting().start(RunRequest(dag_id="d", run_id="r"))
    assert handle.resumed


def _once_then(read: Any, path: str, then: Any) -> Any:
    """Read as before; after the first reading of a path, something happens."""
    done: list[bool] = []

    def reading(asked: str, request: httpx2.Request) -> httpx2.Response:
        answer: httpx2.Response = read(asked, request)
        if asked == path and not done:
            done.append(True)
            then()
        return answer

    return reading


@pytest.mark.parametrize(
    ("version", "request_", "kind", "words"),
    [
        ("3.3.2", RunRequest(), UnknownDagError, "which DAG"),
        ("3.3.2", RunRequest(dag_id="nope"), UnknownDagError, "nope"),
        ("3.3.2", RunRequest(dag_id="d", retry_delays="skip"), NotPossibleRemotelyError, "wait"),
        ("3.3.2", RunRequest(dag_id="d", tasks=["c"]), UnknownTaskError, "no task c"),
        ("3.3.2", RunRequest(dag_id="d", tasks=[]), UnknownTaskError, "No task is named"),
        ("3.3.2", RunRequest(dag_id="d", tasks=["a"]), NotPossibleRemotelyError, "LocalAirflow"),
        ("3.3.2", RunRequest(dag_id="d", tasks=["a", "b"], again="tasks"), NotPossibleRemotelyError, "whole DAG"),
        ("3.3.2", RunRequest(dag_id="d", run_id="ended", tasks=["a"], conf={"a": 1}), NotPossibleRemotelyError, "conf"),
        ("3.3.2", RunRequest(dag_id="d", run_id="runs", tasks=["a"]), RunConflictError, "under way"),
        ("3.3.2", RunRequest(dag_id="d", run_id="ended", logical_date=datetime(2020, 1, 1)), RunConflictError, "2026"),
        ("3.3.2", RunRequest(dag_id="d", logical_date=datetime(2026, 1, 2)), RunConflictError, "under way"),
        ("3.3.2", RunRequest(dag_id="d", logical_date=DATE, conf={"a": 1}), NotPossibleRemotelyError, "conf"),
        (
            "3.3.2",
            RunRequest(dag_id="d", inputs=[Handed(task_id="a", value=1)]),
            NotPossibleRemotelyError,
            "aren't run",
        ),
        (
            "3.3.2",
            RunRequest(dag_id="d", run_id="ended", tasks=["a"], inputs=[Handed(task_id="a", value=1)]),
            InputError,
            "a is run",
        ),
        (
            "3.3.2",
            RunRequest(
                dag_id="d",
                run_id="ended",
                tasks=["a"],
                inputs=[Handed(task_id="b", value={"__classname__": "x.Y"}, serialized_from="x.Y")],
            ),
            InputError,
            "x.Y",
        ),
        (
            "2.11.2",
            RunRequest(dag_id="d", run_id="ended", tasks=["a"], inputs=[Handed(task_id="b", value=1)]),
            NotPossibleRemotelyError,
            "Airflow 3 only",
        ),
        ("2.9.3", RunRequest(dag_id="d", whole_results=True), NotPossibleRemotelyError, "2.10"),
    ],
)
def test_refused_before_anything_is_changed(version: str, request_: RunRequest, kind: Any, words: str) -> None:
    airflow = Airflow(version)
    airflow.runs = {
        "ended": dict(run_row("ended")),
        "runs": dict(run_row("runs", "running", logical_date="2026-01-02T00:00:00Z")),
    }
    with pytest.raises(kind, match=words):
        airflow.starting().start(request_)
    assert airflow.changes == []


@pytest.mark.parametrize(
    ("airflow", "kind"), [(Airflow(paused=True), PausedDagError), (Airflow(broken=True), DagImportError)]
)
def test_dags_that_would_not_run(airflow: Airflow, kind: Any) -> None:
    airflow.runs["runs"] = dict(run_row("runs", "running"))
    for run_id in ("new", "runs"):
        with pytest.raises(kind):
            airflow.starting().start(RunRequest(dag_id="d", run_id=run_id))
    assert airflow.changes == []


def test_a_paused_dag_is_unpaused_when_that_is_wanted_and_an_ended_run_needs_it_not() -> None:
    airflow = Airflow(paused=True)
    airflow.runs["ended"] = dict(run_row("ended"))
    assert airflow.starting(unpause=True).start(RunRequest(dag_id="d", run_id="ended")).resumed
    assert airflow.changes == []
    airflow.starting(unpause=True).start(RunRequest(dag_id="d", logical_date=datetime(2026, 2, 1, tzinfo=UTC)))
    assert [change[:2] for change in airflow.changes] == [("PATCH", "dags/d"), ("POST", "dags/d/dagRuns")]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (gives({"detail": "bad conf"}, 400), AirflowError),
        (gives({"detail": "gone"}, 404), UnknownDagError),
        (gives({"detail": "the date is taken"}, 409), RunConflictError),
    ],
)
def test_what_airflow_refuses(answer: httpx2.Response, kind: Any) -> None:
    airflow = Airflow()
    airflow.answers_to_changes = [answer]
    with pytest.raises(kind, match=r"bad conf|gone|DAG d|taken"):
        airflow.starting().start(RunRequest(dag_id="d", run_id="r"))


def test_all_tasks_are_the_whole_dag() -> None:
    handle = Airflow().starting().start(RunRequest(dag_id="d", run_id="r", tasks=["b", "a"]))
    assert handle.tasks is None


@pytest.mark.parametrize(
    "trouble", [None, *LOST[:7]], ids=lambda row: f"{row[0]}-{type(row[1]).__name__}" if row else ""
)
@pytest.mark.parametrize("tasks", [None, ["a"]])
def test_a_run_is_done_again_once(tasks: list[str] | None, trouble: Any) -> None:
    airflow = Airflow()
    airflow.runs["ended"] = dict(run_row("ended"))
    airflow.troubles = [trouble] if trouble else []
    handle = airflow.starting().start(RunRequest(dag_id="d", logical_date=DATE, tasks=tasks))
    assert handle.resumed
    assert handle.since == {("a", -1): 1, ("b", -1): 1}
    ((method, path, body),) = airflow.changes
    assert method == "POST"
    assert not body["dry_run"]
    if tasks is None:
        assert path == "dags/d/dagRuns/ended/clear"
        return
    assert path == "dags/d/clearTaskInstances"
    assert (body["task_ids"], body["dag_run_id"], body["reset_dag_runs"], body["only_failed"]) == (
        ["a"],
        "ended",
        True,
        False,
    )
    assert not any(value for name, value in body.items() if name.startswith("include_"))


@pytest.mark.parametrize(("version", "has_date"), [("3.3.2", True), ("2.11.2", False)])
def test_a_date_that_nobody_names(version: str, has_date: bool) -> None:
    """Airflow 3 must be told one, or null; Airflow 2 takes its own clock."""
    airflow = Airflow(version)
    airflow.starting().start(RunRequest(dag_id="d", run_id="r"))
    assert ("logical_date" in airflow.changes[0][2]) is has_date
