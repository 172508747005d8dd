"""Runs small graphs in Dagster with dictated outcomes: their steps' states as JSON.

    DAGSTER_PYTHON outcomes_dagster.py CASES

``CASES`` is a JSON file: a list of ``{"name", "steps", "outcomes"}`` as ``tests.engines.test_outcomes`` writes them.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import dagster as dg
from dagster import (
    DependencyDefinition,
    DynamicOutput,
    GraphDefinition,
    MultiDependencyDefinition,
    OpDefinition,
    Output,
)
from dagster._core.definitions.dependency import DynamicCollectDependencyDefinition

late: list[bool] = []
SECONDS = 5  # that a run may take: one that waits for ever is "running"


def too_long(*_: object) -> None:
    """The alarm's handler. Dagster takes the error for one of the run."""
    late.append(True)
    raise TimeoutError


def op_of(row: dict[str, Any], outcomes: dict[str, Any]) -> OpDefinition:
    """An op that does what is dictated."""

    def compute(context, inputs):  # type: ignore[no-untyped-def] # Dagster reads the annotations
        index = context.get_mapping_key()
        does = outcomes["instances"].get(f"{row['id']}[{index or -1}]") or outcomes["tasks"].get(row["id"])
        does = does or {"ends": "success", "failures": 0, "chosen": None}
        if context.retry_number < does["failures"] or does["ends"] == "fail":
            raise ValueError("dictated")
        if does["ends"] == "fail_now":
            raise dg.Failure("dictated", allow_retries=False)
        if row["dynamic"]:
            for number in range(outcomes["items"].get(row["id"], 1)):
                yield DynamicOutput(number, mapping_key=str(number), output_name=row["outputs"][0])
            return
        for output in row["outputs"]:
            if does["ends"] != "skip" and (does["chosen"] is None or output in does["chosen"]):
                yield Output(1, output)

    inputs = [f"i{number}" for number in range(len(row["inputs"]))]
    inputs += ["maps"] * bool(row["maps"]) + ["collects"] * bool(row["collects"])
    out = dg.DynamicOut() if row["dynamic"] else dg.Out(is_required=not row["optional"])
    return OpDefinition(
        compute_fn=compute,
        name=row["id"],
        ins={name: dg.In() for name in inputs},
        outs=dict.fromkeys(row["outputs"], out),
        retry_policy=dg.RetryPolicy(max_retries=row["retries"]) if row["retries"] else None,
    )


def graph_of(case: dict[str, Any]) -> GraphDefinition:
    """The graph of a case."""
    first = {row["id"]: row["outputs"][0] for row in case["steps"]}

    def source(text: str) -> DependencyDefinition:
        name, _, output = text.partition(".")
        return DependencyDefinition(name, output or first[name])

    dependencies: dict[str, dict[str, Any]] = {}
    for row in case["steps"]:
        found = dependencies.setdefault(row["id"], {})
        for number, sources in enumerate(row["inputs"]):
            several = MultiDependencyDefinition([source(one) for one in sources])
            found[f"i{number}"] = several if len(sources) > 1 else source(sources[0])
        if row["maps"]:
            found["maps"] = source(row["maps"])
        if row["collects"]:
            found["collects"] = DynamicCollectDependencyDefinition(row["collects"], first[row["collects"]])
    return GraphDefinition(
        "graph", node_defs=[op_of(row, case["outcomes"]) for row in case["steps"]], dependencies=dependencies
    )


def run(case: dict[str, Any]) -> dict[str, Any]:
    """The states of a case's steps by their keys, and of the run."""
    with dg.DagsterInstance.ephemeral() as instance:
        late.clear()
        signal.alarm(SECONDS)
        result = graph_of(case).to_job(name="job").execute_in_process(instance=instance, raise_on_error=False)
        signal.alarm(0)
        if late:
            return {"name": case["name"], "states": {}, "tries": {}, "run": "running"}
        states: dict[str, str] = {}
        tries: dict[str, int] = {}
        for event in result.all_events:
            if event.step_key is None:
                continue
            for found, state in (
                ("is_step_success", "success"),
                ("is_step_failure", "failed"),
                ("is_step_skipped", "skipped"),
            ):
                if getattr(event, found):
                    states[event.step_key] = state
            tries[event.step_key] = tries.get(event.step_key, 0) + (event.is_step_start or event.is_step_restarted)
        return {
            "name": case["name"],
            "states": states,
            "tries": tries,
            "run": "success" if result.success else "failed",
        }


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, too_long)
    logging.disable()
    with redirect_stdout(sys.stderr):
        results = [run(case) for case in json.loads(Path(sys.argv[1]).read_text())]
    sys.stdout.write(json.dumps(results))
