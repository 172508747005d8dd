"""Run a project in Dagster and print what its tasks hand over: ``DAGSTER_PYTHON run_values.py FOLDER PACKAGE WORK``.

A copy of this file runs where dagport isn't. ``WORK`` is a JSON file, a list of ``[job, steps, moment]``, where
``steps`` says which task an op is of, and ``moment`` is the logical date. A line of JSON is printed for each.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
from contextlib import redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg

GATHERED = "_all"  # ends the name of what puts the instances of a mapped task together


def main(folder: str, package: str, work: str) -> None:
    """Run all jobs."""
    sys.path.insert(0, str(Path(folder) / "src"))
    logging.disable()
    out = sys.stdout
    with redirect_stdout(sys.stderr):
        definitions = importlib.import_module(f"{package}.definitions").defs()
        for name, steps, moment in json.loads(Path(work).read_text("utf-8")):
            values = run(definitions.get_job_def(name), steps, datetime.fromisoformat(moment))
            out.write(json.dumps(values, default=repr) + "\n")
            out.flush()


def run(job: Any, steps: dict[str, str], moment: datetime) -> dict[str, Any]:
    """The value of each task that has one; a list of what is mapped."""
    key = job.partitions_def.get_partition_key_for_timestamp(moment.timestamp()) if job.partitions_def else None
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, partition_key=key, raise_on_error=False)
    values: dict[str, Any] = {}
    for handle, value in result._output_capture.items():  # of all steps, those of graphs too
        name = handle.step_key.rpartition(".")[2].partition("[")[0]
        gathered = steps.get(name.removesuffix(GATHERED)) if name not in steps else None
        ended = hasattr(value, "each") and hasattr(value, "state")
        if gathered is not None and ended and value.instances is not None:
            values[gathered] = value.result
        elif name in steps and "[" not in handle.step_key and (not ended or value.state == "success"):
            values[steps[name]] = value.result if ended else value
    return values


if __name__ == "__main__":
    main(*sys.argv[1:4])
