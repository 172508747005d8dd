"""The kinds of databases: how each is named, what it speaks, and what a connection to it says.

Sources: the Naming page of the OpenLineage specification, and ``get_openlineage_database_info`` of the hooks of
Airflow's providers, so that the namespaces are those of the events of a run. Where the two differ, the comment at the
entry says which one it follows. What neither names (SQLite, DuckDB, ClickHouse, ...) has a rule of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from dagport_lineage.model import Unresolved
from dagport_lineage.naming.database import Connection, Database, Folding
from dagport_lineage.naming.storage import authority

CLOUDS = ("aws", "gcp", "azure")
REDSHIFT_HOST = re.compile(r"([^.]+)\.[^.]+\.([^.]+)\.[^.]+\.amazonaws\.com(?:\.cn)?")
SNOWFLAKE_DOMAIN = re.compile(r"\.snowflakecomputing\.(com|cn)$")
HOST = re.compile(r"[\w.:%-]+")
CLICKHOUSE_PORT = 9000  # of its own protocol
CLICKHOUSE_PORTS = (8123, 8443, 9440)  # of HTTP, HTTPS, and its own protocol encrypted
IN_MEMORY = (":memory:", "memory", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is known of a database: its connection, and what the operator asks for in place of what that says."""

    connection: Connection | Unresolved
    database: str | None = None
    schema: str | None = None
    region: str | None = None

    @property
    def known(self) -> Connection:
        """The connection; one that says nothing where it isn't known."""
        return Connection(id="", type="") if isinstance(self.connection, Unresolved) else self.connection

    def missing(self, what: str) -> Unresolved:
        """Why there is no namespace: the connection isn't known, or doesn't say something."""
        if isinstance(self.connection, Unresolved):
            return self.connection
        return Unresolved("connection", f"the connection `{self.connection.id}` doesn't say the {what}")


Defaults: TypeAlias = "tuple[str | None, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One kind of database."""

    namespace: Callable[[Given], str | Unresolved]
    defaults: Callable[[Given], Defaults]
    dialect: str | None
    folding: Folding = "lower"
    caseless: bool = False  # see ``Database``


# Namespaces


def _server(scheme: str, port: int | None = None) -> Callable[[Given], str | Unresolved]:
    """``scheme://host:port``; the port is the one that the hook takes where none is given."""

    def namespace(given: Given) -> str | Unresolved:
        host, own_port = host_of(given.known)
        if host is None:
            return given.missing("host")
        return f"{scheme}://{authority(host, own_port or port)}"

    return namespace


def host_of(connection: Connection, host: str | None = None) -> tuple[str | None, int | None]:
    """The host and the port of a connection; the host may be written as the beginning of a URL."""
    text = (host or connection.host or "").strip().lower()
    if "://" not in text:
        text = f"//{text}" if text.count(":") < 2 or text.startswith("[") else f"//[{text}]"
    try:
        parts = urlsplit(text)
        found, port = parts.hostname, connection.port or parts.port
    except ValueError:
        return None, None
    return (found if found and HOST.fullmatch(found) else None), port  # several hosts are no name


def _snowflake(given: Given) -> str | Unresolved:
    known = given.known
    account, region, host = known.setting("account"), known.setting("region"), known.setting("host")
    if account is None:
        return given.missing("account")
    return f"snowflake://{snowflake_account(host or (f'{account}.{region}' if region else account))}"


def snowflake_account(text: str) -> str:
    """An account identifier as the events of Airflow's provider have it (``fix_account_name``).

    ``organization-account`` stays; an account locator becomes ``locator.region.cloud``, by default ``us-west-1`` and
    ``aws``.
    """
    name = SNOWFLAKE_DOMAIN.sub("", text.lower())
    if "-" not in name and "_" not in name:
        return f"{name}.us-west-1.aws"
    parts = name.split(".")
    if len(parts) > 1:
        return ".".join([*parts[:2], parts[2] if len(parts) > 2 else "aws"])
    cloud = next((cloud for cloud in CLOUDS if cloud in name), None)
    if cloud is None:
        return name
    account, region = (part.strip("-_.") for part in name.split(cloud)[:2])
    return f"{account}.{region.replace('_', '-')}.{cloud}" if region else name


def _redshift(given: Given) -> str | Unresolved:
    """``cluster.region``, from the host, or from the settings where it is reached by its cluster's name."""
    known = given.known
    host, port = host_of(known)
    cluster = known.setting("cluster_identifier", "cluster-identifier")
    by_name = cluster is not None and known.setting("iam", "redshift") is not None
    if by_name or (host is None and cluster is not None):
        if given.region is None:
            return given.missing("region of the cluster")
        return f"redshift://{cluster}.{given.region}:{port or 5439}"
    if host is None:
        return given.missing("host")
    if known.type in ("postgres", "postgresql") and known.setting("redshift"):
        # The hook for Postgres takes the first part of any host for the cluster, and the region from elsewhere.
        by_region = f"redshift://{host.split('.')[0]}.{given.region}:{port or 5439}"
        return by_region if given.region else redshift_server(host, port)
    return redshift_server(host, port)


