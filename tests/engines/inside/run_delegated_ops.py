"""Runs jobs of a generated Dagster project in which Airflow runs single ops; prints how their steps ended, as JSON.

    DAGSTER_PYTHON run_delegated_ops.py PROJECT PACKAGE RUNS

``RUNS`` is a JSON list of ``{"job", "partition"}``. Of each: the run's state, what the events of each step say, and
the values of the assets that were made.
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from typing import Any

import dagster as dg
from load_dagster import load  # its folder is the path of a script
from run_control import note


def run(job: dg.JobDefinition, partition: str | None, instance: dg.DagsterInstance) -> dict[str, Any]:
    """Run a job in this process."""
    result = job.execute_in_process(instance=instance, partition_key=partition, raise_on_error=False)
    steps: dict[str, dict[str, Any]] = {}
    for event in result.all_events:
        if event.step_key:
            note(steps.setdefault(event.step_key.rpartition(".")[2], {}), event)
    keys = [event.asset_key for event in result.get_asset_materialization_events() if event.asset_key]
    made = {key.path[-1]: result.asset_value(key) for key in keys}
    return {"run_id": result.run_id, "success": result.success, "steps": steps, "made": made}


def main(project: str, package: str, runs: str) -> list[dict[str, Any]]:
    """The results of all runs, in one instance."""
    definitions = load(project, package)
    with dg.DagsterInstance.ephemeral() as instance:
        return [
            run(definitions.resolve_job_def(one["job"]), one.get("partition"), instance) for one in json.loads(runs)
        ]


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        results = main(*sys.argv[1:])
    sys.stdout.write(json.dumps(results))
