"""What the tasks of a project of stubs are dictated to do, one case after the other, in one process.

``dagport verify --engine`` copies this file beside the project: where it runs, dagport isn't.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections import Counter
from typing import Any

case: dict[str, Any] = {}
tries: Counter[str] = Counter()
ended: dict[str, str] = {}  # of what has been called
package = ""


def begin(next_case: dict[str, Any]) -> None:
    """Take up the next case."""
    case.clear()
    case.update(next_case)
    tries.clear()
    ended.clear()


def does(task: str) -> Any:
    """End as is dictated: return a result, skip, or fail."""
    tries[task] += 1
    said = case["tasks"].get(task, {"ends": "success", "failures": 0})
    ended[task] = "failed"
    if said["ends"] == "fail_now":
        raise _for_good()
    if said["ends"] == "fail" or tries[task] <= said["failures"]:
        raise RuntimeError("dictated")
    if said["ends"] == "skip":
        ended[task] = "skipped"
        raise importlib.import_module(f"{package}.rules").Skip("dictated")
    ended[task] = "success"
    return case["results"].get(task, 1)


def outputs(task: str) -> Any:
    """The output of a Dagster asset that may have none."""
    if case["tasks"].get(task, {}).get("ends") != "skip":
        yield importlib.import_module("dagster").Output(does(task))


def items(task: str, names: list[str]) -> list[dict[str, Any]]:
    """What a Dagster task is expanded over."""
    return [dict.fromkeys(names, number) for number in range(case["items"].get(task, 1))]


def _for_good() -> Exception:
    """A failure after which there are no more tries: Dagster's own, or that of a project for Prefect."""
    error: Exception
    if importlib.util.find_spec("dagster") is not None:
        error = importlib.import_module("dagster").Failure("dictated", allow_retries=False)
    else:
        error = importlib.import_module(f"{package}.control").PermanentFailure("dictated")
    return error
