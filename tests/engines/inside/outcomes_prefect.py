"""Runs small flows in Prefect with dictated outcomes: their task runs' states as JSON.

    PREFECT_PYTHON outcomes_prefect.py CASES

``CASES`` is a JSON file: a list of ``{"name", "calls", "outcomes", "returns", "how"}``.
"""

from __future__ import annotations

import json
import logging
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from prefect import allow_failure, flow, task
from prefect.context import TaskRunContext
from prefect.states import Completed
from prefect.testing.utilities import prefect_test_harness

DEFAULT = {"ends": "success", "failures": 0}


def run(case: dict[str, Any]) -> dict[str, Any]:  # noqa: C901 - a flow with all that is in it
    """The states of a case's task runs by their keys, how often they ran, and the flow's state."""
    outcomes, tries = case["outcomes"], dict[str, int]()
    futures: dict[str, Any] = {}
    feeds = {row["maps"]: row["id"] for row in case["calls"] if row["maps"]}

    def body(row: dict[str, Any], index: int) -> Any:
        key = f"{row['id']}[{index}]" if index >= 0 else row["id"]
        context = TaskRunContext.get()
        tries[key] = context.task_run.run_count if context else 0
        does = outcomes["instances"].get(key) or outcomes["tasks"].get(row["id"], DEFAULT)
        if tries[key] <= does["failures"] or does["ends"].startswith("fail"):
            raise ValueError("dictated")
        if does["ends"] == "skip":
            return Completed(name="Skipped", data=1)
        return list(range(outcomes["items"].get(feeds[row["id"]], 1))) if row["id"] in feeds and index < 0 else index

    def submit(row: dict[str, Any]) -> Any:
        values, waits = list[Any](), list[Any]()
        for name, taken in row["takes"]:
            given = futures[name] if isinstance(futures[name], list) else [futures[name]]
            if taken == "value":
                values += given
            else:
                waits += [allow_failure(one) for one in given] if taken == "allow_failure" else given

        def stub(index: int, item: Any, values: Any) -> Any:
            return body(row, index)

        called = task(stub, name=row["id"], retries=row["retries"], retry_delay_seconds=0)
        if row["maps"] is None:
            return called.submit(-1, None, values, wait_for=waits)
        source = futures[row["maps"]]
        if isinstance(source, list):
            return [called.submit(number, one, values, wait_for=waits) for number, one in enumerate(source)]
        given = source.result()  # what `map` does with a future of a list
        return [called.submit(number, one, values, wait_for=waits) for number, one in enumerate(given)]

    def flow_body() -> Any:
        for row in case["calls"]:
            futures[row["id"]] = submit(row)
        for made in futures.values():
            for one in made if isinstance(made, list) else [made]:
                one.wait()
        found = [futures[name] for name in case["returns"]]
        if case["how"] == "list":
            return [one for made in found for one in (made if isinstance(made, list) else [made])]
        return {"nested": found, "dict": dict(zip(case["returns"], found)), "nothing": None}[case["how"]]  # noqa: B905

    state = flow(flow_body, name="flow")(return_state=True)
    states: dict[str, str] = {}
    for name, made in futures.items():
        for number, one in enumerate(made) if isinstance(made, list) else [(-1, made)]:
            states[f"{name}[{number}]" if number >= 0 else name] = shown(one.state)
    return {
        "name": case["name"],
        "states": states,
        "tries": tries,
        "run": "success" if state.is_completed() else "failed",
    }


def shown(state: Any) -> str:
    """A state in Airflow's words."""
    if state.is_pending():
        return "upstream_failed" if state.name == "NotReady" else str(state.name)
    if state.is_completed():
        return "skipped" if state.name == "Skipped" else "success"
    return "failed"


if __name__ == "__main__":
    with redirect_stdout(sys.stderr), prefect_test_harness(server_startup_timeout=120):
        logging.disable()
        results = [run(case) for case in json.loads(Path(sys.argv[1]).read_text())]
    sys.stdout.write(json.dumps(results))
