"""Prints, for a project and some ticks, the dates that a run of each scheduled job sees.

    DAGSTER_PYTHON inside_ticks.py PROJECT TICKS

``TICKS`` is ``{job: [moment, ...]}`` as JSON; the result ``{job: [[partition, {key: value}], ...]}`` has what the
job's only asset returned.
"""

from __future__ import annotations

import datetime
import importlib
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import dagster as dg


def run(project: str, ticks: dict[str, list[str]]) -> dict[str, Any]:
    """Evaluate the schedules at the ticks, and run what they ask for."""
    sys.path.insert(0, str(Path(project) / "src"))
    definitions = importlib.import_module("pipelines.definitions").defs()
    return {job: [evaluate(definitions, job, tick) for tick in moments] for job, moments in ticks.items()}


def evaluate(definitions: dg.Definitions, job: str, tick: str) -> Any:
    """The partition that a schedule asks for at a tick, and what the asset returns in its run."""
    repository = definitions.get_repository_def()
    schedule = definitions.resolve_schedule_def(f"{job}_schedule")
    moment = datetime.datetime.fromisoformat(tick)
    context = dg.build_schedule_context(scheduled_execution_time=moment, repository_def=repository)
    (request,) = list(schedule.evaluate_tick(context).run_requests or [])
    with dg.DagsterInstance.ephemeral() as instance:
        found = definitions.resolve_job_def(job)
        result = found.execute_in_process(instance=instance, partition_key=request.partition_key)
        (event,) = result.get_asset_materialization_events()
        return [request.partition_key, result.asset_value(event.asset_key)]


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        found = run(sys.argv[1], json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps(found))