def is_redshift(host: str | None) -> bool:
    """Whether a host is that of a cluster or a workgroup of Redshift."""
    name = (host or "").lower()
    return ".redshift" in name and REDSHIFT_HOST.fullmatch(name) is not None


def redshift_server(host: str, port: int | None) -> str:
    """A cluster or a workgroup by the host that it is reached by."""
    named = REDSHIFT_HOST.fullmatch(host)
    return f"redshift://{'.'.join(named.groups()) if named else host}:{port or 5439}"


def _athena(given: Given) -> str | Unresolved:
    if given.region is None:
        return given.missing("region")
    return f"awsathena://athena.{given.region}.{given.known.setting('aws_domain') or 'amazonaws.com'}"


def _databricks(given: Given) -> str | Unresolved:
    host, _ = host_of(given.known, given.known.setting("host"))  # the port isn't part of it
    return given.missing("host") if host is None else f"databricks://{host}"


def _spanner(given: Given) -> str | Unresolved:
    # By the specification; the provider writes a slash for the colon, and no name that could be matched.
    project, instance = given.known.setting("project_id", "project"), given.known.setting("instance_id")
    return f"spanner://{project}:{instance}" if project and instance else given.missing("project and the instance")


def _clickhouse(given: Given) -> str | Unresolved:
    host, port = host_of(given.known)
    return given.missing("host") if host is None else clickhouse_server(host, port)


def clickhouse_server(host: str, port: int | None) -> str:
    """A server of ClickHouse: it listens to several protocols, each with a port of its own."""
    return f"clickhouse://{authority(host, CLICKHOUSE_PORT if port is None or port in CLICKHOUSE_PORTS else port)}"


def _local_file(scheme: str) -> Callable[[Given], str | Unresolved]:
    """A database that is a file: the namespace has its path, which must be absolute to mean one file."""

    def namespace(given: Given) -> str | Unresolved:
        path = (given.known.host or "").removeprefix("file:").partition("?")[0]
        if path in IN_MEMORY:
            return given.missing("file")
        return f"{scheme}://{path}" if path.startswith("/") else given.missing("absolute path of its file")

    return namespace


# Defaults


def _schema_as_database(given: Given) -> str | None:
    """What Airflow calls the schema of a connection is the database, for most."""
    return given.database or given.known.schema


def _one(default: str | None = None) -> Callable[[Given], Defaults]:
    return lambda given: (given.database or given.schema or given.known.schema or default,)


def _two(default: str | None) -> Callable[[Given], Defaults]:
    return lambda given: (_schema_as_database(given), given.schema or default)


def _upper(defaults: Callable[[Given], Defaults]) -> Callable[[Given], Defaults]:
    return lambda given: _folded(defaults(given), "upper")


def _catalog(default: str | None, schema: str | None = None) -> Callable[[Given], Defaults]:
    """Catalog and schema; a connection that isn't known may have another catalog than the hook's default."""

    def defaults(given: Given) -> Defaults:
        if isinstance(given.connection, Unresolved):
            return _folded((given.database, given.schema), "lower")
        known = given.connection
        catalog = given.database or known.setting("catalog") or default
        return _folded((catalog, given.schema or known.schema or schema), "lower")

    return defaults


def _athena_defaults(given: Given) -> Defaults:
    known = given.known
    asked = None if isinstance(given.connection, Unresolved) else known.setting("catalog") or "AwsDataCatalog"
    return given.database or asked, given.schema or known.schema or "default"


def _postgres_defaults(given: Given) -> Defaults:
    path = given.known.setting("search_path")
    schema = "public" if path is None else None if "," in path or "$" in path else path
    return _schema_as_database(given), given.schema or schema


def _bigquery_defaults(given: Given) -> Defaults:
    project = given.known.setting("project", "keyfile_project")
    return given.database or project, given.schema


def _snowflake_defaults(given: Given) -> Defaults:
    known = given.known
    return _folded((given.database or known.setting("database"), given.schema or known.schema), "upper")


def _oracle_defaults(given: Given) -> Defaults:
    """The service, and the schema where the connection has both; else the schema is the user's own."""
    known = given.known
    service = known.setting("service_name")
    schema = given.schema or (known.schema if service else None)
    return given.database or service or known.setting("sid") or known.schema, _folded((schema,), "upper")[0]


