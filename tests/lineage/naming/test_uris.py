"""Datasets of URIs and of assets."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openlineage.client.naming import dataset as official

from dagport_lineage.estate.walk import walk
from dagport_lineage.events.design import file_events
from dagport_lineage.extract import extract
from dagport_lineage.model import DatasetName, GapReason, Unresolved
from dagport_lineage.naming.assets import asset_dataset
from dagport_lineage.naming.uris import RULES, uri_dataset
from dagport_lineage.network import JobName, Network
from dagport_lineage.scope import LineageOptions, Scope
from tests.lineage.support import document

OFFICIAL: dict[str, official.DatasetNaming] = {
    "awsathena://athena.eu-west-1.amazonaws.com/c/d/t": official.Athena("eu-west-1", "c", "d", "t"),
    "arn:aws:glue:eu-west-1:123456789012:table/d/t": official.AWSGlue("eu-west-1", "123456789012", "d", "t"),
    "azurecosmos://h.documents.azure.com/dbs/d/colls/t": official.AzureCosmosDB("h.documents.azure.com", "d", "t"),
    "azurekusto://c.westeurope.kusto.windows.net/d/t": official.AzureDataExplorer("c.westeurope", "d", "t"),
    "sqlserver://h:1433/s/t": official.AzureSynapse("h", "1433", "s", "t"),
    "bigquery://p/d/t": official.BigQuery("p", "d", "t"),
    "bigquery:p.d.t": official.BigQuery("p", "d", "t"),
    "cassandra://h:9042/k/t": official.Cassandra("h", "9042", "k", "t"),
    "mysql://h/d/t": official.MySQL("h", "3306", "d", "t"),
    "crate://h:4200/d/s/t": official.CrateDB("h", "4200", "d", "s", "t"),
    "db2://h:50000/d/s/t": official.DB2("h", "50000", "D", "S", "T"),
    "oceanbase://h:2881/d/t": official.OceanBase("h", "2881", "d", "t"),
    "oracle://h/svc/s/t": official.Oracle("h", "1521", "svc", "S", "T"),
    "postgres://h/d/s/t": official.Postgres("h", "5432", "d", "s", "t"),
    "postgresql+psycopg2://h/d/s/t": official.Postgres("h", "5432", "d", "s", "t"),
    "postgres://h:5432/d.s.t": official.Postgres("h", "5432", "d", "s", "t"),
    "teradata://h/d/t": official.Teradata("h", "1025", "d", "t"),
    "redshift://cl.eu-west-1:5439/d/s/t": official.Redshift("cl", "eu-west-1", "5439", "d", "s", "t"),
    "snowflake://org-acct/d/s/t": official.Snowflake("org", "acct", "D", "S", "T"),
    "trino://h:8080/c/s/t": official.Trino("h", "8080", "c", "s", "t"),
    "abfss://c@a.dfs.core.windows.net/dir/x": official.ABFSS("c", "a", "dir/x"),
    "abfs://c@a.dfs.core.windows.net/dir/x": official.ABFSS("c", "a", "dir/x"),
    "dbfs://adb-1.net/mnt/x": official.DBFS("adb-1.net", "/mnt/x"),
    "gs://b/k": official.GCS("b", "k"),
    "gcs://b/k": official.GCS("b", "k"),
    "hdfs://nn:8020/dir/x": official.HDFS("nn", "8020", "/dir/x"),
    "hive://h:10000/d/t": official.Hive("h", "10000", "d", "t"),
    "kafka://h:9092/topic": official.Kafka("h", "9092", "topic"),
    "file:///data/out.csv": official.LocalFileSystem("/data/out.csv"),
    "file://host/data/out.csv": official.RemoteFileSystem("host", "/data/out.csv"),
    "s3://b/k/x": official.S3("b", "k/x"),
    "s3a://b/k/x": official.S3("b", "k/x"),
    "s3n://b/k/x": official.S3("b", "k/x"),
    "wasbs://c@a.blob.core.windows.net/x": official.WASBS("c", "a", "x"),
    "wasb://c@a.blob.core.windows.net/x": official.WASBS("c", "a", "x"),
    "pubsub://projects/p/topics/t": official.PubSubNaming(official.PubSubResourceType.TOPIC, "p", "t"),
    "pubsub:projects/p/subscriptions/s": official.PubSubNaming(official.PubSubResourceType.SUBSCRIPTION, "p", "s"),
}
OTHERS = {
    "fabric-warehouse://x.datawarehouse.fabric.microsoft.com/d/s/t": (
        "fabric-warehouse://x.datawarehouse.fabric.microsoft.com",
        "d.s.t",
    ),
    "unitycatalog://h/c/s/t": ("unitycatalog://h", "c.s.t"),
    "unitycatalog://h:8443/c/s/t": ("unitycatalog://h:8443", "c.s.t"),
    "spanner://p:i/d/s/t": ("spanner://p:i", "d.s.t"),
    "spanner://p/i/d/s/t": ("spanner://p:i", "d.s.t"),
    "milvus://h/d/c": ("milvus://h:19530", "d.c"),
    "clickhouse://h:9000/d/t": ("clickhouse://h:9000", "d.t"),
    "sqlserver://h/d/s/t": ("sqlserver://h:1433", "d.s.t"),
    "azure://acct.blob.core.windows.net/c/dir/x": ("wasbs://c@acct.dfs.core.windows.net", "dir/x"),
    "az://c@acct.blob.core.windows.net/x": ("wasbs://c@acct.dfs.core.windows.net", "x"),
    "arn:aws:s3:::bucket/a/b": ("s3://bucket", "a/b"),
    "arn:aws:s3:::bucket": ("s3://bucket", "/"),
    "s3://bucket/a#b": ("s3://bucket", "a#b"),
    "kafka://a:9092,b:9092/topic": ("kafka://a:9092", "topic"),
    "postgres://scott@h/d/s/t": ("postgres://h:5432", "d.s.t"),
    "postgres://scott:tiger@h/d/s/t": ("postgres://h:5432", "d.s.t"),
    "POSTGRES://h/d/s/t": ("postgres://h:5432", "d.s.t"),
    "x-custom://thing/1": ("x-custom://thing", "1"),
    "x-custom://scott:tiger@thing:8/1/2/": ("x-custom://thing:8", "1/2"),
    "x-custom://thing": ("x-custom://thing", "/"),
    "https://h/x?b=2&a=1": ("https://h", "x?a=1&b=2"),
    "https://h/x?a=1&access_token=abcdef": ("https://h", "x?a=1"),
    "http://h/x": ("http://h", "x"),
    "https://lake.s3.amazonaws.com/a/b": ("s3://lake", "a/b"),
    "https://my.lake.s3.eu-west-1.amazonaws.com/a": ("s3://my.lake", "a"),
    "https://s3.amazonaws.com/lake/a/b": ("s3://lake", "a/b"),
    "https://s3-website.example.com/lake/a": ("https://s3-website.example.com", "lake/a"),
    "https://lake.s3-website-eu-west-1.amazonaws.com/a": ("https://lake.s3-website-eu-west-1.amazonaws.com", "a"),
    "https://lake.s3.amazonaws.com/a?list-type=2": ("https://lake.s3.amazonaws.com", "a?list-type=2"),
    "https://storage.googleapis.com/lake/a": ("gs://lake", "a"),
    "https://a.blob.core.windows.net/c/x": ("wasbs://c@a.dfs.core.windows.net", "x"),
    "https://a.blob.core.windows.net/c": ("https://a.blob.core.windows.net", "c"),
    "custom:///only/path": ("custom", "only/path"),
}
UNRESOLVED: dict[str, GapReason] = {
    "": "name",
    "orders": "name",
    "orders:daily": "name",
    "C:/data/x.csv": "name",
    "/data/x.csv": "name",
    "s3://": "name",
    "s3:///key": "name",
    "file:data/x.csv": "name",
    "file://./data/x.csv": "name",
    "file://~/x.csv": "name",
    "postgres://h/d/t": "name",
    "postgres://h/d/s/t/more": "name",
    "postgres:///d/s/t": "name",
    "postgres://h:x/d/s/t": "name",
    "mysql://h//t": "name",
    "bigquery://p/d": "name",
    "bigquery://p/d/t/more": "name",
    "kafka://h": "name",
    "pubsub://p/t": "name",
    "arn:aws:dynamodb:eu-west-1:1:table/t": "name",
    "arn:aws:glue:eu-west-1:1:database/d": "name",
    "abfss://container/path": "name",
    "az://container/path": "name",
    "azure://acct.blob.core.windows.net": "name",
    "wasbs://account.blob.core.windows.net/x": "name",
    "dbfs:/mnt/x": "name",
    "hdfs:///x": "name",
    "spanner://p/d/s/t": "name",
    "azurecosmos://h/d/t": "name",
    "airflow://x/y": "name",
    "http://[broken/x": "name",
    "https://hooks.slack.com/services/T0/B0/abcdef": "name",
    "s3://bucket/{{ ds }}/x": "template",
    "postgres://{{ conn.x.host }}/d/s/t": "template",
}


@pytest.mark.parametrize("uri", OFFICIAL)
def test_names_of_the_specification(uri: str) -> None:
    named = OFFICIAL[uri]
    assert uri_dataset(uri) == DatasetName(named.get_namespace(), named.get_name())


@pytest.mark.parametrize("uri", OTHERS)
def test_other_names(uri: str) -> None:
    assert uri_dataset(uri) == DatasetName(*OTHERS[uri])


@pytest.mark.parametrize("uri", UNRESOLVED)
def test_unresolved(uri: str) -> None:
    found = uri_dataset(uri)
    assert isinstance(found, Unresolved)
    assert found.reason == UNRESOLVED[uri]


def test_every_scheme_has_a_case() -> None:
    assert set(RULES) <= {uri.partition(":")[0].lower() for uri in (*OFFICIAL, *OTHERS)} | {
        "databricks", "exasol", "ftp", "mariadb", "mongodb", "mssql", "postgresql", "presto", "sftp", "vertica"
    }  # fmt: skip


segments = st.text(st.characters(codec="utf-8", exclude_characters="#"), max_size=8)


@settings(deadline=None)
@given(st.sampled_from([*RULES, "x-y", "https"]), segments, st.lists(segments, max_size=5))
def test_never_raises_and_never_empty(scheme: str, host: str, parts: list[str]) -> None:
    found = uri_dataset(f"{scheme}://{host}/{'/'.join(parts)}")
    if isinstance(found, DatasetName):
        assert found.namespace
        assert found.name


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*RULES, "x-y", "https"]), st.text("abcdefgh0123456789%/:!?#@", min_size=6, max_size=20))
def test_passwords_are_never_shown(scheme: str, password: str) -> None:
    secret = f"S{password}S"
    for rest in ("h/a/b/c", "h/a", "h:1/a/b", "/a/b/c/d", ""):
        shown = repr(uri_dataset(f"{scheme}://scott:{secret}@{rest}"))
        assert not any(part in shown for part in re.split(r"[^a-zA-Z0-9]", secret) if len(part) > 4)


# Assets


HEADER = """
from datetime import datetime
from airflow.sdk import DAG, Asset{}
from airflow.providers.standard.operators.empty import EmptyOperator
with DAG("d", schedule=None, start_date=datetime(2026, 1, 1)):
    EmptyOperator(task_id="t", outlets=[{}], inlets=[{}])
