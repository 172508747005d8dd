"""One identity: a physical table, object or file has one name, by whichever route a task reaches it.

``identity.txt`` has a block a dataset: its name, then its routes. The first word of a route says its kind:

- ``uri``: an asset of that URI, among the inlets of a task;
- ``task``: the call of an operator, without its ``task_id``;
- ``sql``: the id of a connection and a statement, which SQLExecuteQueryOperator runs;
- ``code``: the body of a Python function;
- ``not``: before one of these: something else with a name much like it, or a route that is only sure to be a gap.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from dagport.options import Deployment
from tests.lineage.operators.sql_cases import modules
from tests.lineage.support import lineage, tasks

CONNECTIONS: dict[str, object] = {
    "pg": "postgres://user:hunter2@db.example:5432/shop",
    "pg_bare": "postgresql://DB.Example/shop",
    "pg_json": {"conn_type": "postgres", "host": "DB.Example", "schema": "shop", "password": "hunter2"},
    "pg_jdbc": {"conn_type": "jdbc", "host": "jdbc:postgresql://db.example/shop?ssl=true", "password": "hunter2"},
    "pg_sales": {
        "conn_type": "postgres", "host": "db.example", "schema": "shop", "extra": {"options": "-c search_path=sales"},
    },
    "my": "mysql://my.example/shop",
    "my_json": {"conn_type": "mysql", "host": "MY.example", "port": 3306, "schema": "shop"},
    "my_jdbc": {"conn_type": "jdbc", "host": "jdbc:mysql://my.example:3306/shop"},
    "maria": "mariadb://my.example/shop",
    "ms": "mssql://ms.example/shop",
    "ms_json": {"conn_type": "mssql", "host": "MS.Example", "port": 1433, "schema": "shop"},
    "ms_jdbc": {"conn_type": "jdbc", "host": "jdbc:sqlserver://ms.example;databaseName=shop"},
    "ora": {"conn_type": "oracle", "host": "ora.example", "schema": "sales", "extra": {"service_name": "svc"}},
    "ora_uri": "oracle://ora.example:1521/sales?service_name=svc",
    "ora_jdbc": {"conn_type": "jdbc", "host": "jdbc:oracle:thin:@//ora.example:1521/svc"},
    "sf": {"conn_type": "snowflake", "schema": "public", "extra": {"account": "org-acc", "database": "db"}},
    "sf_uri": "snowflake://user:hunter2@/PUBLIC?account=ORG-ACC&database=DB",
    "sf_long": {
        "conn_type": "snowflake", "schema": "public",
        "extra": {"extra__snowflake__account": "org-acc", "extra__snowflake__database": "DB"},
    },
    "sf_old": {"conn_type": "snowflake", "schema": "public", "extra": {"account": "xy12345", "database": "db"}},
    "rs": "redshift://c1.abc.eu-west-1.redshift.amazonaws.com:5439/dev",
    "rs_json": {"conn_type": "redshift", "host": "C1.abc.eu-west-1.redshift.amazonaws.com", "schema": "dev"},
    "rs_iam": {
        "conn_type": "redshift", "schema": "dev",
        "extra": {"iam": True, "cluster_identifier": "c1", "aws_conn_id": "aws_default"},
    },
    "rs_jdbc": {"conn_type": "jdbc", "host": "jdbc:redshift://c1.abc.eu-west-1.redshift.amazonaws.com:5439/dev"},
    "rs_pg": "postgres://c1.abc.eu-west-1.redshift.amazonaws.com:5439/dev",
    "rs_flag": {"conn_type": "postgres", "host": "c1.abc.eu-west-1.redshift.amazonaws.com", "schema": "dev",
                "port": 5439, "extra": {"redshift": True, "aws_conn_id": "aws_default"}},
    "rs_wg": "redshift://wg.123456789012.eu-west-1.redshift-serverless.amazonaws.com:5439/dev",
    "aws_default": {"conn_type": "aws", "extra": {"region_name": "eu-west-1"}},
    "at": {"conn_type": "athena", "schema": "web"},
    "gcp": {"conn_type": "google_cloud_platform", "extra": {"project": "proj"}},
    "google_cloud_default": "google-cloud-platform://?project=proj",
    "gcp_long": {"conn_type": "google_cloud_platform", "extra": {"extra__google_cloud_platform__project": "proj"}},
    "gcp_key": {"conn_type": "google_cloud_platform", "extra": {"keyfile_dict": '{"project_id": "proj"}'}},
    "sp": {"conn_type": "gcpspanner", "extra": {"project_id": "proj", "instance_id": "inst", "database_id": "db"}},
    "dbx": {"conn_type": "databricks", "host": "https://Adb-1.azuredatabricks.net/", "password": "hunter2"},
    "dbx_uri": "databricks://adb-1.azuredatabricks.net:443",
    "tr": {"conn_type": "trino", "host": "tr.example", "schema": "web", "extra": {"catalog": "Lake"}},
    "tr_uri": "trino://tr.example:8080/web?catalog=lake",
    "tr_jdbc": {"conn_type": "jdbc", "host": "jdbc:trino://tr.example:8080/lake/web"},
    "pr": {"conn_type": "presto", "host": "pr.example", "schema": "web", "extra": {"catalog": "lake"}},
    "hive": "hiveserver2://hv.example:10000/web",
    "hive_cli": "hive-cli://hv.example:10000/web",
    "hive_jdbc": {"conn_type": "jdbc", "host": "jdbc:hive2://HV.example:10000/web"},
    "vt": "vertica://vt.example/shop",
    "vt_jdbc": {"conn_type": "jdbc", "host": "jdbc:vertica://vt.example:5433/shop"},
    "td": "teradata://td.example/shop",
    "ex": "exasol://ex.example/shop",
    "ch": "clickhouse://ch.example/shop",
    "ch_json": {"conn_type": "clickhouse", "host": "CH.example", "port": 9000, "schema": "shop"},
    "ch_http": {"conn_type": "clickhouse", "host": "ch.example", "port": 8123, "schema": "shop"},
    "lite": {"conn_type": "sqlite", "host": "/data/shop.db"},
    "duck": {"conn_type": "duckdb", "host": "/data/shop.duckdb"},
    "ssh": "ssh://user:hunter2@Files.example",
    "sftp": "sftp://user:hunter2@files.example:22",
    "ftp": "ftp://ftp.example",
    "kafka": {"conn_type": "kafka", "extra": {"bootstrap.servers": "K1.example:9092,k2.example:9092"}},
    "kafka_bare": {"conn_type": "kafka", "extra": {"bootstrap.servers": "k1.example"}},
    "wasb": {"conn_type": "wasb", "host": "https://acct.blob.core.windows.net", "password": "hunter2"},
    "hdfs": "webhdfs://nn.example:8020",
}  # fmt: skip
ENVIRONMENT = {
    "AIRFLOW_CONN_PG_ENV": "postgresql://user:hunter2@db.example/shop",
    "AIRFLOW_CONN_SF_ENV": json.dumps(CONNECTIONS["sf"]),
}
DEPLOYMENT = Deployment(
    connections={
        name: fields if isinstance(fields, str) else json.dumps(fields) for name, fields in CONNECTIONS.items()
    },
    environment=ENVIRONMENT,
)
HEADER = """
import json
from pathlib import Path
import boto3
import duckdb
import pandas as pd
import polars as pl
import psycopg2
import sqlite3
from google.cloud import bigquery, storage
from sqlalchemy import create_engine, text
from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.databricks.hooks.databricks_sql import DatabricksSqlHook
from airflow.providers.exasol.hooks.exasol import ExasolHook
from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook
from airflow.providers.google.cloud.hooks.gcs import GCSHook
from airflow.providers.microsoft.mssql.hooks.mssql import MsSqlHook
from airflow.providers.mysql.hooks.mysql import MySqlHook
from airflow.providers.oracle.hooks.oracle import OracleHook
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.providers.presto.hooks.presto import PrestoHook
from airflow.providers.snowflake.hooks.snowflake import SnowflakeHook
from airflow.providers.sqlite.hooks.sqlite import SqliteHook
from airflow.providers.teradata.hooks.teradata import TeradataHook
from airflow.providers.trino.hooks.trino import TrinoHook
from airflow.providers.vertica.hooks.vertica import VerticaHook
from airflow.providers.apache.hive.hooks.hive import HiveServer2Hook
from airflow.sdk import Asset, DAG, ObjectStoragePath, task
from airflow.providers.standard.operators.empty import EmptyOperator
"""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One way to a dataset."""

    dataset: str
    kind: str
    text: str
    differs: bool = False

    def __str__(self) -> str:
        return f"{'not ' * self.differs}{self.kind} {self.text}"

    @property
    def file(self) -> str:
        """A DAG file whose task ``t`` takes this route."""
        if self.kind == "code":
            body = "\n        ".join(self.text.split("; "))
            return f"{HEADER}\nwith DAG('d', schedule=None):\n    @task\n    def t():\n        {body}\n    t()\n"
        call, before = self.text, ""
        if self.kind == "uri":
            call = f"EmptyOperator(inlets=[Asset({self.text!r})])"
        if self.kind == "sql":
            conn_id, _, statement = self.text.partition(" ")
            call = f"SQLExecuteQueryOperator(conn_id={conn_id!r}, sql={statement!r})"
        name, _, arguments = call.partition("(")
        if self.kind != "uri":
            before = f"from {modules()[name]} import {name}"
        return f"{HEADER}\n{before}\nwith DAG('d', schedule=None):\n    {name}(task_id='t', {arguments}\n"

    def found(self) -> set[str]:
        """The datasets at its end."""
        done = tasks(lineage(self.file, DEPLOYMENT))["t"]
        assert "hunter2" not in repr(done)
        return {str(read.dataset) for read in done.reads} | {str(write.dataset) for write in done.writes}


