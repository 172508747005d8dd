"""What the sensors of a generated project ask for after each of some runs, and the dates that runs see.

    DAGSTER_PYTHON dagster_updates.py PROJECT STEPS

``STEPS`` is ``{"sensors": [name, ...], "runs": [[job, tags, partition?], ...]}``: before and after each run all sensors
look. The answer has ``asked``: for each look the number of runs that each sensor asks for, ``values``: what each run's
last task returned, and ``ended``: whether the run succeeded. At the end they look while the jobs of ``running`` run.
"""

from __future__ import annotations

import importlib
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import dagster as dg


def main(project: str, steps: dict[str, Any]) -> dict[str, Any]:
    """Run the jobs one after the other, in one instance."""
    sys.path.insert(0, str(Path(project) / "src"))
    definitions = importlib.import_module("pipelines.definitions").defs()
    repository = definitions.get_repository_def()
    sensors = {name: repository.get_sensor_def(name) for name in steps["sensors"]}
    cursors: dict[str, str | None] = dict.fromkeys(sensors)
    asked, values, ended = [], [], []
    with dg.DagsterInstance.ephemeral() as instance:

        def look() -> dict[str, int]:
            found = {}
            for job, sensor in sensors.items():
                context = dg.build_sensor_context(instance=instance, cursor=cursors[job], repository_def=repository)
                result = sensor.evaluate_tick(context)
                cursors[job] = result.cursor
                found[job] = len(result.run_requests)
            return found

        asked.append(look())
        for job, tags, *key in steps["runs"]:
            result = definitions.resolve_job_def(job).execute_in_process(
                instance=instance, tags=tags, raise_on_error=False, partition_key=key[0] if key else None
            )
            ended.append(result.success)
            events = result.get_asset_materialization_events()
            values.append(result.asset_value(events[-1].asset_key) if events else None)
            asked.append(look())
        for job in steps.get("running", ()):
            instance.create_run_for_job(definitions.resolve_job_def(job), status=dg.DagsterRunStatus.STARTED)
        asked.append(look())
    return {"asked": asked, "values": values, "ended": ended}


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        answer = main(sys.argv[1], json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps(answer))
