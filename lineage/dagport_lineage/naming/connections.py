"""Connections that the user gave, without what may be a secret in them.

Source: ``airflow.models.connection``; the environment's ``AIRFLOW_CONN_<ID>`` goes before the file of connections.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from dagport.evaluate.needs import holds_password
from dagport.readers.airflow.connections import PREFIX, read_connection
from dagport_lineage.model import Unresolved
from dagport_lineage.naming.database import Connection, Database, Setting
from dagport_lineage.naming.platforms import Given, database_of
from dagport_lineage.scope import Scope

__all__ = ["Connection", "connection", "database"]

PUBLIC = frozenset({
    "account", "account_name", "aws_conn_id", "aws_domain", "bootstrap.servers", "bucket", "catalog",
    "cluster-identifier", "cluster_identifier", "database", "database_id", "dataset", "driver", "host", "iam",
    "instance_id", "is_serverless", "location", "num_retries", "port", "project", "project_id", "protocol", "redshift",
    "region", "region_name", "role", "schema", "service_name", "sid", "sqlalchemy_scheme", "warehouse", "work_group",
    "workgroup",
})  # fmt: skip
"""Entries of a connection's extra that names are made of. No other is ever read."""


def connection(conn_id: str, scope: Scope) -> Connection | Unresolved:
    """A connection by its id, or why it isn't known."""
    name = PREFIX + conn_id.upper()
    in_environment = bool(scope.deployment.environment.get(name))
    text = scope.deployment.environment.get(name) or scope.deployment.connections.get(conn_id)
    if not text:
        return Unresolved("connection", f"the connection `{conn_id}` isn't given (see --connections)")
    try:
        fields = read_connection(text, in_environment=in_environment)
    except (ValueError, TypeError, AttributeError):
        return Unresolved("connection", f"the connection `{conn_id}` is neither a URI nor an object in JSON")
    return Connection(
        id=conn_id,
        type=str(fields.get("conn_type") or "").replace("-", "_"),
        host=_host(fields.get("host")),
        port=fields.get("port") or None,
        schema=_public(fields.get("schema")) or None,
        extra=_settings(fields.get("extra")),
    )


def database(
    conn_id: str,
    scope: Scope,
    *,
    dialect: str | None = None,
    type_: str | None = None,
    database: str | None = None,
    schema: str | None = None,
    region: str | None = None,
) -> Database:
    """The database behind a connection.

    ``type_`` is the type of connection that the operator's hook stands for, and ``dialect`` (of sqlglot's) what the
    operator speaks; else the connection's type says both. ``database``, ``schema`` and ``region`` are what the operator
    asks for, in place of what the connection says.
    """
    found = connection(conn_id, scope)
    if not isinstance(found, Unresolved) and found.type == "jdbc":
        found, type_ = from_jdbc(found), None if type_ == "jdbc" else type_
    type_ = type_ or ("" if isinstance(found, Unresolved) else found.type)
    if type_ in ("postgres", "postgresql") and not isinstance(found, Unresolved) and found.setting("redshift"):
        type_ = "redshift"
    given = Given(
        connection=found,
        database=database or None,
        schema=schema or None,
        region=region or (None if isinstance(found, Unresolved) else _region(found, scope)),
    )
    return database_of(given, type_, dialect)


SEARCH_PATH = re.compile(r"-c\s*search_path=([\w,$]+)")
PLACE = r"(?P<host>[^/:;?@(),\\]+)(?::(?P<port>\d+))?"
JDBC = re.compile(rf"jdbc:(?P<kind>\w+):(?:iam:)?//{PLACE}(?:/(?P<rest>[^;?:]*))?(?P<more>[;?].*)?")
JDBC_ORACLE = re.compile(rf"jdbc:(?P<kind>oracle):thin:@(?://)?{PLACE}(?:[/:](?P<rest>[\w.$-]+))?(?P<more>\?.*)?")
ORACLE_LOGIN = re.compile(r"jdbc:oracle:thin:.*@")
JDBC_KINDS = {
    "clickhouse": "clickhouse", "db2": "db2", "hive2": "hive", "mariadb": "mysql", "mysql": "mysql", "oracle": "oracle",
    "postgresql": "postgres", "presto": "presto", "redshift": "redshift", "sqlserver": "mssql", "trino": "trino",
    "vertica": "vertica",
}  # fmt: skip
CATALOGS = ("presto", "trino")
OF_AMAZON = ("athena", "postgres", "postgresql", "redshift")
"""Types of connections whose hooks ask another connection for the region, ``aws_default`` where they name none."""


def from_jdbc(known: Connection) -> Connection:
    """The connection that a JDBC URL in the host says; the same one where its form isn't known."""
    found = JDBC.fullmatch(known.host or "") or JDBC_ORACLE.fullmatch(known.host or "")
    if found is None or found["kind"] not in JDBC_KINDS:
        return known
    kind, rest = JDBC_KINDS[found["kind"]], found["rest"] or ""
    named = re.search(r"(?i);database(?:name)?=([^;]+)", found["more"] or "")
    catalog, _, schema = rest.partition("/")
    return replace(
        known,
        type=kind,
        host=found["host"],
        port=int(found["port"]) if found["port"] else None,
        schema=(schema if kind in CATALOGS else named[1] if named else rest) or None,
        extra={"catalog": catalog} if kind in CATALOGS and catalog else {},
    )


def _region(known: Connection, scope: Scope) -> str | None:
    """The region of an Amazon service: that of the connection to Amazon that it names, or its own."""
    if known.type not in OF_AMAZON:
        return known.setting("region_name", "region")
    aws = connection(known.setting("aws_conn_id") or "aws_default", scope)
    of_aws = None if isinstance(aws, Unresolved) else aws.setting("region_name")
    return of_aws or known.setting("region_name", "region")


def _host(host: Any) -> str | None:
    if not isinstance(host, str) or not host:
        return None
    if ORACLE_LOGIN.match(host):
        return _public(ORACLE_LOGIN.sub("jdbc:oracle:thin:@", host))
    start, mark, rest = host.rpartition("://")
    place, slash, path = rest.partition("/")
    return _public(f"{start}{mark}{place.rpartition('@')[2]}{slash}{path}")


def _public(value: Any) -> str | None:
    """A text that may be shown."""
    return value if isinstance(value, str) and not holds_password(value) else None


def _settings(extra: Any) -> Mapping[str, Setting]:
    """The entries of an extra that may be shown; long names such as ``extra__snowflake__account`` shortened."""
    found: dict[str, Setting] = {}
    for name, value in _entries(extra).items():
        short = name.split("__", 2)[2] if name.startswith("extra__") and name.count("__") > 1 else name
        if short == "keyfile_dict":
            project = _entries(value).get("project_id")
            if isinstance(project, str):
                found.setdefault("keyfile_project", project)
        path = SEARCH_PATH.search(value) if short == "options" and isinstance(value, str) else None
        if path is not None:
            found["search_path"] = path[1]
        public = short in PUBLIC and isinstance(value, str | int) and (not isinstance(value, str) or _public(value))
        if public and (short == name or short not in found):
            found[short] = value
    return found


def _entries(extra: Any) -> Mapping[str, Any]:
    """An extra as an object: JSON, or the query of a URI."""
    if isinstance(extra, Mapping):
        return {str(name): value for name, value in extra.items()}
    if not isinstance(extra, str) or not extra:
        return {}
    if not extra.lstrip().startswith("{"):
        query = dict(parse_qsl(extra, keep_blank_values=True))
        return _entries(query["__extra__"]) if query.get("__extra__", "").lstrip().startswith("{") else query
    try:
        data = json.loads(extra)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
