"""Runs jobs of a generated Dagster project and prints how their steps have ended, as JSON.

    DAGSTER_PYTHON run_control.py PROJECT PACKAGE JOB...

Of each job: the run's state, and of each step what its events say. The instance lasts as long as the run.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from contextlib import redirect_stdout
from typing import Any

import dagster as dg
from load_dagster import load  # its folder is the path of a script

SECONDS = 20  # that a run may take


def too_long(*_: object) -> None:
    """The alarm's handler: nobody would say which run it was."""
    os.write(2, b"a run never ends\n")
    os._exit(3)


def run(job: dg.JobDefinition) -> dict[str, Any]:
    """Run a job in this process."""
    signal.alarm(SECONDS)
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        steps: dict[str, dict[str, Any]] = {}
        for event in result.all_events:
            if event.step_key:
                note(steps.setdefault(event.step_key.rpartition(".")[2], {}), event)
    signal.alarm(0)
    return {"success": result.success, "steps": steps}


def note(step: dict[str, Any], event: dg.DagsterEvent) -> None:
    """What an event says about its step."""
    kind = event.event_type_value
    data: Any = event.event_specific_data
    if kind == "STEP_OUTPUT" and "state" in data.metadata:
        step["said"] = data.metadata["state"].value
    elif kind == "ASSET_OBSERVATION":
        step["said"] = data.asset_observation.metadata["state"].value
    elif kind == "STEP_FAILURE":
        failure = data.user_failure_data
        said = failure.metadata.get("state") if failure else None
        step["ended"] = said.value if said else "failed"
        step["error"] = str(data.error)[:400]
    elif kind == "STEP_SKIPPED":
        step["ended"] = "skipped"
    elif kind == "STEP_SUCCESS":
        step.setdefault("ended", "success")
    elif kind == "ASSET_MATERIALIZATION":
        step["made"] = True


def main(project: str, package: str, *jobs: str) -> dict[str, Any]:
    """The results by job."""
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGALRM, too_long)
    definitions = load(project, package)
    return {name: run(definitions.resolve_job_def(name)) for name in jobs}


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        results = main(*sys.argv[1:])
    sys.stdout.write(json.dumps(results))
