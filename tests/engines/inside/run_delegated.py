"""Runs jobs of a generated Dagster project, part of which Airflow runs, and prints what became of every asset, as JSON.

    DAGSTER_PYTHON run_delegated.py PROJECT PACKAGE AIRFLOW_VERSION RUNS

``RUNS`` is a JSON list of ``{"job", "partition", "config", "unread"}``. What an asset holds is printed as Airflow would
store it, unless it is among those that aren't to be read.
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from typing import Any

import dagster as dg
from load_dagster import load  # its folder is the path of a script

from dagport_adapters.runners.handing import OnlyInAirflow, handed_in


def stored(task_id: str, value: Any, version: str, *, delegated: bool) -> dict[str, Any]:
    """The results of a task by key: the value that Airflow's table has, and the classes in it."""
    by_key = value if delegated else {"return_value": value}
    if any(isinstance(item, OnlyInAirflow) for item in by_key.values()):
        return {key: repr(item) for key, item in by_key.items()}
    plain = [(one.key, one.value, one.serialized_from) for one in handed_in({task_id: by_key}, version=version)]
    return {key: [form, classes] for key, form, classes in plain if (key, form) != ("return_value", None)}


def run(
    definitions: dg.Definitions, asked: dict[str, Any], version: str, instance: dg.DagsterInstance
) -> dict[str, Any]:
    """Run a job in this process."""
    job = definitions.resolve_job_def(asked["job"])
    result = job.execute_in_process(
        instance=instance,
        partition_key=asked.get("partition"),
        run_config={"ops": asked.get("config") or {}},
        raise_on_error=False,
    )
    events = [event for event in result.get_asset_materialization_events() if event.asset_key]
    metadata = {key: job.asset_layer.get(key).metadata for event in events if (key := event.asset_key)}
    failures = {event.step_key: event.step_failure_data.error for event in result.all_events if event.is_step_failure}
    return {
        "run_id": result.run_id,
        "success": result.success,
        "made": {
            key.to_user_string(): stored(
                key.path[-1], result.asset_value(key), version, delegated="airflow/task_id" in found
            )
            for key, found in metadata.items()
            if key.to_user_string() not in asked.get("unread", ())
        },
        "tries": {
            event.asset_key.to_user_string(): entry.value
            for event in events
            if event.asset_key and (entry := event.materialization.metadata.get("airflow/try_number"))
        },
        "failed": {str(step): str(error) for step, error in failures.items()},
    }


def main(project: str, package: str, version: str, runs: str) -> list[dict[str, Any]]:
    """The results of all runs, in one instance."""
    definitions = load(project, package)
    with dg.DagsterInstance.ephemeral() as instance:
        return [run(definitions, asked, version, instance) for asked in json.loads(runs)]


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        results = main(*sys.argv[1:])
    sys.stdout.write(json.dumps(results))
