"""Runs DAGs in real Airflow 3 and prints the state and the XComs of every task, as JSON.

    AIRFLOW_PYTHON run_airflow.py DAG_ID=LOGICAL_DATE...

``AIRFLOW_HOME`` must have a migrated database, and the files must lie in the DAGs folder.
"""

from __future__ import annotations

import contextlib
import json
import sys
from datetime import datetime
from typing import Any

from plain import plain  # its folder is the path of a script


def load() -> dict[str, Any]:
    """All DAGs of the DAGs folder, known to the database."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session

    bag = DagBag(bundle_name="testing")
    if bag.import_errors:
        raise SystemExit("\n".join(map(str, bag.import_errors.values())))
    with create_session() as session:
        session.merge(DagBundleModel(name="testing"))
    sync_bag_to_db(bag, "testing", None)
    return dict(bag.dags)


def run(dag: Any, logical_date: datetime) -> dict[str, Any]:
    """Run every task in this process, in order, as ``dag.test()`` does."""
    from airflow.models.xcom import XComModel
    from airflow.sdk.serde import deserialize
    from airflow.utils.session import create_session
    from sqlalchemy import select

    dag_run = dag.test(logical_date=logical_date)
    with create_session() as session:
        tasks: dict[str, dict[str, Any]] = {
            instance.task_id: {"state": str(instance.state), "xcom": {}}
            for instance in dag_run.get_task_instances(session=session)
        }
        rows = session.scalars(
            select(XComModel).where(XComModel.run_id == dag_run.run_id, XComModel.dag_id == dag.dag_id)
        )
        for row in rows:
            tasks[row.task_id]["xcom"][row.key] = plain(deserialize(row.value))
    return {"state": str(dag_run.state), "tasks": tasks}


def main(*wanted: str) -> dict[str, Any]:
    """The results by DAG."""
    dags, dates = load(), dict(argument.split("=") for argument in wanted)
    return {dag_id: run(dags[dag_id], datetime.fromisoformat(date)) for dag_id, date in dates.items()}


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        results = main(*sys.argv[1:])
    sys.stdout.write(json.dumps(results))
