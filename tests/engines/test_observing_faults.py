"""Observation when things go wrong: nothing is told twice, lost, or in the wrong place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engines.environments import Environment, with_dagport

PROGRAM = Path(__file__).with_name("inside") / "observing_faults.py"
EXPECTED = {
    "an_error_in_the_middle": ["500", 0, None, 5, 0],  # the tick fails, the cursor stays, then all five, once
    "a_crash_before_the_cursor_is_kept": [5, 0, 0, 5],
    "many_runs": [[50, 50, 50, 50, 50, 50, 20, 0], 320, 320],  # bounded work in each tick
    "a_deleted_run": [2, 0],
    "tasks_under_way": [1, 0, 0, 1],  # told while the run goes on, and not again when it has ended
    "runs_of_dagster_itself": [1, [True]],  # the step tells of its run; of one whose step died, the sensor does
    "a_task_without_an_asset": [0],
    "observers": [
        3,
        0,
        [f"{run} {kind}" for run in ("r0", "r1") for kind in ("RunStarted", "TaskEvent", "RunFinished")],
    ],
    "another_resource": [
        "The resource 'airflow' must be a RemoteAirflowResource: only a live Airflow runs DAGs, not object"
    ],
    "a_run_that_fits_nowhere": [3, [["2026-03-01", False], [None, True], ["2026-03-03", False]]],
}


@pytest.mark.engine
def test_faults(dagster_host: Environment) -> None:
    done = dagster_host.run([PROGRAM], env=with_dagport())
    assert json.loads(done.stdout[done.stdout.index("{") :]) == EXPECTED
