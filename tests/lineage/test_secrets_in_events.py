"""Nothing of what the user's files keep secret reaches lineage or events, wherever a DAG asks for it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dagport.options import Deployment
from dagport_lineage.events import json_line
from dagport_lineage.events.design import file_events
from dagport_lineage.extract import extract
from dagport_lineage.scope import LineageOptions
from tests.lineage.support import document

DAG = """
from datetime import datetime
from airflow.sdk import DAG, Asset, BaseHook, Variable
from airflow.providers.amazon.aws.operators.s3 import S3CopyObjectOperator
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.http.operators.http import HttpOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator

def work():
    import pandas as pd
    from sqlalchemy import create_engine
    hook = BaseHook.get_connection("pg")
    engine = create_engine("postgresql://scott:PASSWORD@h.example/shop")
    pd.read_sql("select * from orders", engine).to_parquet("s3://KEYKEYKEY:PASSWORD@bucket/x.parquet")
    pd.read_sql("select * from orders", hook.get_uri())

with DAG("d", schedule=None, start_date=datetime(2026, 1, 1), doc_md="postgres://scott:PASSWORD@h/x",
         tags=["token=PASSWORD"]) as dag:
    connection = BaseHook.get_connection("pg")
    SQLExecuteQueryOperator(task_id="a", conn_id="pg", sql="select * from t where p = '{{ conn.pg.password }}'")
    SQLExecuteQueryOperator(task_id="b", conn_id="sf", sql="insert into {{ var.value.api_token }} select 1 from t")
    SQLExecuteQueryOperator(
        task_id="c", conn_id="pg", sql="copy t from 's3://b/k' credentials 'aws_secret_access_key=PASSWORD'"
    )
    SQLExecuteQueryOperator(task_id="d", conn_id="pg", sql=f"select * from {connection.password}")
    SQLExecuteQueryOperator(task_id="e", conn_id="broken", sql="select * from {{ conn.broken.host }}")
    BashOperator(task_id="f", bash_command="curl -H 'Authorization: Bearer PASSWORD' {{ var.value.link }}")
    BashOperator(task_id="g", bash_command="x", env={"TOKEN": Variable.get("api_token")})
    HttpOperator(task_id="h", http_conn_id="api", endpoint="/x?token={{ var.json.config.password }}")
    S3CopyObjectOperator(
        task_id="i", source_bucket_key="s3://b/{{ var.json.config.password }}", dest_bucket_key="{{ conn.sf.extra }}"
    )
    PythonOperator(task_id="j", python_callable=work, outlets=[Asset("postgres://scott:PASSWORD@h/d/s/t")])
    PythonOperator(task_id="k", python_callable=print, inlets=[Asset("x-custom://scott:PASSWORD@h/d")])
"""

secrets = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=10, max_size=20).map("S3cr{}t".format)


@settings(max_examples=5, deadline=None, phases=[Phase.generate])
@given(secrets, secrets, secrets, secrets)
def test_no_secret_reaches_an_event(password: str, login: str, token: str, extra: str) -> None:
    deployment = Deployment(
        variables={
            "api_token": token,
            "link": f"https://{login}:{password}@h/x",
            "config": json.dumps({"password": password, "table": "t"}),
        },
        connections={
            "pg": f"postgresql://{login}:{password}@h.example/shop?sslkey={extra}",
            "sf": json.dumps({
                "conn_type": "snowflake", "login": login, "password": password,
                "extra": {"account": "a-b", "database": "d", "private_key_content": extra},
            }),
            "api": json.dumps({"conn_type": "http", "host": f"https://{login}:{password}@api.example", "extra": extra}),
            "broken": f"{login}:{password}@{extra}",
        },
    )  # fmt: skip
    found = document(DAG.replace("PASSWORD", password), deployment)
    lineage = extract(found, deployment=deployment)
    events = file_events(found, lineage, options=LineageOptions(), event_time=datetime(2026, 1, 1, tzinfo=UTC))
    tasks = [replace(task, sql=()) for task in lineage.pipelines[0].tasks]  # SQL is as the source writes it
    shown = repr(tasks) + "".join(map(json_line, events))
    assert len(events) > 5
    for secret in (password, login, token, extra):
        assert secret not in shown, shown[max(0, shown.index(secret) - 200) : shown.index(secret) + 40]
