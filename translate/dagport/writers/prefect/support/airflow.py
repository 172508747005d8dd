"""Runs the tasks that aren't moved yet in their own Airflow.

`DAGPORT_AIRFLOW_PYTHON` is the Python of an environment that has Airflow, `DAGPORT_AIRFLOW_DAGS` its folder of DAG
files. For an Airflow that runs elsewhere, have `airflow` return a `RemoteAirflow`.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from prefect.states import Pending

from dagport.writers.common.support.rules import Skip
from dagport_adapters.prefect.delegation import Ended, run_tasks
from dagport_adapters.runners import LocalAirflow, Runner


@cache
def airflow() -> Runner:
    """The Airflow that runs them."""
    found = LocalAirflow(python=os.environ["DAGPORT_AIRFLOW_PYTHON"], dags=os.environ["DAGPORT_AIRFLOW_DAGS"])
    atexit.register(found.close)
    return found


def run_in_airflow(dag_id: str, task_id: str, **handed: Any) -> Any:
    """Have Airflow run a task; it ends as Airflow says, and hands over its results by key."""
    return end_as_in_airflow(run_region_in_airflow(dag_id, [task_id], **handed), task_id)


def run_region_in_airflow(dag_id: str, task_ids: list[str], **handed: Any) -> Mapping[str, Ended]:
    """Have Airflow run some tasks together: how each of them has ended. See `dagport_adapters.prefect.delegation`."""
    ended: Mapping[str, Ended] = run_tasks(airflow(), dag_id, task_ids, **handed)
    return ended


def end_as_in_airflow(region: Mapping[str, Ended], task_id: str) -> Any:
    """End as a task has ended in Airflow, with its results by key."""
    ended = region[task_id]
    if ended.state == "skipped":
        raise Skip(ended.message)
    if ended.state == "upstream_failed":
        return Pending(name="NotReady", message=ended.message)
    if ended.state != "success":
        raise RuntimeError(ended.message)
    return ended.results
