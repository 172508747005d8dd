"""What a folder's DAGs are in this Airflow (2 or 3), as JSON: tasks, edges, rules, and the first runs of each.

AIRFLOW_PYTHON upgraded.py FOLDER
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import Any

import pendulum
from airflow.timetables.base import TimeRestriction

RUNS = 6
FIRST = pendulum.datetime(2026, 3, 27, 5, 30)  # before a day on which clocks change


def bag(folder: str) -> Any:
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        from airflow.models.dagbag import DagBag
    names = inspect.signature(DagBag).parameters
    given = {"bundle_path": Path(folder), "bundle_name": "x", "include_examples": False, "safe_mode": False}
    return DagBag(folder, **{name: value for name, value in given.items() if name in names})


def timetable(dag: Any) -> Any:
    """The scheduler's own: in Airflow 3 the DAG file has another one."""
    try:
        from airflow.serialization.serialized_objects import DagSerialization as Codec
    except ImportError:
        return dag.timetable
    return Codec.deserialize_dag(Codec.serialize_dag(dag)).timetable


def runs(dag: Any) -> list[list[str]]:
    """Start, logical date and interval of the first runs after a moment: what `ds` and the interval are made of."""
    if not type(dag.timetable).__module__.startswith(("airflow.timetables.", "airflow.sdk.")):
        return [[type(dag.timetable).__name__]]  # of a plugin that isn't registered here
    table, last, found = timetable(dag), None, []
    if not table.can_be_scheduled or type(table).__name__ in ("ContinuousTimetable", "OnceTimetable"):
        return [[type(table).__name__.replace("Dataset", "Asset")]]
    restriction = TimeRestriction(earliest=FIRST, latest=FIRST.add(years=3), catchup=True)
    for _ in range(RUNS):
        info = table.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        if info is None:
            break
        last = info.data_interval
        moments = (info.run_after, info.logical_date, last.start, last.end)
        found.append([moment.in_timezone("UTC").isoformat() for moment in moments])
    return found


def timed(dag: Any) -> bool:
    """Whether it has runs of its own, by the clock: else catching up means nothing."""
    return not any(word in type(dag.timetable).__name__ for word in ("Null", "Once", "Continuous", "Triggered"))


def told(dag: Any) -> dict[str, Any]:
    return {
        "tasks": {
            task.task_id: {
                "class": type(task).__name__,
                "downstream": sorted(task.downstream_task_ids),
                "rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
                "retries": task.retries,
                "at once": task.max_active_tis_per_dag,
            }
            for task in dag.tasks
        },
        "runs": runs(dag),
        "catchup": dag.catchup if timed(dag) else None,
        "at once": [dag.max_active_tasks, dag.max_active_runs],
        "tags": sorted(dag.tags),
        "start": str(dag.start_date),
    }


if __name__ == "__main__":
    found = bag(sys.argv[1])
    errors = {Path(file).name: str(text).strip().splitlines()[-1] for file, text in found.import_errors.items()}
    dags = {one: told(dag) for one, dag in found.dags.items()}
    sys.stdout.write("RESULT" + json.dumps({"dags": dags, "errors": errors}))