def routes() -> list[Route]:
    """The rows of ``identity.txt``."""
    listed: list[Route] = []
    dataset = ""
    for line in Path(__file__).with_name("identity.txt").read_text("utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            dataset = line
            continue
        kind, _, rest = line.strip().partition(" ")
        differs = kind == "not"
        if differs:
            kind, _, rest = rest.partition(" ")
        listed.append(Route(dataset=dataset, kind=kind, text=rest, differs=differs))
    return listed


ALL = routes()
DATASETS = {route.dataset for route in ALL}


@pytest.mark.parametrize("route", [route for route in ALL if not route.differs], ids=str)
def test_all_routes_lead_to_one_name(route: Route) -> None:
    found = route.found()
    assert route.dataset in found
    assert found <= DATASETS


@pytest.mark.parametrize("route", [route for route in ALL if route.differs], ids=str)
def test_what_is_another_dataset_or_not_known_has_not_that_name(route: Route) -> None:
    assert route.dataset not in route.found()


def test_the_table_is_broad() -> None:
    counts = {name: sum(route.dataset == name and not route.differs for route in ALL) for name in DATASETS}
    assert len(counts) >= 25
    assert min(counts.values()) >= 3, counts
    assert len({name.split(":")[0].split("/")[0] for name in DATASETS}) >= 15
