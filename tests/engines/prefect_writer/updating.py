"""DAGs that start one another by assets."""

from __future__ import annotations

from datetime import datetime

from airflow.exceptions import AirflowSkipException
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Asset, dag, task

START = datetime(2026, 1, 1)
left, right = Asset("s3://lake/left"), Asset("s3://lake/right")
common = {"start_date": START, "catchup": False}


@dag(schedule=None, params={"go": True}, **common)
def makes_left():
    @task(outlets=[left])
    def make(params):
        if not params["go"]:
            raise AirflowSkipException

    make()


@dag(schedule=None, **common)
def makes_right():
    @task(outlets=[right])
    def make():
        return "made"

    make()


@dag(schedule=left & right, **common)
def needs_both():
    @task
    def need():
        return "both"

    need()


@dag(schedule=left | right, **common)
def needs_any():
    @task
    def need():
        return "any"

    need()


@dag(schedule="@continuous", max_active_runs=1, **common)
def goes_on():
    @task
    def go():
        return "on"

    go()


@dag(schedule=None, **common)
def starts():
    TriggerDagRunOperator(task_id="start", trigger_dag_id="makes_right")


@dag(schedule=None, **common)
def mark():
    @task
    def stand():
        return "here"

    stand()


makes_left(), makes_right(), needs_both(), needs_any(), goes_on(), starts(), mark()
