"""Runs jobs of a generated Dagster project and prints what every asset returned, as JSON.

    DAGSTER_PYTHON run_dagster.py PROJECT PACKAGE DAY JOB...

A job with partitions runs for the first one of the day. An asset that failed has the error's text under "failed".
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

import dagster as dg
from load_dagster import load  # its folder is the path of a script
from plain import plain

DATES = ("airflow/logical_date", "airflow/data_interval_start", "airflow/data_interval_end")


def run(job: dg.JobDefinition, day: str) -> dict[str, Any]:
    """Run a job in this process, with an instance that lasts as long as the run."""
    keys = job.partitions_def.get_partition_keys() if job.partitions_def else []
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            instance=instance,
            partition_key=next(key for key in keys if key.startswith(day)) if keys else None,
            tags={} if keys else dict.fromkeys(DATES, f"{day}T00:00:00+00:00"),
            raise_on_error=False,
        )
        done = [event.asset_key for event in result.get_asset_materialization_events() if event.asset_key]
        failures = [event for event in result.all_events if event.is_step_failure and not could_not_run(event)]
        return {
            "assets": {key.to_user_string(): plain(result.asset_value(key)) for key in done},
            "failed": {
                key.to_user_string(): str(event.step_failure_data.error)
                for event in failures
                for key in job.asset_layer.get_selected_entity_keys_for_node(event.node_handle)
                if event.node_handle.parent is None or event.step_key.endswith(f"__{key.path[-1]}")
            },
            "ops": dict(ended(result)),
        }


def could_not_run(event: dg.DagsterEvent) -> bool:
    """Whether a step has failed since a task before it has, which Airflow calls upstream_failed."""
    failure = event.step_failure_data.user_failure_data
    said = failure.metadata.get("state") if failure else None
    return said is not None and said.value == "upstream_failed"


def ended(result: dg.ExecuteInProcessResult) -> Iterator[tuple[str, tuple[str, Any]]]:
    """How the tasks have ended that are ops of a graph and aren't mapped, by their paths: the state and the value."""
    for event in result.all_events:
        if event.is_successful_output and event.event_specific_data.output_name == "ended" and event.node_handle:
            path = ".".join(event.node_handle.path)
            found = result.output_for_node(path, "ended")
            if not isinstance(found, dict):  # a dict has the instances of a mapped task
                yield path, (found.state, plain(found.value))


def main(project: str, package: str, day: str, *jobs: str) -> dict[str, Any]:
    """The results by job."""
    definitions = load(project, package)
    return {name: run(definitions.resolve_job_def(name), day) for name in jobs}


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        results = main(*sys.argv[1:])
    sys.stdout.write(json.dumps(results))