def _databricks_defaults(given: Given) -> Defaults:
    return _folded((given.database, given.schema or "default"), "lower")


def _spanner_defaults(given: Given) -> Defaults:
    return given.database or given.known.setting("database_id"), given.schema


def _folded(names: Defaults, folding: Folding) -> Defaults:
    fold = str.upper if folding == "upper" else str.lower
    return tuple(name if name is None else fold(name) for name in names)


PLATFORMS: dict[str, Platform] = {
    "athena": Platform(namespace=_athena, defaults=_athena_defaults, dialect="athena", caseless=True),
    "bigquery": Platform(
        namespace=lambda given: "bigquery", defaults=_bigquery_defaults, dialect="bigquery", folding="none"
    ),
    "cassandra": Platform(namespace=_server("cassandra", 9042), defaults=_one(), dialect=None),
    "clickhouse": Platform(namespace=_clickhouse, defaults=_one("default"), dialect="clickhouse", folding="none"),
    "databricks": Platform(namespace=_databricks, defaults=_databricks_defaults, dialect="databricks", caseless=True),
    "db2": Platform(namespace=_server("db2", 50000), defaults=_upper(_two(None)), dialect=None, folding="upper"),
    "duckdb": Platform(
        namespace=_local_file("duckdb"), defaults=lambda given: ("main",), dialect="duckdb", caseless=True
    ),
    "exasol": Platform(namespace=_server("exasol", 8563), defaults=_upper(_one()), dialect="exasol", folding="upper"),
    "hive": Platform(namespace=_server("hive", 10000), defaults=_one("default"), dialect="hive", caseless=True),
    "mssql": Platform(namespace=_server("mssql", 1433), defaults=_two("dbo"), dialect="tsql", folding="none"),
    "mysql": Platform(namespace=_server("mysql", 3306), defaults=_one(), dialect="mysql", folding="none"),
    "oracle": Platform(namespace=_server("oracle", 1521), defaults=_oracle_defaults, dialect="oracle", folding="upper"),
    "postgres": Platform(namespace=_server("postgres", 5432), defaults=_postgres_defaults, dialect="postgres"),
    "presto": Platform(namespace=_server("presto", 8080), defaults=_catalog("hive"), dialect="presto", caseless=True),
    "redshift": Platform(namespace=_redshift, defaults=_two("public"), dialect="redshift", caseless=True),
    "snowflake": Platform(namespace=_snowflake, defaults=_snowflake_defaults, dialect="snowflake", folding="upper"),
    "spanner": Platform(namespace=_spanner, defaults=_spanner_defaults, dialect="bigquery", folding="none"),
    "sqlite": Platform(
        namespace=_local_file("sqlite"), defaults=lambda given: ("main",), dialect="sqlite", caseless=True
    ),
    "teradata": Platform(namespace=_server("teradata", 1025), defaults=_one(), dialect="teradata", caseless=True),
    "trino": Platform(namespace=_server("trino", 8080), defaults=_catalog("hive"), dialect="trino", caseless=True),
    "vertica": Platform(namespace=_server("vertica", 5433), defaults=_two("public"), dialect="postgres", caseless=True),
}
TYPES = {
    "gcpbigquery": "bigquery", "gcpspanner": "spanner", "gcp_bigquery": "bigquery", "google_cloud_platform": "bigquery",
    "hive_cli": "hive", "hive_metastore": "hive", "hiveserver2": "hive", "ibm_db2": "db2", "mariadb": "mysql",
    "postgresql": "postgres",
}  # fmt: skip
"""Types of connections by another name."""
FOLDINGS: dict[str, Folding] = {
    platform.dialect: platform.folding for platform in PLATFORMS.values() if platform.dialect is not None
}


def database_of(given: Given, type_: str, dialect: str | None) -> Database:
    """The database of one type of connection; without a namespace where its type has no rule."""
    kind = TYPES.get(type_, type_)
    if kind == "postgres" and is_redshift(given.known.host):
        kind, dialect = "redshift", None  # reached as a Postgres, its tables are the same ones
    platform = PLATFORMS.get(kind)
    if platform is None:
        return Database(namespace=_no_rule(given, type_), dialect=dialect, folding=FOLDINGS.get(dialect or "", "lower"))
    return Database(
        namespace=platform.namespace(given),
        dialect=dialect or platform.dialect,
        defaults=platform.defaults(given),
        folding=platform.folding,
        caseless=platform.caseless,
    )


def _no_rule(given: Given, type_: str) -> Unresolved:
    if isinstance(given.connection, Unresolved):
        return given.connection
    if not type_:
        return given.missing("type")
    return Unresolved("name", f"tables behind connections of the type `{type_}` have no form in the naming rules")
