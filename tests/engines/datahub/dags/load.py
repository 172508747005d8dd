from datetime import datetime

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG, Asset

RAW = Asset("s3://lake/orders/raw.csv")

with DAG(
    "load",
    start_date=datetime(2024, 1, 1),
    schedule="@daily",
    tags=["sales", "pii:yes"],
    default_args={"owner": "ann", "conn_id": "shop"},
    doc_md="Brings orders in, (all) of them.",
):
    SQLExecuteQueryOperator(
        task_id="stage",
        sql="CREATE TABLE staging.orders (id INT, price NUMERIC(10, 2), quantity INT, placed TIMESTAMP)",
        inlets=[RAW],
    ) >> SQLExecuteQueryOperator(
        task_id="clean",
        sql="""
            INSERT INTO public.orders (id, total, day)
            SELECT o.id, o.price * o.quantity, o.placed::date FROM staging.orders o WHERE o.quantity > 0
        """,
    )
