"""Connections, and the databases behind them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport.graph import FileGraph, Pipeline, Schedule
from dagport.options import Deployment
from dagport.source import Source
from dagport_lineage.model import DatasetName, GapReason, Unresolved
from dagport_lineage.naming.connections import PUBLIC, connection, database
from dagport_lineage.naming.database import Connection, Database, Folding
from dagport_lineage.naming.platforms import PLATFORMS, Given, database_of, is_redshift
from dagport_lineage.naming.uris import RULES, uri_dataset
from dagport_lineage.rendering import partly_rendered
from dagport_lineage.scope import Scope
from tests.lineage.rendering.scopes import TASK


def scope(connections: dict[str, Any], environment: dict[str, str] | None = None) -> Scope:
    texts = {name: fields if isinstance(fields, str) else json.dumps(fields) for name, fields in connections.items()}
    return Scope(
        graph=FileGraph(path="a.py", orchestrator="airflow"),
        pipeline=Pipeline(id="d", exact=True, schedule=Schedule(kind="manual")),
        source=Source("a.py", ""),
        deployment=Deployment(connections=texts, environment=environment or {}),
    )


def test_a_connection_shows_what_names_are_made_of() -> None:
    uri = "postgresql://scott:tiger@db.example:5433/shop?region=eu-west-1&sslpassword=lion&redshift=true"
    found = connection("pg", scope({"pg": uri}))
    assert not isinstance(found, Unresolved)
    assert (found.id, found.type, found.host, found.port, found.schema) == (
        "pg",
        "postgres",
        "db.example",
        5433,
        "shop",
    )
    assert dict(found.extra) == {"region": "eu-west-1", "redshift": "true"}
    assert not {"scott", "tiger", "lion"} & set(repr(found).replace("'", " ").split())


def test_the_environment_goes_before_the_file() -> None:
    both = scope({"pg": "postgres://file/x"}, {"AIRFLOW_CONN_PG": "postgres://environment/x"})
    found = connection("pg", both)
    assert not isinstance(found, Unresolved)
    assert found.host == "environment"


@pytest.mark.parametrize(
    ("extra", "wanted"),
    [
        ('{"account": "org-acct", "private_key_content": "xyz"}', {"account": "org-acct"}),
        ({"extra__snowflake__account": "long", "role": "r"}, {"account": "long", "role": "r"}),
        ({"extra__snowflake__account": "long", "account": "short"}, {"account": "short"}),
        ({"keyfile_dict": '{"project_id": "p", "private_key": "xyz"}'}, {"keyfile_project": "p"}),
        ({"keyfile_dict": {"project_id": "p", "private_key": "xyz"}}, {"keyfile_project": "p"}),
        ({"database": ["not", "a", "text"], "catalog": None}, {}),
        ({"host": "https://scott:tiger@h"}, {}),
        ({"options": "-c search_path=sales -c x=y"}, {"search_path": "sales"}),
        ("[1]", {}),
        ("{", {}),
    ],
)
def test_extras(extra: Any, wanted: dict[str, Any]) -> None:
    found = connection("c", scope({"c": {"conn_type": "x", "extra": extra}}))
    assert not isinstance(found, Unresolved)
    assert dict(found.extra) == wanted


def test_an_extra_in_a_uri() -> None:
    found = connection("c", scope({"c": "snowflake://u:p@/public?__extra__=%7B%22account%22%3A+%22a-b%22%7D"}))
    assert not isinstance(found, Unresolved)
    assert found.setting("account") == "a-b"


@pytest.mark.parametrize(
    ("host", "shown"), [("scott:tiger@h", "h"), ("https://scott:tiger@h/x", "https://h/x"), ("scott@h:80", "h:80")]
)
def test_a_login_in_the_host(host: str, shown: str) -> None:
    found = connection("c", scope({"c": {"conn_type": "http", "host": host}}))
    assert not isinstance(found, Unresolved)
    assert found.host == shown


@pytest.mark.parametrize("text", [None, "", "{broken", "a://b://c://d", '["x"]'])
def test_connections_that_are_not_known(text: str | None) -> None:
    found = connection("c", scope({} if text is None else {"c": text}))
    assert isinstance(found, Unresolved) or not found.host


def pg(**more: Any) -> dict[str, Any]:
    return {"conn_type": "postgres", "host": "h", "schema": "shop", **more}


# Fields of the connection, what the operator asks for, a table as SQL names it, its dataset.
NAMED: list[tuple[dict[str, Any], dict[str, Any], str, tuple[str, str]]] = [
    (pg(), {}, "orders", ("postgres://h:5432", "shop.public.orders")),
    (pg(), {}, "s.orders", ("postgres://h:5432", "shop.s.orders")),
    (pg(), {}, "other.s.orders", ("postgres://h:5432", "other.s.orders")),
    (pg(), {"database": "b"}, "orders", ("postgres://h:5432", "b.public.orders")),
    (pg(), {"schema": "s"}, "orders", ("postgres://h:5432", "shop.s.orders")),
    (pg(port=5433), {}, "orders", ("postgres://h:5433", "shop.public.orders")),
    (pg(host="H.Example"), {}, "orders", ("postgres://h.example:5432", "shop.public.orders")),
    (pg(host="::1"), {}, "orders", ("postgres://[::1]:5432", "shop.public.orders")),
    (pg(host="h:6000"), {}, "orders", ("postgres://h:6000", "shop.public.orders")),
    (pg(extra={"options": "-c search_path=sales"}), {}, "orders", ("postgres://h:5432", "shop.sales.orders")),
    (pg(conn_type="mysql"), {}, "orders", ("mysql://h:3306", "shop.orders")),
    (pg(conn_type="mariadb"), {}, "orders", ("mysql://h:3306", "shop.orders")),
    (pg(conn_type="mssql"), {}, "orders", ("mssql://h:1433", "shop.dbo.orders")),
    (pg(conn_type="vertica"), {}, "orders", ("vertica://h:5433", "shop.public.orders")),
    (pg(conn_type="teradata"), {}, "orders", ("teradata://h:1025", "shop.orders")),
    (pg(conn_type="clickhouse"), {}, "orders", ("clickhouse://h:9000", "shop.orders")),
    (pg(conn_type="exasol"), {}, "ORDERS", ("exasol://h:8563", "SHOP.ORDERS")),
    (pg(conn_type="cassandra"), {}, "orders", ("cassandra://h:9042", "shop.orders")),
    (pg(conn_type="hiveserver2"), {}, "orders", ("hive://h:10000", "shop.orders")),
    (pg(conn_type="hive_cli", schema=None), {}, "orders", ("hive://h:10000", "default.orders")),
    (pg(conn_type="db2"), {"schema": "S"}, "ORDERS", ("db2://h:50000", "SHOP.S.ORDERS")),
    (pg(conn_type="trino", extra={"catalog": "Lake"}), {}, "orders", ("trino://h:8080", "lake.shop.orders")),
    (pg(conn_type="trino"), {}, "orders", ("trino://h:8080", "hive.shop.orders")),
    (pg(conn_type="presto"), {}, "s.orders", ("presto://h:8080", "hive.s.orders")),
    (
        pg(conn_type="databricks", host="https://h/"),
        {"database": "c"},
        "orders",
        ("databricks://h", "c.default.orders"),
    ),
    (pg(conn_type="databricks"), {"database": "c"}, "s.orders", ("databricks://h", "c.s.orders")),
    (
        {"conn_type": "snowflake", "schema": "public", "extra": {"account": "Org-Acct", "database": "shop"}},
        {},
        "ORDERS",
        ("snowflake://org-acct", "SHOP.PUBLIC.ORDERS"),
    ),
    (
        {"conn_type": "redshift", "host": "cl.x.eu-west-1.redshift.amazonaws.com", "schema": "dev"},
        {},
        "orders",
        ("redshift://cl.eu-west-1:5439", "dev.public.orders"),
    ),
    (
        {"conn_type": "oracle", "host": "h", "schema": "sales", "extra": {"service_name": "svc"}},
        {},
        "ORDERS",
        ("oracle://h:1521", "svc.SALES.ORDERS"),
    ),
    (
        {"conn_type": "oracle", "host": "h", "schema": "svc"},
        {},
        "SALES.ORDERS",
        ("oracle://h:1521", "svc.SALES.ORDERS"),
    ),
    ({"conn_type": "google_cloud_platform", "extra": {"project": "p"}}, {}, "d.t", ("bigquery", "p.d.t")),
    ({"conn_type": "gcpbigquery"}, {"database": "p", "schema": "d"}, "t", ("bigquery", "p.d.t")),
    (
        {"conn_type": "athena", "schema": "sales", "extra": {"region_name": "eu-west-1"}},
        {},
        "t",
        ("awsathena://athena.eu-west-1.amazonaws.com", "AwsDataCatalog.sales.t"),
    ),
    (
        {"conn_type": "aws", "extra": {"region_name": "eu-west-1"}},
        {"type_": "athena", "schema": "d"},
        "t",
        ("awsathena://athena.eu-west-1.amazonaws.com", "AwsDataCatalog.d.t"),
    ),
    (
        {"conn_type": "gcpspanner", "extra": {"project_id": "p", "instance_id": "i", "database_id": "d"}},
        {"schema": "s"},
        "t",
        ("spanner://p:i", "d.s.t"),
    ),
    ({"conn_type": "sqlite", "host": "/data/x.db"}, {}, "t", ("sqlite:///data/x.db", "main.t")),
    ({"conn_type": "duckdb", "host": "/data/x.duckdb"}, {}, "s.t", ("duckdb:///data/x.duckdb", "s.t")),
    (
        {"conn_type": "jdbc", "host": "jdbc:postgresql://h:5433/shop?ssl=true"},
        {},
        "t",
        ("postgres://h:5433", "shop.public.t"),
    ),
    (
        {"conn_type": "jdbc", "host": "jdbc:sqlserver://h:1434;databaseName=shop;encrypt=true"},
        {},
        "t",
        ("mssql://h:1434", "shop.dbo.t"),
    ),
    (
        {"conn_type": "jdbc", "host": "jdbc:trino://h:8080/lake/s"},
        {"type_": "jdbc"},
        "t",
        ("trino://h:8080", "lake.s.t"),
    ),
    (pg(conn_type="redshift"), {"type_": "postgres"}, "t", ("postgres://h:5432", "shop.public.t")),
]


@pytest.mark.parametrize(("fields", "asked", "table", "wanted"), NAMED)
def test_tables(fields: dict[str, Any], asked: dict[str, Any], table: str, wanted: tuple[str, str]) -> None:
    found = database("c", scope({"c": fields}), **asked)
    assert found.dataset(table.split(".")) == DatasetName(*wanted)


UNNAMED: list[tuple[dict[str, Any] | None, dict[str, Any], str, GapReason]] = [
    (None, {}, "t", "connection"),
    (None, {"type_": "postgres"}, "t", "connection"),
    (None, {"type_": "bigquery"}, "d.t", "connection"),
    ({"conn_type": "postgres", "schema": "shop"}, {}, "t", "connection"),
    ({"conn_type": "postgres", "host": "h"}, {}, "t", "connection"),
    ({"host": "h"}, {}, "t", "connection"),
    (pg(), {}, "a.b.c.d", "name"),
    (pg(extra={"options": "-csearch_path=a,b"}), {}, "t", "connection"),
    (pg(conn_type="http"), {}, "t", "name"),
    (pg(conn_type="spark_sql"), {}, "t", "name"),
    (pg(conn_type="mysql", schema=None), {}, "t", "connection"),
    (pg(conn_type="mysql"), {}, "a.b.c", "name"),
    (pg(conn_type="databricks"), {}, "t", "connection"),
    (pg(conn_type="oracle", schema=None), {}, "T", "connection"),
    (pg(conn_type="oracle"), {}, "T", "connection"),  # what it has is the service, and not the user's schema
    (pg(conn_type="oracle", schema=None, extra={"sid": "XE"}), {}, "T", "connection"),
    ({"conn_type": "snowflake", "extra": {"database": "d"}}, {}, "S.T", "connection"),
    ({"conn_type": "snowflake", "extra": {"account": "a-b", "database": "d"}}, {}, "T", "connection"),
    ({"conn_type": "redshift", "extra": {"iam": True, "cluster_identifier": "c"}}, {}, "t", "connection"),
    ({"conn_type": "redshift", "schema": "dev"}, {}, "t", "connection"),
    ({"conn_type": "athena", "schema": "s"}, {}, "t", "connection"),
    ({"conn_type": "google_cloud_platform"}, {}, "d.t", "connection"),
    ({"conn_type": "gcpspanner", "extra": {"project_id": "p"}}, {}, "d.s.t", "connection"),
    ({"conn_type": "sqlite", "host": "x.db"}, {}, "t", "connection"),
    ({"conn_type": "sqlite", "host": ":memory:"}, {}, "t", "connection"),
    ({"conn_type": "duckdb"}, {}, "t", "connection"),
    ({"conn_type": "jdbc", "host": "jdbc:unknown:thing"}, {}, "t", "name"),
    (pg(host="h:x"), {}, "t", "connection"),
    (pg(host="h1,h2"), {}, "t", "connection"),
]


@pytest.mark.parametrize(("fields", "asked", "table", "reason"), UNNAMED)
def test_tables_without_a_name(
    fields: dict[str, Any] | None, asked: dict[str, Any], table: str, reason: GapReason
) -> None:
    found = database("c", scope({} if fields is None else {"c": fields}), **asked).dataset(table.split("."))
    assert isinstance(found, Unresolved)
    assert found.reason == reason


def test_what_an_operator_says_without_its_connection() -> None:
    nothing = scope({})
    assert database("c", nothing, type_="bigquery", database="p").dataset(["d", "t"]) == DatasetName(
        "bigquery", "p.d.t"
    )
    athena = database("c", nothing, type_="athena", region="eu-west-1", database="Cat", schema="d")
    assert athena.dataset(["t"]) == DatasetName("awsathena://athena.eu-west-1.amazonaws.com", "cat.d.t")
    assert isinstance(database("c", nothing, type_="athena", region="eu-west-1").dataset(["d", "t"]), Unresolved)


@pytest.mark.parametrize(
    ("type_", "dialect", "folding"),
    [
        ("postgres", "postgres", "lower"),
        ("snowflake", "snowflake", "upper"),
        ("oracle", "oracle", "upper"),
        ("mssql", "tsql", "none"),
        ("mysql", "mysql", "none"),
        ("bigquery", "bigquery", "none"),
        ("athena", "athena", "lower"),
        ("trino", "trino", "lower"),
        ("gcpbigquery", "bigquery", "none"),
    ],
)
def test_dialects(type_: str, dialect: str, folding: Folding) -> None:
    for found in (database("c", scope({}), type_=type_), database("c", scope({"c": {"conn_type": type_}}))):
        assert (found.dialect, found.folding) == (dialect, folding)


def test_a_dialect_alone() -> None:
    found = database("c", scope({}), dialect="snowflake")
    assert (found.dialect, found.folding, found.depth) == ("snowflake", "upper", 1)
    assert database("c", scope({"c": pg()}), dialect="duckdb").dialect == "duckdb"


# Secrets


secrets = st.text("abcdefghijklmnopqrstuvwxyz0123456789!$*_", min_size=8, max_size=20).map("S3{}".format)
types = st.sampled_from(["postgres", "snowflake", "mysql", "databricks", "redshift", "oracle", "athena", "jdbc", "x"])
private = st.text("abcdefghij_", min_size=1, max_size=12).filter(lambda name: name not in PUBLIC)


@settings(max_examples=60, deadline=None)
@given(types, secrets, secrets, st.dictionaries(private, secrets, max_size=4))
def test_no_secret_in_any_output(type_: str, login: str, password: str, extra: dict[str, str]) -> None:
    fields = {"conn_type": type_, "host": "h.example", "login": login, "password": password, "extra": extra}
    uri = f"{type_}://{login}:{password}@h.example/db?{'&'.join(f'{name}={value}' for name, value in extra.items())}"
    given_ones = scope({"object": fields, "uri": uri})
    shown: list[Any] = []
    for conn_id in ("object", "uri", "none"):
        found: Database = database(conn_id, given_ones)
        shown += [connection(conn_id, given_ones), found, found.dataset(["t"]), found.dataset(["a", "b", "c", "d"])]
        for field in ("host", "password", "login", "extra", "extra_dejson", "get_uri()", "as_json()"):
            shown.append(partly_rendered(f"{{{{ conn.{conn_id}.{field} }}}}", TASK, given_ones))
    shown.append(uri_dataset(uri) if type_ in RULES else None)  # where the scheme isn't known, the query is a name's
    for secret in (login, password, *extra.values()):
        assert secret not in repr(shown)


@pytest.mark.parametrize("kind", PLATFORMS)
@given(st.text("aAbBzZ_1", min_size=1, max_size=6))
@settings(max_examples=30, deadline=None)
def test_a_table_has_one_name_inside_and_outside_of_sql(kind: str, written: str) -> None:
    """Small letters outside of SQL are what SQL makes of a name without quotes; where case doesn't matter, any are."""
    found = database_of(Given(connection=Connection(id="c", type=kind)), kind, None)
    folds: dict[str, Callable[[str], str]] = {"lower": str.lower, "upper": str.upper, "none": str}
    fold = folds[found.folding]
    assert found.kept(fold(written.lower())) == found.meant(written.lower())
    assert found.kept(found.kept(written)) == found.kept(written)
    if found.caseless:
        assert found.kept(fold(written)) == found.kept(written) == found.meant(written.swapcase())
    else:
        assert found.kept(written) == written


