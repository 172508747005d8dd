"""Runs the DAGs of the DAGs folder by ``DAG.test``, one after the other; the provider's events go where it is told.

No server can be reached, and none is waited for. Their default schema is ``public``, as new ones have it.
"""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

from airflow.dag_processing.dagbag import DagBag
from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.providers.ssh.hooks.ssh import SSHHook
from airflow.sdk.definitions import dag as dag_module
from airflow.sdk.lineage import get_hook_lineage_collector


def unreachable(*arguments: Any, **named: Any) -> NoReturn:
    raise ConnectionError("there is no server")


def run_task(*arguments: Any, **named: Any) -> Any:
    """Runs a task with nothing left of what the hooks of others reported: elsewhere each has a process of its own."""
    get_hook_lineage_collector.cache_clear()
    return original(*arguments, **named)


original = dag_module._run_task


def main() -> None:
    dag_module._run_task = run_task
    for hook in (RedshiftSQLHook, PostgresHook):
        hook.get_openlineage_default_schema = lambda self: "public"
    for hook in (RedshiftSQLHook, SSHHook):
        hook.get_conn = unreachable
    folder = os.environ["AIRFLOW__CORE__DAGS_FOLDER"]
    sys.path.append(folder)  # as in all processes of an Airflow
    bag = DagBag(folder)
    if bag.import_errors:
        raise SystemExit(str(bag.import_errors))
    for dag_id in sorted(bag.dags):
        bag.dags[dag_id].test()


if __name__ == "__main__":
    main()
