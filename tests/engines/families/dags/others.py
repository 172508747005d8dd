"""Tasks on platforms whose providers the tests don't install: a program and a workspace of our own answer."""

from datetime import datetime

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.databricks.operators.databricks import DatabricksRunNowOperator, DatabricksSubmitRunOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG("others", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False):
    SparkSubmitOperator(
        task_id="spark",
        application="/jobs/sum.py",
        conf={"spark.executor.instances": 2},
        py_files="/jobs/more.py",
        executor_memory="4g",
        application_args=["--day", "{{ ds }}"],
    )
    SparkSubmitOperator(task_id="spark_fails", application="/jobs/bad.py")
    DbtCloudRunJobOperator(
        task_id="dbt", job_id=7, trigger_reason="{{ ds }}", steps_override=["dbt test"], check_interval=0
    )
    DbtCloudRunJobOperator(task_id="dbt_fails", job_id=13, trigger_reason="a", account_id=2, check_interval=0)
    submitted = DatabricksSubmitRunOperator(
        task_id="submitted",
        json={"tasks": [{"task_key": "a", "notebook_task": {"notebook_path": "/train"}}]},
        run_name="train {{ ds }}",
        polling_period_seconds=0,
    )
    DatabricksRunNowOperator(
        task_id="nightly", job_name="nightly", notebook_params={"day": "{{ ds }}"}, polling_period_seconds=0
    )
    DatabricksRunNowOperator(task_id="nightly_fails", job_id=13, polling_period_seconds=0)

    @task
    def url(run_id, page):
        return f"{run_id}: {page}"

    url(submitted.output["run_id"], submitted.output["run_page_url"])

    tested = BashOperator(task_id="tested", bash_command="cd / && dbt test --select 'day:{{ ds }}'")
    tested_fails = BashOperator(task_id="tested_fails", bash_command="dbt --no-use-colors test --select bad")
    tested_skips = BashOperator(task_id="tested_skips", bash_command="dbt test --select absent")
    for before in (tested, tested_fails, tested_skips):
        before >> BashOperator(task_id=f"after_{before.task_id}", bash_command="echo published")
