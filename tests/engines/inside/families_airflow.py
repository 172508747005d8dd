"""What tasks of a DAG ask other platforms for, and how they end: as JSON.

    AIRFLOW_PYTHON families_airflow.py DAY DAG_FILE...

A pod and a container are told as they would be made; everything else is executed.
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime
from runpy import run_path
from typing import Any
from unittest.mock import MagicMock, patch

from airflow.sdk.execution_time import macros
from docker import APIClient
from kubernetes.client import ApiClient


def context_of(task: Any, day: str) -> dict[str, Any]:
    """The part of a run's context that the tasks look at."""
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return {
        "ds": day,
        "ds_nodash": day.replace("-", ""),
        "logical_date": moment,
        "ti": MagicMock(try_number=1),
        "task": task,
        "macros": macros,
        "params": {},
    }


def asked(task: Any, context: dict[str, Any]) -> Any:
    """What the task would make, or its result."""
    name = type(task).__name__
    if name == "KubernetesPodOperator":
        return ApiClient().sanitize_for_serialization(task.build_pod_request_obj(dry_run=True))
    if name == "DockerOperator":
        return container(task, context)
    return task.execute(context)


def container(task: Any, context: dict[str, Any]) -> dict[str, Any]:
    """What the engine is asked to create."""
    client = MagicMock()
    real = APIClient(base_url="tcp://127.0.0.1:1", version="1.43")
    client.create_host_config.side_effect = real.create_host_config
    client.wait.return_value = {"StatusCode": 0}
    client.attach.return_value = [b"done\n"]
    with patch.object(type(task), "cli", client):
        task.execute(context)
    return dict(client.create_container.call_args.kwargs)


def told(task: Any, day: str) -> dict[str, Any]:
    """How a task ends."""
    context = context_of(task, day)
    task.render_template_fields(context)
    try:
        return {"state": "success", "value": asked(task, context)}
    except Exception as error:  # noqa: BLE001 - how a task ends is what is asked for
        return {"state": "failed", "error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        day, *files = sys.argv[1:]
        tasks = [task for file in files for task in run_path(file)["dag"].tasks]
        results = {task.task_id: told(task, day) for task in tasks}
    sys.stdout.write(json.dumps(results, default=repr))
