"""Run a project of stubs in Dagster: ``DAGSTER_PYTHON run_stubs.py FOLDER PACKAGE WORK``, a copy of this file.

``WORK`` is a JSON file, a list of ``[job, steps, cases]``, where ``steps`` says which task an op is of. A line of JSON
is printed for each case: ``[states of the tasks, run]``; the states of what is mapped are a dict by index.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import dagster as dg

dagport_stubs: Any = importlib.import_module("dagport_stubs")  # it lies beside this copy

GATHERED = "_all"  # ends the name of what puts the instances of a mapped task together
NOT_RUN = "not run"  # skipped, or upstream_failed: an asset without a value doesn't say


def main(folder: str, package: str, work: str) -> None:
    """Run all cases."""
    sys.path.insert(0, str(Path(folder) / "src"))
    dagport_stubs.package = package
    for file in (Path(folder) / "src").rglob("*.py"):
        for name in re.findall(r'EnvVar\("(\w+)"\)', file.read_text("utf-8")):
            os.environ.setdefault(name, "sqlite://")  # nothing is connected to
    logging.disable()
    out = sys.stdout
    with redirect_stdout(sys.stderr):
        definitions = importlib.import_module(f"{package}.definitions").defs()
        for name, steps, cases in json.loads(Path(work).read_text("utf-8")):
            job = definitions.get_job_def(name)
            for case in cases:
                out.write(json.dumps(run(job, steps, case)) + "\n")
                out.flush()


def run(job: Any, steps: dict[str, str], case: dict[str, Any]) -> list[Any]:
    """One case."""
    dagport_stubs.begin(case)
    partitions = job.partitions_def
    key = partitions.get_last_partition_key() or partitions.get_first_partition_key() if partitions else None
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, partition_key=key, raise_on_error=False)
    found: dict[str, str] = {}
    for event in result.all_events:
        if event.step_key is not None and (state := state_of(event)) is not None:
            if state != "nothing" and found.get(event.step_key, "success") == "success":
                found[event.step_key] = state
            found.setdefault(event.step_key, state)
    states: dict[str, Any] = {}
    wholes: dict[str, str] = {}
    for step, state in found.items():
        name, _, index = step.rpartition(".")[2].partition("[")
        task = steps.get(name)
        gathered = steps.get(name.removesuffix(GATHERED))
        if task is not None:
            told = dagport_stubs.ended.get(task, NOT_RUN) if state == "nothing" else state
            if index:
                states.setdefault(task, {})[index.rstrip("]")] = told
            else:
                states[task] = told
        elif name.endswith(GATHERED) and gathered is not None:
            wholes[gathered] = NOT_RUN if state == "nothing" else state
    return [{**wholes, **states}, "success" if result.success else "failed"]


def state_of(event: Any) -> str | None:
    """What an event says about how its task has ended; "nothing": well, and without a result so far."""
    if event.is_step_failure:
        data = event.step_failure_data.user_failure_data
        state = data.metadata.get("state") if data is not None else None
        return state.value if state is not None else "failed"
    if event.is_step_skipped:
        return "skipped"
    if event.is_successful_output:
        state = (event.event_specific_data.metadata or {}).get("state")
        return state.value if state is not None else "success"
    return "nothing" if event.is_step_success else None


if __name__ == "__main__":
    main(*sys.argv[1:4])
