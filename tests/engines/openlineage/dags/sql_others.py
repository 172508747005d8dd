"""SQL for Trino and Redshift servers that can't be reached, and for a real SQLite file."""

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG

with DAG("sql_trino", schedule=None, default_args={"conn_id": "lake"}):
    SQLExecuteQueryOperator(task_id="qualified", sql="INSERT INTO hive.mart.top SELECT id FROM hive.raw.orders")
    SQLExecuteQueryOperator(task_id="schema", sql="SELECT o.id FROM raw.orders o JOIN mart.top t ON o.id = t.id")

with DAG("sql_redshift", schedule=None, default_args={"conn_id": "cluster"}):
    SQLExecuteQueryOperator(task_id="insert", sql="INSERT INTO mart.top SELECT id FROM raw.orders")
    SQLExecuteQueryOperator(task_id="delete", sql="DELETE FROM mart.old WHERE id IN (SELECT id FROM mart.gone)")

with DAG("sql_sqlite", schedule=None, default_args={"conn_id": "local"}):
    create = SQLExecuteQueryOperator(task_id="create", sql="CREATE TABLE IF NOT EXISTS orders (id INTEGER, price REAL)")
    insert = SQLExecuteQueryOperator(task_id="insert", sql="INSERT INTO orders VALUES (1, 2.5)")
    create >> insert
