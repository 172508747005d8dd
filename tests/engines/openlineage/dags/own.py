"""An operator of the project's own, and functions that read and write."""

from pathlib import Path

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Asset, BaseOperator, task

PLACE = Path("/data/own.csv")


class Own(BaseOperator):
    def execute(self, context):
        return None


def write_file():
    PLACE.write_text("id\n1\n")


with DAG("own", schedule=None, default_args={"owner": "erin"}):
    Own(task_id="own")
    Own(task_id="declared", inlets=[Asset("s3://raw/own.csv")])

    @task
    def read_file():
        return PLACE.read_text()

    PythonOperator(task_id="write_file", python_callable=write_file)
    read_file()
