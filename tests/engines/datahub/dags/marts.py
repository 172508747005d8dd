from datetime import datetime

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG, task

with DAG("mart.daily", start_date=datetime(2024, 1, 1), schedule="@daily", default_args={"conn_id": "shop"}):
    revenue = SQLExecuteQueryOperator(
        task_id="revenue",
        sql="""
            CREATE TABLE mart.revenue AS
            SELECT o.day AS day, SUM(o.total) AS amount, MAX(r.rate) AS rate
            FROM public.orders o JOIN public.rates r ON r.day = o.day GROUP BY o.day
        """,
    )
    best = SQLExecuteQueryOperator(
        task_id="best",
        sql="INSERT INTO mart.best (amount) SELECT v.amount FROM mart.revenue v",
    )
    other = SQLExecuteQueryOperator(
        task_id="other",
        conn_id="shop_us",
        sql="INSERT INTO mart.revenue (amount) SELECT l.amount FROM mart.ledger l",
    )

    @task
    def report(rows: list[int]) -> int:
        return len(rows)

    revenue >> best >> other >> report([1])