def test_the_catalog_of_athena_is_spelled_as_the_provider_does() -> None:
    found = database("c", scope({"c": {"conn_type": "athena", "extra": {"region_name": "eu-west-1"}}}))
    names = {found.dataset([catalog, "D", "T"]) for catalog in ("awsdatacatalog", "AwsDataCatalog", "AWSDATACATALOG")}
    assert names == {DatasetName("awsathena://athena.eu-west-1.amazonaws.com", "AwsDataCatalog.d.t")}


@pytest.mark.parametrize(
    ("host", "yes"),
    [
        ("c1.abc.eu-west-1.redshift.amazonaws.com", True),
        ("C1.abc.eu-west-1.redshift.amazonaws.com", True),
        ("wg.1.eu-west-1.redshift-serverless.amazonaws.com", True),
        ("c1.abc.eu-west-1.rds.amazonaws.com", False),
        ("redshift.example", False),
        (None, False),
    ],
)
def test_redshift_by_its_host(host: str | None, yes: bool) -> None:
    assert is_redshift(host) == yes


@pytest.mark.parametrize(
    ("url", "table", "wanted"),
    [
        ("jdbc:oracle:thin:@//h:1600/svc", "S.T", ("oracle://h:1600", "svc.S.T")),
        ("jdbc:oracle:thin:@h:1521:sid", "S.T", ("oracle://h:1521", "sid.S.T")),
        ("jdbc:oracle:thin:scott/tiger@//h/svc", "S.T", ("oracle://h:1521", "svc.S.T")),
        (
            "jdbc:redshift:iam://cl.x.eu-west-1.redshift.amazonaws.com/d",
            "s.t",
            ("redshift://cl.eu-west-1:5439", "d.s.t"),
        ),
        ("jdbc:sqlserver://h;databaseName=d", "s.t", ("mssql://h:1433", "d.s.t")),
        ("jdbc:mysql://h/d?useSSL=true", "t", ("mysql://h:3306", "d.t")),
        ("jdbc:mysql:loadbalance://h,i/d", "t", None),
        ("jdbc:postgresql://h:5432,i:5432/d", "d.s.t", None),
        ("jdbc:sqlserver://h\\instance;databaseName=d", "d.s.t", None),
        ("jdbc:oracle:thin:@alias", "S.T", None),
        ("jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(HOST=h)))", "S.T", None),
    ],
)
def test_databases_by_jdbc(url: str, table: str, wanted: tuple[str, str] | None) -> None:
    found = database("c", scope({"c": {"conn_type": "jdbc", "host": url}}))
    assert "tiger" not in repr(found)
    name = found.dataset(table.split("."))
    assert isinstance(name, Unresolved) if wanted is None else name == DatasetName(*wanted)
