"""Run a project in Prefect and print what its tasks hand over: ``PREFECT_PYTHON run_values.py FOLDER PACKAGE WORK``.

A copy of this file runs where dagport isn't. ``WORK`` is a JSON file, a list of ``[module:flow, steps, moment]``, where
``steps`` says which task of the source a task is, and ``moment`` is the logical date. A line of JSON is printed for
each.
"""

from __future__ import annotations

import importlib
import inspect
import json
import logging
import sys
from contextlib import redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any

from prefect import tasks
from prefect.testing.utilities import prefect_test_harness

submitted: list[tuple[str, Any]] = []
SUBMIT = tasks.Task.submit


def submit(task: Any, *args: Any, **kwargs: Any) -> Any:
    """Submit a task, and remember its future."""
    future = SUBMIT(task, *args, **kwargs)
    submitted.append((task.name, future))
    return future


def main(folder: str, package: str, work: str) -> None:
    """Run all flows."""
    sys.path.insert(0, str(Path(folder) / "src"))
    tasks.Task.submit = submit
    out = sys.stdout
    with redirect_stdout(sys.stderr), prefect_test_harness(server_startup_timeout=120):
        logging.disable()
        for entry, steps, moment in json.loads(Path(work).read_text("utf-8")):
            module, _, name = entry.partition(":")
            flow = getattr(importlib.import_module(module), name)
            out.write(json.dumps(run(flow, steps, datetime.fromisoformat(moment)), default=repr) + "\n")
            out.flush()


def run(flow: Any, steps: dict[str, Any], moment: datetime) -> dict[str, Any]:
    """The value of each task that has one; a list of what is mapped."""
    submitted.clear()
    given = {"logical_date": moment} if "logical_date" in inspect.signature(flow.fn).parameters else {}
    flow(**given, return_state=True)
    values: dict[str, Any] = {}
    for name, future in submitted:
        future.wait()
        task, several = steps.get(name, (None, False))
        if task is None or not future.state.is_completed() or future.state.name == "Skipped":
            continue
        value = future.state.result(raise_on_failure=False)
        if several:
            values.setdefault(task, []).append(value)
        else:
            values[task] = value
    return values


if __name__ == "__main__":
    main(*sys.argv[1:4])
