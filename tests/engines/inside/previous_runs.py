"""Asks Airflow's ``PrevDagrunDep`` of every task instance in its database: what it says, as JSON.

AIRFLOW_PYTHON previous_runs.py FILE
"""

from __future__ import annotations

import json
import runpy
import sys
from contextlib import redirect_stdout
from typing import Any

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.settings import Session
from airflow.ti_deps.dep_context import DepContext
from airflow.ti_deps.deps.prev_dagrun_dep import PrevDagrunDep


def main(file: str) -> list[list[Any]]:
    """DAG, run, task, and whether the runs before let it run."""
    dags = {one.dag_id: one for one in runpy.run_path(file).values() if hasattr(one, "dag_id")}
    session, found = Session(), []
    for run in session.query(DagRun).order_by(DagRun.id):
        for instance in session.query(TaskInstance).filter_by(dag_id=run.dag_id, run_id=run.run_id):
            instance.task = dags[run.dag_id].get_task(instance.task_id)
            met = PrevDagrunDep().is_met(ti=instance, dep_context=DepContext(), session=session)
            found.append([run.dag_id, run.run_id, instance.task_id, met])
    return found


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        answer = main(sys.argv[1])
    sys.stdout.write(json.dumps(answer))
