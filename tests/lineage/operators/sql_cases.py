"""Rows of tests of SQL operators: one task, and all that is expected of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dagport.options import Deployment
from dagport.readers.airflow.operators import facts, families
from dagport.workspace import Workspace
from dagport_lineage.extract.operators import rules
from dagport_lineage.model import TaskLineage
from tests.lineage.support import lineage, tasks

CONNECTIONS = {
    "pg": "postgres://user:hunter2@db.example:5432/shop",
    "postgres_default": "postgres://user:hunter2@db.example:5432/shop",
    "my": "mysql://user:hunter2@my.example/shop",
    "mysql_default": "mysql://user:hunter2@my.example/shop",
    "mssql_default": "mssql://user:hunter2@ms.example/shop",
    "oracle_default": {"conn_type": "oracle", "host": "ora.example", "extra": {"service_name": "ORCL"}},
    "airflow_db": "mysql://user:hunter2@my.example/airflow",
    "snowflake_default": {
        "conn_type": "snowflake", "login": "u", "password": "hunter2", "schema": "PUBLIC",
        "extra": {"account": "org-acc", "database": "DB", "warehouse": "W"},
    },
    "redshift_default": "redshift://user:hunter2@c1.abc.eu-west-1.redshift.amazonaws.com:5439/dev",
    "aws_default": {"conn_type": "aws", "extra": {"region_name": "eu-west-1"}},
    "databricks_default": {"conn_type": "databricks", "host": "dbc.example", "password": "hunter2"},
    "google_cloud_default": {"conn_type": "google_cloud_platform", "extra": {"project": "proj"}},
    "trino_default": {"conn_type": "trino", "host": "tr.example", "schema": "web", "extra": {"catalog": "lake"}},
    "presto_default": {"conn_type": "presto", "host": "pr.example", "schema": "web", "extra": {"catalog": "lake"}},
    "hive_cli_default": "hive-cli://hv.example:10000/default",
    "untyped": {"conn_type": "generic", "host": "td.example", "schema": "shop"},
    "teradata_default": "teradata://td.example/shop",
    "exasol_default": "exasol://ex.example/shop",
    "sqlite_default": {"conn_type": "sqlite", "host": "/data/shop.db"},
    "vertica_default": "vertica://vt.example/shop",
    "clickhouse_default": "clickhouse://ch.example/shop",
    "hiveserver2_default": "hiveserver2://hv.example:10000/default",
    "sql_default": "postgres://user:hunter2@db.example:5432/shop",
    "wasb_default": {"conn_type": "wasb", "host": "https://acct.blob.core.windows.net", "password": "hunter2"},
    "wasb_by_login": {"conn_type": "wasb", "login": "acct", "password": "hunter2"},
    "adls_default": {"conn_type": "adls", "host": "lake", "password": "hunter2"},
    "azure_data_lake_default": {"conn_type": "adls", "host": "lake", "password": "hunter2"},
    "ssh_default": "ssh://user:hunter2@ssh.example:2222",
    "sftp_default": "sftp://user:hunter2@ssh.example",
    "ftp_default": "ftp://user:hunter2@ftp.example",
    "no_host": {"conn_type": "ssh", "login": "user"},
    "kafka_default": {
        "conn_type": "kafka",
        "extra": {"bootstrap.servers": "k1:9092,k2:9092", "sasl.password": "hunter2"},
    },
}  # fmt: skip
"""Connections of the tests, by id."""

NAMES = {
    "pg": "postgres://db.example:5432",
    "my": "mysql://my.example:3306",
    "ms": "mssql://ms.example:1433",
    "ora": "oracle://ora.example:1521",
    "sf": "snowflake://org-acc",
    "rs": "redshift://c1.eu-west-1:5439",
    "dbx": "databricks://dbc.example",
    "bq": "bigquery",
    "tr": "trino://tr.example:8080",
    "pr": "presto://pr.example:8080",
    "hv": "hive://hv.example:10000",
    "td": "teradata://td.example:1025",
    "ex": "exasol://ex.example:8563",
    "vt": "vertica://vt.example:5433",
    "ch": "clickhouse://ch.example:9000",
    "athena": "awsathena://athena.eu-west-1.amazonaws.com",
    "spanner": "spanner://proj:inst",
}
"""Namespaces of the tests by a short name: ``pg:shop.public.orders`` is a dataset of the first."""

DEPLOYMENT = Deployment(
    connections={name: text if isinstance(text, str) else json.dumps(text) for name, text in CONNECTIONS.items()}
)


@cache
def modules() -> Mapping[str, str]:
    """The module of each operator class that has a rule, and of those that Airflow has moved."""
    known = [*rules(), *(f"{module}.{name}" for module, names in facts()["modules"].items() for name in names)]
    known += [name for family in families() for name in family.classes]
    return {name.rpartition(".")[2]: name.rpartition(".")[0] for name in reversed(known)}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row: the call that makes the task, without its ``task_id``, and all that is expected of it."""

    call: str
    reads: str = ""
    writes: str = ""
    gaps: str = ""

    def __str__(self) -> str:
        return self.call


def cases(*files: str) -> list[Case]:
    """The rows of ``cases/<file>.txt``: a line with the call, then a line for each that isn't empty."""
    found = []
    for file in files:
        rows: list[dict[str, str]] = []
        for line in (Path(__file__).parent / f"cases/{file}.txt").read_text().splitlines():
            name, _, rest = line.strip().partition(" ")
            if line.startswith("  "):
                rows[-1][name] = rest
            elif line and not line.startswith("#"):
                rows.append({"call": line})
        found += [Case(**row) for row in rows]
    return found


def lineage_of(call: str, workspace: Workspace | None = None) -> TaskLineage:
    """The lineage of one task, given by the call that makes it, without ``task_id``.

    ``make()`` is the result of another task, ``unknown()`` can't be known.
    """
    name, bracket, rest = call.partition("(")
    operator = name.partition(".")[0]
    before = MAKE if "make()" in call else ""
    text = "\n".join([
        "from airflow import DAG",
        "from airflow.providers.common.sql import config",
        "from elsewhere import unknown",
        f"from {modules()[operator]} import {operator}",
        before,
        "with DAG('shop', schedule=None) as dag:",
        f"    {name}{bracket}task_id='t', {rest}",
    ])  # fmt: skip
    return tasks(lineage(text, DEPLOYMENT, workspace))["t"]


MAKE = """
from airflow.sdk import task
@task
def make():
    return []
"""


def names(text: str) -> list[str]:
    """Datasets by their short names."""
    found = []
    for item in text.split():
        short, colon, rest = item.partition(":")
        found.append(f"{NAMES[short]}/{rest}" if colon and short in NAMES else item)
    return sorted(found)


def check(found: TaskLineage, case: Case) -> None:
    """Compare with what is expected; ``gaps`` are sides and reasons, ``inputs connection, outputs template``."""
    assert sorted(str(read.dataset) for read in found.reads) == names(case.reads), found.gaps
    assert sorted(str(write.dataset) for write in found.writes) == names(case.writes), found.gaps
    expected = sorted(gap.strip() for gap in case.gaps.split(",") if gap.strip())
    assert sorted({f"{gap.side} {gap.reason}" for gap in found.gaps}) == expected, found.gaps
    assert "hunter2" not in repr(found)
