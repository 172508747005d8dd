"""How tasks and runs end: failures, skips, branches, rules, retries, what a run leaves behind."""

from datetime import datetime

from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import dag, task

START = datetime(2026, 1, 1)
TRIES = []


@dag(schedule=None, start_date=START)
def skipping():
    skip = BashOperator(task_id="skip", bash_command="exit 99")
    after = BashOperator(task_id="after", bash_command="echo ran")
    always = BashOperator(task_id="always", bash_command="echo ran", trigger_rule="all_done")
    skip >> after >> always


@dag(schedule=None, start_date=START)
def failing():
    bad = BashOperator(task_id="bad", bash_command="exit 3")
    BashOperator(task_id="good", bash_command="true", skip_on_exit_code=None)
    after = BashOperator(task_id="after", bash_command="echo ran")
    bad >> after


@dag(schedule=None, start_date=START)
def cleaned():
    bad = BashOperator(task_id="bad", bash_command="exit 3")
    clean = BashOperator(task_id="clean", bash_command="echo clean", trigger_rule="all_done")
    bad >> clean


@dag(schedule=None, start_date=START)
def choosing():
    @task.branch
    def choose(which="fast"):
        return which

    @task
    def fast():
        return "fast"

    @task
    def slow():
        return "slow"

    @task(trigger_rule="none_failed_min_one_success")
    def join(one, other):
        return [one, other]

    @task
    def optional():
        raise AirflowSkipException("nothing to do")

    start, end = EmptyOperator(task_id="start"), EmptyOperator(task_id="end")
    chosen, one, other = choose(), fast(), slow()
    start >> chosen >> [one, other]
    join(one, other) >> end
    start >> optional() >> EmptyOperator(task_id="behind")


@dag(schedule=None, start_date=START, default_args={"retries": 2, "retry_delay": 0})
def trying():
    @task
    def twice():
        TRIES.append("twice")
        if TRIES.count("twice") < 2:
            raise AirflowException("not yet")
        return TRIES.count("twice")

    @task
    def for_good():
        TRIES.append("for good")
        raise AirflowFailException("never")

    @task(trigger_rule="all_done")
    def count():
        return TRIES.count("for good")

    for_good() >> count()
    twice()


@dag(schedule=None, start_date=START)
def cleaning():
    @task
    def make():
        return "cluster"

    @task
    def work():
        raise ValueError("broken")

    @task
    def remove():
        return "gone"

    made, gone = make().as_setup(), remove().as_teardown()
    made >> work() >> gone
    made >> gone


skipping()
failing()
cleaned()
choosing()
trying()
cleaning()
