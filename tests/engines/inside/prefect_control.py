"""Runs flows of a folder in Prefect, one after the other: how their task runs and they themselves end, as JSON.

    PREFECT_PYTHON prefect_control.py FOLDER CASES

``CASES`` is a JSON file: a list of ``{"module", "flow", "outcomes"}``; the modules' tasks call ``stubs.act``.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from contextvars import ContextVar, copy_context
from pathlib import Path
from types import ModuleType
from typing import Any

from prefect import Task
from prefect.context import TaskRunContext
from prefect.testing.utilities import prefect_test_harness

DEFAULT = {"ends": "success", "failures": 0, "chosen": None, "truthy": True}
AT_ONCE = 4  # flows
INDEX: ContextVar[int] = ContextVar("INDEX", default=0)
OUTCOMES: ContextVar[dict[str, Any]] = ContextVar("OUTCOMES")
FUTURES: ContextVar[list[tuple[str, Any]]] = ContextVar("FUTURES")
SUBMIT = Task.submit


class Stubs(ModuleType):
    """What the tasks of the flows call."""

    def act(self, task: str, *, mapped: bool, gives: str) -> Any:
        """What the outcomes dictate to one try of one instance; the task raises what has a name of the engine's."""
        context = TaskRunContext.get()
        tries = context.task_run.run_count if context else 1
        does = OUTCOMES.get()["instances"].get(f"{task}[{INDEX.get()}]") if mapped else None
        does = does or OUTCOMES.get()["tasks"].get(task, DEFAULT)
        if tries <= does["failures"] or does["ends"] == "fail":
            raise ValueError("dictated")
        if does["ends"] in ("fail_now", "skip"):
            return does["ends"]
        if gives == "chosen":
            return does["chosen"]
        if gives == "truthy":
            return does["truthy"]
        return list(range(OUTCOMES.get()["items"].get(gives, 1))) if gives else INDEX.get()


def submit(self: Any, *args: Any, **kwargs: Any) -> Any:
    """``Task.submit``, which tells the task's body which of its runs it is, and keeps the future."""
    futures = FUTURES.get()
    INDEX.set(sum(name == self.name for name, _ in futures))
    future = SUBMIT(self, *args, **kwargs)
    futures.append((self.name, future))
    return future


def run(case: dict[str, Any]) -> dict[str, Any]:
    """The states of each task's runs, in the order in which they were submitted, and the flow's."""
    OUTCOMES.set(case["outcomes"])
    FUTURES.set([])
    state = getattr(importlib.import_module(case["module"]), case["flow"])(return_state=True)
    states: dict[str, list[str]] = {}
    for name, future in FUTURES.get():
        states.setdefault(name, []).append(shown(future.state))
    return {"states": states, "run": "success" if state.is_completed() else "failed", "message": str(state.message)}


def shown(state: Any) -> str:
    """A state in Airflow's words."""
    if state.is_pending():
        return "upstream_failed" if state.name == "NotReady" else str(state.name)
    if state.is_completed():
        return "skipped" if state.name == "Skipped" else "success"
    return "failed" if state.is_failed() else str(state.name)


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    sys.modules["stubs"] = Stubs("stubs")
    Task.submit = submit
    with redirect_stdout(sys.stderr), prefect_test_harness(server_startup_timeout=120):
        logging.disable()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            cases = json.loads(Path(sys.argv[2]).read_text())
            results = list(pool.map(lambda case: copy_context().run(run, case), cases))
    sys.stdout.write(json.dumps(results))
