"""Declared assets of several schemes; of some, no provider is installed."""

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Asset, AssetAlias, task


def nothing():
    return None


RAW = Asset("s3://raw-bucket/orders/2026.csv")
TABLE = Asset("postgres://db.example:5432/shop/public/orders")
NAMED = Asset(name="clean_orders", uri="s3://clean-bucket/orders/", group="clean", extra={"team": "data"})

with DAG("declared", schedule=None, tags=["b", "a"], description="Declared data", default_args={"owner": "data"}):
    EmptyOperator(task_id="empty", inlets=[RAW], outlets=[NAMED])
    EmptyOperator(task_id="silent")
    BashOperator(task_id="bash", bash_command="true", inlets=[RAW, TABLE], outlets=[Asset("file:///data/out.csv")])
    PythonOperator(task_id="python", python_callable=nothing, inlets=[TABLE], outlets=[Asset("x-custom://thing/1")])
    BashOperator(task_id="gcs", bash_command="true", outlets=[Asset("gs://bucket/orders.parquet")])
    BashOperator(task_id="bare", bash_command="true", outlets=[Asset("only-a-name")])
    BashOperator(task_id="many", bash_command="true", outlets=[RAW, NAMED, TABLE])

    @task(inlets=[RAW], outlets=[AssetAlias("later")])
    def alias(*, outlet_events):
        outlet_events[AssetAlias("later")].add(Asset("s3://alias-bucket/a.csv"))

    alias()


with DAG("consumer", schedule=[RAW & NAMED], catchup=False):
    BashOperator(task_id="consume", bash_command="true", inlets=[RAW, NAMED])
