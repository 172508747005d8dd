"""What lineage costs a running pipeline, while the catalogue takes events, hangs, refuses connections or isn't there.

    python -m benchmarks.delivery [--events N] [--runs N | --smoke]

A pipeline is a process of its own that computes for about two milliseconds between two events. It runs without
lineage, and with it in each of the situations, taking turns; the medians are compared. ``--smoke`` has 100 events, and
fails when an event costs more than ``BUDGET`` milliseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from tests.engines.environments import clean_variables
from tests.lineage.delivery.receiver import Receiver, receiver

from dagport_lineage.runs.emitter import Emitter, open_emitter

BUDGET = 50.0  # milliseconds an event
ROUNDS = 20_000  # of the work between two events
PLAIN = "without lineage"


def pipeline(events: int) -> dict[str, float]:
    """Work, and tell of it: milliseconds of all of it, of the slowest event, and of the end."""
    emitter = open_emitter(engine="benchmark", engine_version="1")
    slowest, start = 0.0, time.perf_counter()
    dag = emitter.dag_run("shop", datetime(2026, 1, 1, tzinfo=UTC))
    for number in range(events // 2):
        slowest = max(slowest, _task(emitter, dag, number))
    work = time.perf_counter() - start
    emitter.close()
    end = time.perf_counter() - start - work
    return {"work": work * 1000, "slowest": slowest * 1000, "end": end * 1000}


def _task(emitter: Emitter, dag: object, number: int) -> float:
    task = emitter.task_run(dag, f"task_{number}")  # type: ignore[arg-type]
    slowest = 0.0
    for emit in (task.start, task.complete):
        sum(one * one for one in range(ROUNDS))
        start = time.perf_counter()
        emit()
        slowest = max(slowest, time.perf_counter() - start)
    return slowest


def situations(up: Receiver, hanging: Receiver) -> dict[str, dict[str, str]]:
    """The variables of each situation."""
    hanging.behaviour = "hang"
    return {
        PLAIN: {"OPENLINEAGE_DISABLED": "true"},
        "spool alone": {},
        "catalogue up": {"OPENLINEAGE_URL": up.url},
        "catalogue hangs": {"OPENLINEAGE_URL": hanging.url},
        "catalogue down": {"OPENLINEAGE_URL": "http://127.0.0.1:9"},
    }


def measured(events: int, runs: int, variables: Mapping[str, str]) -> dict[str, list[dict[str, float]]]:
    """What the pipelines said, by situation."""
    found: dict[str, list[dict[str, float]]] = {}
    command = [sys.executable, "-m", "benchmarks.delivery", "--events", str(events), "--pipeline"]
    with receiver() as up, receiver() as hanging:
        for _ in range(runs):
            for name, more in situations(up, hanging).items():
                with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as spool:
                    environment = {**variables, **more, "DAGPORT_SPOOL_DIR": spool}
                    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
                found.setdefault(name, []).append(json.loads(done.stdout))
    return found


def costs(events: int, found: Mapping[str, list[dict[str, float]]]) -> dict[str, float]:
    """Milliseconds that an event adds to the work of the pipeline, by situation."""
    plain = median(one["work"] for one in found[PLAIN])
    return {name: (median(one["work"] for one in runs) - plain) / events for name, runs in found.items()}


def table(events: int, found: Mapping[str, list[dict[str, float]]]) -> str:
    """The medians of all situations, and how they compare with no lineage."""
    plain = median(one["work"] for one in found[PLAIN])
    rows = [
        f"{f'{events} events':20} {'work ms':>9} {'ratio':>6} {'ms an event':>12} {'slowest event':>14} {'end ms':>8}"
    ]
    for name, runs in found.items():
        work, slowest, end = (median(one[key] for one in runs) for key in ("work", "slowest", "end"))
        added = costs(events, found)[name]
        rows.append(f"{name:20} {work:9.0f} {work / plain:6.2f} {added:12.3f} {slowest:14.2f} {end:8.0f}")
    return "\n".join(rows)


def main() -> None:
    """Measure and print; as a pipeline, work and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--pipeline", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.pipeline:
        print(json.dumps(pipeline(given.events)))
        return
    events, runs = (100, 1) if given.smoke else (given.events, given.runs)
    found = measured(events, runs, {**clean_variables(), "PYTHONPATH": str(Path(__file__).parents[1])})
    print(table(events, found))
    worst = max(costs(events, found).values())
    if worst > BUDGET:
        sys.exit(f"an event costs {worst:.1f} ms, more than {BUDGET:g}")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    main()
