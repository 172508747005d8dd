"""Tables by their URI: the names are those that SQL over a connection has."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dagport_lineage.model import DatasetName, Unresolved
from dagport_lineage.naming import storage
from dagport_lineage.naming.addresses import Address, Rule, wrong
from dagport_lineage.naming.database import Database
from dagport_lineage.naming.platforms import (
    PLATFORMS,
    clickhouse_server,
    is_redshift,
    redshift_server,
    snowflake_account,
)

PLATFORM_OF = {"awsathena": "athena", "unitycatalog": "databricks"}
THREE = "database/schema/table"
TWO = "database/table"


def _tables(
    form: str, *, port: int | None = None, scheme: str | None = None, place: Callable[[Address], str] | None = None
) -> Rule:
    """Tables behind a host; ``form`` has the parts of a name, such as ``database/schema/table``.

    The specification's own form of a path, with dots, is taken as well. The names are those that SQL over a connection
    has: Airflow's provider takes the host and the case as they are written, so that its assets differ from its runs.
    """
    count = form.count("/") + 1

    def rule(address: Address) -> DatasetName | Unresolved:
        parts = address.segments if len(address.segments) > 1 else address.segments[0].split(".")
        if not address.is_server or len(parts) != count or not all(parts):
            return wrong(f"{address.scheme}://host/{form}")
        kind = scheme or address.scheme
        where = place(address) if place else f"{kind}://{storage.authority(address.host, address.port or port)}"
        return _table_of(kind, where, parts)

    return rule


def _table_of(kind: str, namespace: str, parts: Sequence[str]) -> DatasetName:
    """A table by all the parts of its name, as they stand outside of SQL."""
    known = PLATFORMS.get(PLATFORM_OF.get(kind, kind))
    if known is None:
        return DatasetName(namespace, ".".join(parts))
    database = Database(namespace=namespace, dialect=None, folding=known.folding, caseless=known.caseless)
    first = parts[0] if kind == "oracle" else database.meant(parts[0])  # the name of a service isn't one in SQL
    return DatasetName(namespace, ".".join((first, *map(database.meant, parts[1:]))))


def _snowflake(address: Address) -> str:
    return f"snowflake://{snowflake_account(address.host)}"


def _clickhouse(address: Address) -> str:
    return clickhouse_server(address.host, address.port)


def _redshift(address: Address) -> str:
    return redshift_server(address.host.lower(), address.port)


def _without_port(address: Address) -> str:
    return f"{address.scheme}://{address.host.lower()}"


def _postgres(address: Address) -> DatasetName | Unresolved:
    parts = address.segments
    if is_redshift(address.host):
        return TABLES["redshift"](address)
    if len(parts) == 3 and parts[0] and parts[2] and not parts[1]:
        path = f"{parts[0]}/public/{parts[2]}"  # left out as in SQL; the provider writes `default`
        address = Address(address.scheme, "", address.host, address.port, path, "")
    return _tables("database/schema/table", port=5432, scheme="postgres")(address)


def _mssql(address: Address) -> DatasetName | Unresolved:
    if len(address.segments) == 4:  # the first part is the name of an instance
        address = Address(address.scheme, "", address.host, address.port, "/".join(address.segments[1:]), "")
    return _tables("database/schema/table", port=1433)(address)


def _synapse(address: Address) -> DatasetName | Unresolved:
    form = "schema/table" if len(address.segments) < 3 else "database/schema/table"
    return _tables(form, port=1433)(address)


def _bigquery(address: Address) -> DatasetName | Unresolved:
    dotted = (address.host or address.path).split(".")
    if len(dotted) == 3 and all(dotted) and not (address.host and address.path.strip("/")):
        return DatasetName("bigquery", ".".join(dotted).partition("$")[0])
    parts = [address.host, *address.segments]
    if len(parts) != 3 or not all(parts):
        return wrong("bigquery://project/dataset/table")
    return DatasetName("bigquery", ".".join(parts).partition("$")[0])


def _spanner(address: Address) -> DatasetName | Unresolved:
    project, _, instance = address.authority.partition(":")
    parts = address.segments if instance else address.segments[1:]
    instance = instance or address.segments[0]
    if not (project and instance and len(parts) == 3 and all(parts)):
        return wrong("spanner://project:instance/database/schema/table")
    return DatasetName(f"spanner://{project}:{instance}", ".".join(parts))


def _cosmos(address: Address) -> DatasetName | Unresolved:
    parts = address.segments
    if not address.host or len(parts) != 4 or (parts[0], parts[2]) != ("dbs", "colls") or not all(parts):
        return wrong("azurecosmos://host/dbs/database/colls/collection")
    return DatasetName(f"azurecosmos://{address.authority.lower()}/dbs/{parts[1]}", f"colls/{parts[3]}")


def _kusto(address: Address) -> DatasetName | Unresolved:
    parts = address.segments
    if not address.host or len(parts) != 2 or not all(parts):
        return wrong("azurekusto://cluster.kusto.windows.net/database/table")
    host = address.host.lower().removesuffix(".kusto.windows.net")
    return DatasetName(f"azurekusto://{host}.kusto.windows.net", "/".join(parts))


TABLES: dict[str, Rule] = {
    "awsathena": _tables("catalog/database/table", place=_without_port),
    "azurecosmos": _cosmos,
    "azurekusto": _kusto,
    "bigquery": _bigquery,
    "cassandra": _tables("keyspace/table", port=9042),
    "clickhouse": _tables(TWO, place=_clickhouse),
    "crate": _tables(THREE),
    "databricks": _tables("catalog/schema/table", place=_without_port),
    "db2": _tables(THREE, port=50000),
    "exasol": _tables("schema/table", port=8563),
    "fabric-warehouse": _tables(THREE),
    "hive": _tables(TWO, port=10000),
    "mariadb": _tables(TWO, port=3306, scheme="mysql"),
    "milvus": _tables("database/collection", port=19530),
    "mongodb": _tables("database/collection", port=27017),
    "mssql": _mssql,
    "mysql": _tables(TWO, port=3306),
    "oceanbase": _tables(TWO, port=2881),
    "oracle": _tables("service/schema/table", port=1521),
    "postgres": _postgres,
    "postgresql": _postgres,
    "presto": _tables("catalog/schema/table", port=8080),
    "redshift": _tables(THREE, place=_redshift),
    "snowflake": _tables(THREE, place=_snowflake),
    "spanner": _spanner,
    "sqlserver": _synapse,
    "teradata": _tables(TWO, port=1025),
    "trino": _tables("catalog/schema/table", port=8080),
    "unitycatalog": _tables("catalog/schema/table"),
    "vertica": _tables(THREE, port=5433),
}
"""A port is the default of the provider, or of the database where there is no provider."""
