"""Runs a job of a generated project, and evaluates its sensors on runs that have failed or succeeded.

    DAGSTER_PYTHON dagster_callbacks.py PROJECT JOB

The user's functions print; the answer has what they printed, line by line.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import dagster as dg


def main(project: str, job: str) -> list[str]:
    """Run the job, then look at its end."""
    sys.path.insert(0, str(Path(project) / "src"))
    definitions = importlib.import_module("pipelines.definitions").defs()
    repository = definitions.get_repository_def()
    printed = io.StringIO()
    with dg.DagsterInstance.ephemeral() as instance, redirect_stdout(printed):
        result = definitions.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=False)
        names = {True: f"{job}_on_success", False: f"{job}_on_failure"}
        for sensor in repository.sensor_defs:
            if sensor.name == names[result.success]:
                sensor(context_of(result, sensor.name, instance))
    return printed.getvalue().splitlines()


def context_of(result: Any, sensor: str, instance: Any) -> Any:
    """What a sensor is given for a run that has ended."""
    kind = dg.DagsterEventType.PIPELINE_SUCCESS if result.success else dg.DagsterEventType.PIPELINE_FAILURE
    [event] = [event for event in result.all_events if event.event_type == kind]
    context = dg.build_run_status_sensor_context(
        sensor_name=sensor, dagster_instance=instance, dagster_run=result.dagster_run, dagster_event=event
    )
    return context if result.success else context.for_run_failure()


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        answers = {job: main(sys.argv[1], job) for job in sys.argv[2:]}
    sys.stdout.write(json.dumps(answers))
