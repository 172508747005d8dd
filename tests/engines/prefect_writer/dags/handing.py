"""Results that are handed on: values, keys, several outputs, params, a Variable, and the outputs of commands."""

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Param, Variable, task


def push(ti):
    ti.xcom_push(key="rows", value=[3, 1, 2])
    return "pushed"


def pull(ti, params):
    rows = ti.xcom_pull(task_ids="load", key="rows")
    return [ti.xcom_pull(task_ids="load"), sorted(rows), params["factor"] * len(rows)]


def scaled(values, factor=10, *, offset: int = 0):
    return [value * factor + offset for value in values]


with DAG(
    "handing",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    params={"factor": Param(2, type="integer", minimum=1), "name": "x"},
    tags=["a", "{{ b }}"],
):
    load = PythonOperator(task_id="load", python_callable=push)
    use = PythonOperator(task_id="use", python_callable=pull)
    load >> use

    @task(multiple_outputs=True)
    def split(n: int) -> dict:
        return {"low": n - 1, "high": n + 1}

    @task
    def add(low, high):
        side = Variable.get("shape", deserialize_json=True)["side"]
        return f"{low + high} {Variable.get('region')} {side} {Variable.get('none', 'unset')}"

    parts = split(5)
    added = add(parts["low"], parts["high"])
    say = BashOperator(task_id="say", bash_command="echo first; echo {{ params.name }}-{{ ti.xcom_pull('add') }}")
    added >> say
    again = PythonOperator(task_id="scale.once", python_callable=scaled, op_args=[[1, 2]], op_kwargs={"offset": 1})
    twice = PythonOperator(task_id="scale_once", python_callable=scaled, op_args=[[4], 100])
