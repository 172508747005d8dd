"""Runs the flows of a generated project in Prefect, and registers its deployments: what came of it, as JSON.

    PREFECT_PYTHON prefect_project.py PROJECT CASES [deploy]

``CASES`` is a JSON file: a list of ``{"module", "flow", "parameters", "scheduled"}``.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any

from prefect import Task, get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.flow_engine import run_flow
from prefect.settings import get_current_settings
from prefect.states import Scheduled
from prefect.testing.utilities import prefect_test_harness
from prefect.variables import Variable

FUTURES: list[tuple[str, Any]] = []
SUBMIT, READ = Task.submit, SyncPrefectClient.read_flow_run
SCHEDULED: set[Any] = set()
VARIABLES = {"region": "south", "shape": '{"side": 4}'}


def submit(self: Any, *args: Any, **kwargs: Any) -> Any:
    """``Task.submit``, which keeps the future."""
    future = SUBMIT(self, *args, **kwargs)
    FUTURES.append((self.name, future))
    return future


def run(case: dict[str, Any]) -> dict[str, Any]:
    """The states and results of a flow run's tasks, and its own state."""
    FUTURES.clear()
    flow = getattr(importlib.import_module(f"pipelines.flows.{case['module']}"), case["flow"])
    parameters = case.get("parameters", {})
    if "scheduled" in case:
        state = scheduled(flow, datetime.fromisoformat(case["scheduled"]))
    else:
        state = flow(return_state=True, **parameters)
    tasks = [(name, future.state) for name, future in FUTURES]
    return {
        "run": str(state.type.value),
        "states": {name: str(one.name) for name, one in tasks},
        "results": {name: one.result(raise_on_failure=False) for name, one in tasks if one.name == "Completed"},
        "options": {name: options(future, flow) for name, future in FUTURES},
    }


def options(future: Any, flow: Any) -> dict[str, Any]:
    """What Prefect's API has of a task run."""
    with get_client(sync_client=True) as client:
        found = client.read_task_run(future.task_run_id)
    return {"tags": sorted(found.tags), "retries": found.empirical_policy.retries}


def scheduled(flow: Any, moment: datetime) -> Any:
    """A run as Prefect's scheduler makes it: for a moment, without parameters.

    The scheduler itself can't be asked: it makes runs of the time to come only.
    """
    with get_client(sync_client=True) as client:
        made = client.create_flow_run(flow, state=Scheduled(scheduled_time=moment))
    SCHEDULED.add(made.id)
    return run_flow(flow, flow_run=made, parameters={}, return_type="state")


def read_flow_run(self: Any, flow_run_id: Any) -> Any:
    """``SyncPrefectClient.read_flow_run``, to which the runs above look as the scheduler's do."""
    found = READ(self, flow_run_id)
    return found.model_copy(update={"auto_scheduled": True}) if found.id in SCHEDULED else found


def deployments(project: Path) -> Iterator[dict[str, Any]]:
    """All deployments, as ``prefect deploy --all`` registers them."""
    env = {**os.environ, "PREFECT_API_URL": str(get_current_settings().api.url), "PYTHONPATH": str(project / "src")}
    for words in (["work-pool", "create", "default", "--type", "process"], ["--no-prompt", "deploy", "--all"]):
        done = subprocess.run(
            [sys.executable, "-m", "prefect", *words], cwd=project, env=env, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)
    with get_client(sync_client=True) as client:
        for found in client.read_deployments():
            limit = found.concurrency_options
            yield {
                "name": found.name,
                "entrypoint": found.entrypoint,
                "paused": found.paused,
                "tags": found.tags,
                "schedules": [one.schedule.model_dump(mode="json", exclude_none=True) for one in found.schedules],
                "limit": found.global_concurrency_limit.limit if found.global_concurrency_limit else None,
                "strategy": str(limit.collision_strategy.value) if limit else None,
            }


def main() -> None:
    project, cases = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text("utf-8"))
    sys.path.insert(0, str(project / "src"))
    warnings.filterwarnings("ignore")
    Task.submit, SyncPrefectClient.read_flow_run = submit, read_flow_run
    logging.disable(logging.CRITICAL)
    with redirect_stdout(sys.stderr), prefect_test_harness(server_startup_timeout=120):
        for name, value in VARIABLES.items():
            Variable.set(name, value)
        found: dict[str, Any] = {"runs": [run(case) for case in cases]}
        found["deployments"] = list(deployments(project)) if "deploy" in sys.argv else []
    json.dump(found, sys.stdout, default=str)


if __name__ == "__main__":
    main()
