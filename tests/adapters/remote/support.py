"""What the tests of the remote runner share: a stand-in for the server's answers, and rows as the API gives them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx2

from dagport_adapters.runners.remote.api import Api
from dagport_adapters.runners.remote.auth import Anonymous, Auth
from dagport_adapters.runners.remote.http import Patience, Server

URL = "https://airflow.example.org"
QUICK = Patience(seconds=2.0, first=0.001, longest=0.002)
Answer = Callable[[httpx2.Request], httpx2.Response]


def server(answer: Answer, auth: Auth | None = None, patience: Patience = QUICK, url: str = URL) -> Server:
    """A server whose answers a function gives."""
    return Server(url, auth or Anonymous(), patience=patience, transport=httpx2.MockTransport(answer))


def api(answer: Answer, version: str = "3.3.2") -> Api:
    """The API of an Airflow of this version; other questions are answered by the function."""
    prefix = "v2" if version.startswith("3") else "v1"

    def answered(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/version"):
            return gives({"version": version}) if f"/{prefix}/" in request.url.path else gives({}, 404)
        return answer(request)

    return Api(server(answered))


def gives(value: Any, status: int = 200, **headers: str) -> httpx2.Response:
    """An answer with JSON."""
    return httpx2.Response(status, json=value, headers={name.replace("_", "-"): text for name, text in headers.items()})


def page(text: str = "<html>Sign in</html>", status: int = 200, **headers: str) -> httpx2.Response:
    """An answer with a page."""
    return httpx2.Response(status, text=text, headers={"content-type": "text/html", **headers})


def body_of(request: httpx2.Request) -> dict[str, Any]:
    """The JSON that was sent."""
    found: dict[str, Any] = json.loads(request.content or b"{}")
    return found


def run_row(run_id: str = "r", state: str = "success", **values: Any) -> Mapping[str, Any]:
    """A DAG run as the API gives it."""
    row: dict[str, Any] = {
        "dag_id": "d",
        "dag_run_id": run_id,
        "run_type": "manual",
        "state": state,
        "logical_date": "2026-01-01T00:00:00Z",
        "start_date": "2026-01-01T00:00:01Z",
        "end_date": "2026-01-01T00:00:09Z" if state in ("success", "failed") else None,
        "conf": {},
    }
    return {**row, **values}


def task_row(task_id: str = "t", state: str | None = "success", number: int = 1, **values: Any) -> Mapping[str, Any]:
    """A task instance as the API gives it."""
    row = {"dag_id": "d", "dag_run_id": "r", "task_id": task_id, "map_index": -1, "state": state, "try_number": number}
    return {**row, "max_tries": 0, "start_date": "2026-01-01T00:00:01Z", "end_date": "2026-01-01T00:00:02Z", **values}
