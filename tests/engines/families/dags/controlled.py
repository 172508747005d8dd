"""The same tasks where others decide whether they run: they are ops of a graph."""

from datetime import datetime

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.common.sql.operators.sql import SQLCheckOperator
from airflow.providers.databricks.operators.databricks import DatabricksRunNowOperator
from airflow.sdk import DAG, task

with DAG("controlled", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False):

    @task.branch
    def size():
        return "large"

    large = KubernetesPodOperator(task_id="large", namespace="ml", image="large:1")
    small = KubernetesPodOperator(task_id="small", namespace="ml", image="small:1")
    good = SQLCheckOperator(task_id="good", conn_id="shop", sql="SELECT 1", trigger_rule="none_failed_min_one_success")
    bad = SQLCheckOperator(task_id="bad", conn_id="shop", sql="SELECT 0", trigger_rule="none_failed_min_one_success")
    scored = DatabricksRunNowOperator(task_id="scored", job_id=21, polling_period_seconds=0)

    @task
    def after_good(run_id):
        return run_id

    @task
    def after_bad():
        return "never"

    size() >> [large, small] >> good >> scored
    after_good(scored.output["run_id"])
    [large, small] >> bad >> after_bad()
