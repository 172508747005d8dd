"""Assets that functions make, classic operators that are mapped, and declarations beside what operators tell."""

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG, Asset, asset, task_group


@asset(uri="s3://asset-bucket/made.csv", schedule=None, tags=["made"])
def made():
    """Made by a function."""


@asset.multi(schedule=None, outlets=[Asset("s3://asset-bucket/one.csv"), Asset("s3://asset-bucket/two.csv")])
def several():
    return None


@asset(schedule=None)
def derived(self, made):
    return None


with DAG("mapped", schedule=None):
    BashOperator.partial(task_id="commands", outlets=[Asset("s3://mapped/out.csv")]).expand(bash_command=["true", ":"])
    SQLExecuteQueryOperator.partial(task_id="tables", conn_id="warehouse").expand(
        sql=["INSERT INTO a.first SELECT * FROM raw.first", "INSERT INTO a.second SELECT * FROM raw.second"]
    )

    @task_group
    def each(number):
        BashOperator(task_id="inside", bash_command="true")

    each.expand(number=[1, 2])

with DAG("beside", schedule=None):
    SQLExecuteQueryOperator(
        task_id="both",
        conn_id="warehouse",
        sql="INSERT INTO mart.top SELECT id FROM raw.orders",
        inlets=[Asset("s3://raw/more.csv")],
        outlets=[Asset("postgres://127.0.0.1:9/shop/mart/top"), Asset("s3://clean/top.csv")],
    )
    PythonSensor(task_id="wait", python_callable=lambda: True, outlets=[Asset("s3://clean/seen")])
