"""Settings: tags, pools, timeouts, limits, assets, a database, schedules in a time zone, names that collide."""

from datetime import timedelta

import pendulum
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, task

with DAG(
    "settled",
    description="Many settings",
    schedule="15 3 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Paris"),
    catchup=False,
    max_active_runs=2,
    max_active_tasks=3,
    dagrun_timeout=timedelta(hours=1),
    tags=["etl", "sales"],
    default_args={"owner": "data", "retries": 1, "retry_delay": timedelta(seconds=1)},
) as dag:
    """Not a docstring."""
    rows = SQLExecuteQueryOperator(task_id="rows", conn_id="warehouse", sql="SELECT 1, 'a'")

    @task(outlets=[Asset("file://tmp/report.csv")], pool="reports", execution_timeout=timedelta(seconds=30))
    def flow(found: list) -> str:
        """Write the report."""
        return str(found)

    @task(task_id="print", doc_md="Says something.")
    def say(text):
        return text

    text = flow(rows.output)
    say(text)
    BashOperator(task_id="a.b", bash_command="echo dot")
    BashOperator(task_id="a_b", bash_command="echo underscore")
    BashOperator(task_id="2nd", bash_command="echo {{ run_id }} {{ ti.try_number }}")
