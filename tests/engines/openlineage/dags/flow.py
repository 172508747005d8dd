"""Groups, mapping, branches, setup and teardown, trigger rules."""

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.sdk import DAG, TaskGroup, task, task_group

with DAG("flow", schedule=None, tags=["flow"]):

    @task
    def numbers():
        """Some numbers."""
        return [1, 2]

    @task
    def double(number):
        return number * 2

    @task(task_id="total", owner="carol")
    def add_up(found):
        return sum(found)

    @task.branch
    def choose(total):
        return "left" if total > 5 else "right"

    @task.bash
    def shell():
        return "echo shell"

    @task_group
    def inner(value):
        return double.override(task_id="again")(value)

    total = add_up(double.expand(number=numbers()))
    chosen = choose(total)
    left, right = EmptyOperator(task_id="left"), BashOperator(task_id="right", bash_command="true")
    chosen >> [left, right]
    with TaskGroup("outer"):
        with TaskGroup("deep"):
            end = BashOperator(task_id="end", bash_command="true", trigger_rule="none_failed_min_one_success")
        inner(3)
    [left, right] >> end
    shell()
    stop = ShortCircuitOperator(task_id="stop", python_callable=lambda: False)
    stop >> BashOperator(task_id="stopped", bash_command="true")
    start = BashOperator(task_id="up", bash_command="true").as_setup()
    finish = BashOperator(task_id="down", bash_command="true").as_teardown(setups=start)
    start >> BashOperator(task_id="between", bash_command="exit 1") >> finish
