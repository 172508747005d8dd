"""Tasks that only Airflow runs, among others: they use the whole context."""

from datetime import datetime

from airflow.exceptions import AirflowSkipException
from airflow.sdk import Param, dag, task

START = datetime(2026, 1, 1)


@dag(schedule="0 6 * * *", start_date=START, catchup=False, params={"size": Param(2, type="integer")})
def mixed():
    @task
    def rows():
        return [3, (1, 2)]

    @task
    def inside(found, **context):
        context["ti"].xcom_push(key="seen", value=len(context) > 10)
        return [str(found), context["params"]["size"], context["ds"]]

    @task
    def report(told):
        return told

    @task
    def flag(ti):
        return ti.xcom_pull(task_ids="inside", key="seen")

    told = inside(rows())
    report(told) >> flag()


@dag(schedule=None, start_date=START)
def ends():
    @task
    def skips(**context):
        raise AirflowSkipException(str(len(context) > 10))

    @task
    def behind():
        return "ran"

    @task(trigger_rule="all_done")
    def always():
        return "ran"

    @task
    def breaks(**context):
        raise ValueError(str(len(context) > 10))

    @task
    def after():
        return "ran"

    @task(trigger_rule="all_done")
    def clean():
        return "cleaned"

    skips() >> behind() >> always()
    breaks() >> after() >> clean()


@dag(schedule=None, start_date=START)
def region():
    @task.branch
    def choose(**context):
        return "left" if len(context) > 10 else "right"

    @task
    def left():
        return "left"

    @task
    def right():
        return "right"

    @task(trigger_rule="none_failed_min_one_success")
    def join(one, other):
        return [one, other]

    one, other = left(), right()
    choose() >> [one, other]
    join(one, other)


mixed()
ends()
region()
