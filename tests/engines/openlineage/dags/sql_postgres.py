"""SQL for a PostgreSQL that can't be reached: what its text alone says."""

from airflow.providers.common.sql.operators.sql import (
    SQLCheckOperator,
    SQLColumnCheckOperator,
    SQLExecuteQueryOperator,
    SQLTableCheckOperator,
)
from airflow.sdk import DAG

JOINED = """
    INSERT INTO shop.public.daily (day, customer, total)
    SELECT o.day, c.name, sum(o.price)
    FROM orders o JOIN public.customers c ON o.customer_id = c.id
    WHERE o.price > 0
    GROUP BY o.day, c.name
"""

with DAG("sql_postgres", schedule=None, default_args={"conn_id": "warehouse"}, params={"table": "picked"}):
    SQLExecuteQueryOperator(task_id="select", sql="SELECT id FROM orders")
    SQLExecuteQueryOperator(task_id="joined", sql=JOINED)
    SQLExecuteQueryOperator(task_id="created", sql="CREATE TABLE mart.top AS SELECT id, price FROM public.orders")
    SQLExecuteQueryOperator(
        task_id="several",
        sql=["DELETE FROM stage.orders", "INSERT INTO stage.orders SELECT * FROM raw.orders; SELECT 1 FROM dual"],
    )
    SQLExecuteQueryOperator(
        task_id="updated", sql="UPDATE orders SET price = 0 FROM raw.prices p WHERE p.id = orders.id"
    )
    SQLExecuteQueryOperator(
        task_id="with_query",
        sql="WITH a AS (SELECT * FROM raw.a) INSERT INTO b SELECT a.id FROM a JOIN raw.c USING (id)",
    )
    SQLExecuteQueryOperator(task_id="templated", sql="INSERT INTO {{ params.table }} SELECT id FROM orders")
    SQLExecuteQueryOperator(task_id="upper", sql="insert into Public.Orders_2 select * from ORDERS")
    SQLExecuteQueryOperator(task_id="other_database", sql="SELECT id FROM orders", database="archive")
    SQLCheckOperator(task_id="check", sql="SELECT count(*) FROM orders")
    SQLColumnCheckOperator(task_id="columns", table="orders", column_mapping={"id": {"null_check": {"equal_to": 0}}})
    SQLTableCheckOperator(task_id="rows", table="public.orders", checks={"some": {"check_statement": "COUNT(*) > 0"}})