"""


def in_file(outlets: str, inlets: str = "") -> Scope:
    imported = ", AssetAlias" if "AssetAlias" in outlets + inlets else ""
    found = document(HEADER.format(imported, outlets, inlets))
    return Scope(graph=found.graph, pipeline=found.graph.pipelines[0], source=found.source)


@pytest.mark.parametrize(
    ("outlet", "name", "wanted"),
    [
        ('Asset("s3://b/x/")', "s3://b/x/", ("s3://b", "x")),
        ('Asset("orders", uri="s3://b/x")', "orders", ("s3://b", "x")),
        ('Asset("orders", uri="S3://b/x")', "orders", ("s3://b", "x")),
        ('Asset("orders")', "orders", ("asset", "orders")),
        ('Asset("orders:daily")', "orders:daily", ("asset", "orders:daily")),
        ('Asset(name="orders", uri="relative/path")', "orders", ("asset", "orders")),
        ('Asset("orders", uri="s3://b/x")', "s3://b/x", ("s3://b", "x")),
    ],
)
def test_assets(outlet: str, name: str, wanted: tuple[str, str]) -> None:
    assert asset_dataset(name, in_file(outlet)) == DatasetName(*wanted)


@pytest.mark.parametrize(
    ("outlet", "inlet", "name", "wanted"),
    [
        ('Asset("a", uri="s3://b/x")', 'Asset.ref(name="a")', "a", ("s3://b", "x")),
        ('Asset("a", uri="s3://b/x")', 'Asset.ref(uri="s3://b/x")', "s3://b/x", ("s3://b", "x")),
        ("", 'Asset.ref(uri="s3://b/x")', "s3://b/x", ("s3://b", "x")),
        ('AssetAlias("l")', 'Asset.ref(uri="s3://b/x")', "s3://b/x", ("s3://b", "x")),
        ("", 'Asset.ref(name="a")', "a", ("asset", "a")),
        ("", 'AssetNameRef("a")', "a", ("asset", "a")),
        ("", 'AssetNameRef( name = "a" )', "a", ("asset", "a")),
        ("", 'Asset.ref(name="ab")', "a", "opaque"),
        ("", 'Asset.ref(name="a" + "")', "b", "opaque"),
        ("", 'AssetAlias("a")', "a", "runtime"),
        ("", 'AssetAlias("s3://b/x")', "s3://b/x", "runtime"),
        ('Asset("a", uri="s3://b/x")', 'AssetAlias("a")', "a", "runtime"),
        ("", 'Asset("s3://b/{{ ds }}")', "s3://b/{{ ds }}", "template"),
    ],
)
def test_references_and_aliases(outlet: str, inlet: str, name: str, wanted: tuple[str, str] | str) -> None:
    found = asset_dataset(name, in_file(outlet, inlet))
    if isinstance(wanted, tuple):
        assert found == DatasetName(*wanted)
    else:
        assert isinstance(found, Unresolved)
        assert found.reason == wanted


def test_the_parameters_of_an_asset_are_names_of_assets() -> None:
    text = """
        from airflow.sdk import asset
        @asset(uri="s3://b/x", schedule=None)
        def made(a):
            pass
    """
    found = document(text)
    scope = Scope(graph=found.graph, pipeline=found.graph.pipelines[0], source=found.source)
    assert [task.inlets for task in scope.pipeline.tasks] == [("a",)]
    assert asset_dataset("a", scope) == DatasetName("asset", "a")
    assert isinstance(asset_dataset("b", scope), Unresolved)


def test_a_reference_leads_to_the_dataset_that_another_file_declares() -> None:
    """The names differ, and the events of both say that they are one."""
    there = document(HEADER.format("", 'Asset("a", uri="s3://b/x")', ""))
    here = document(HEADER.format("", "", 'Asset.ref(name="a")').replace('DAG("d"', 'DAG("e"'))
    network = Network()
    for one in (there, here):
        lineage = extract(one)
        for event in file_events(one, lineage, options=LineageOptions(), event_time=datetime(2026, 1, 1, tzinfo=UTC)):
            network.add(event)
    upstream = [str(step.end) for step in walk(network, JobName("default", "e.t"), "upstream")]
    assert upstream[:3] == ["asset/a", "s3://b/x", "d.t"]
