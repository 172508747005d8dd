"""Run a project of stubs in Prefect: ``PREFECT_PYTHON run_stubs.py FOLDER PACKAGE WORK``, a copy of this file.

``WORK`` is a JSON file, a list of ``[module:flow, steps, cases]``, where ``steps`` says which task of the source a task
is. A line of JSON is printed for each case: ``[states of the tasks, run]``; the states of a task are a list.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from prefect import tasks
from prefect.testing.utilities import prefect_test_harness

dagport_stubs: Any = importlib.import_module("dagport_stubs")  # it lies beside this copy
submitted: list[tuple[str, Any]] = []
SUBMIT = tasks.Task.submit


def submit(task: Any, *args: Any, **kwargs: Any) -> Any:
    """Submit a task, and remember its future."""
    future = SUBMIT(task, *args, **kwargs)
    submitted.append((task.name, future))
    return future


def main(folder: str, package: str, work: str) -> None:
    """Run all cases."""
    sys.path.insert(0, str(Path(folder) / "src"))
    dagport_stubs.package = package
    tasks.Task.submit = submit
    out = sys.stdout
    with redirect_stdout(sys.stderr), prefect_test_harness(server_startup_timeout=120):
        logging.disable()
        for entry, steps, cases in json.loads(Path(work).read_text("utf-8")):
            module, _, name = entry.partition(":")
            flow = getattr(importlib.import_module(module), name)
            for case in cases:
                out.write(json.dumps(run(flow, steps, case)) + "\n")
                out.flush()


def run(flow: Any, steps: dict[str, str], case: dict[str, Any]) -> list[Any]:
    """One case."""
    dagport_stubs.begin(case)
    submitted.clear()
    state = flow(return_state=True)
    states: dict[str, list[str]] = {}
    for name, future in submitted:
        future.wait()
        if name in steps:
            states.setdefault(steps[name], []).append(shown(future.state))
    return [states, "success" if state.is_completed() else "failed"]


def shown(state: Any) -> str:
    """A state in Airflow's words."""
    if state.is_pending():
        return "upstream_failed" if state.name == "NotReady" else str(state.name)
    if state.is_completed():
        return "skipped" if state.name == "Skipped" else "success"
    return "failed"


if __name__ == "__main__":
    main(*sys.argv[1:4])
