"""Hooks of Airflow's providers that run SQL."""

from __future__ import annotations

from dataclasses import dataclass

from dagport_lineage.extract.callables.access import as_data
from dagport_lineage.extract.callables.databases import Target, execute, target_of, written_in_sql
from dagport_lineage.extract.callables.domain import NONE, Data, Handle, Known, Value
from dagport_lineage.extract.callables.libraries.dbapi import CONNECTION
from dagport_lineage.extract.callables.locations import read, write
from dagport_lineage.extract.callables.site import Kind, Rule, Site, nothing
from dagport_lineage.model import Unresolved
from dagport_lineage.naming.connections import database

HOOK = "airflow.sql_hook"
FRAME = "pandas.frame"


@dataclass(frozen=True, slots=True)
class HookClass:
    """How a hook is constructed: the parameter for its connection, its default, and the type of the connection.

    The connection may be given by position, too (``DbApiHook.__init__``).
    """

    conn_id: str
    default: str | None
    type: str | None = None
    database: str | None = None  # the parameter that comes before the connection's database
    schema: str | None = None  # ... before its schema


HOOKS: dict[str, HookClass] = {
    "PostgresHook": HookClass("postgres_conn_id", "postgres_default", "postgres", "database"),
    "MySqlHook": HookClass("mysql_conn_id", "mysql_default", "mysql", "schema"),
    "MsSqlHook": HookClass("mssql_conn_id", "mssql_default", "mssql", "schema"),
    "OracleHook": HookClass("oracle_conn_id", "oracle_default", "oracle"),
    "SqliteHook": HookClass("sqlite_conn_id", "sqlite_default", "sqlite"),
    "SnowflakeHook": HookClass("snowflake_conn_id", "snowflake_default", "snowflake", "database", "schema"),
    "RedshiftSQLHook": HookClass("redshift_conn_id", "redshift_default", "redshift"),
    "TrinoHook": HookClass("trino_conn_id", "trino_default", "trino"),
    "PrestoHook": HookClass("presto_conn_id", "presto_default", "presto"),
    "VerticaHook": HookClass("vertica_conn_id", "vertica_default", "vertica"),
    "DatabricksSqlHook": HookClass("databricks_conn_id", "databricks_default", "databricks"),
    "JdbcHook": HookClass("jdbc_conn_id", "jdbc_default"),
    "OdbcHook": HookClass("odbc_conn_id", "odbc_default"),
    "ExasolHook": HookClass("exasol_conn_id", "exasol_default", "exasol"),
    "TeradataHook": HookClass("teradata_conn_id", "teradata_default", "teradata"),
    "HiveServer2Hook": HookClass("hiveserver2_conn_id", "hiveserver2_default", "hiveserver2"),
}
NAMING = frozenset({"schema", "database", "catalog", "options"})


def _hook(found: HookClass) -> Rule:
    def rule(site: Site) -> Value:
        return Handle(HOOK, _target(site, found))

    return rule


def _target(site: Site, found: HookClass) -> Target:
    if site.is_open or len(site.args) > 1 or (site.args and found.conn_id in site.kwargs):
        return Unresolved("connection", f"which connection `{site.text}` takes isn't known")
    value = as_data(site.arg(0, found.conn_id, Known(found.default)))
    if not isinstance(value, Known) or not isinstance(value.value, str):
        why = value.why if isinstance(value, Data) else None
        return (
            Unresolved(why.reason, f"the connection: {why.message}")
            if why
            else Unresolved("opaque", "which connection is taken isn't known")
        )
    asked: dict[str, str] = {}
    for name in sorted(NAMING & set(site.kwargs)):
        given = as_data(site.kwargs[name])
        if isinstance(given, Known) and given.value is None:
            continue
        part = {found.database: "database", found.schema: "schema"}.get(name)
        if part is None or not isinstance(given, Known) or not isinstance(given.value, str):
            return Unresolved("connection", f"what `{name}` does to the connection isn't followed")
        asked[part] = given.value
    return database(
        value.value,
        site.walker.scope,
        type_=found.type,
        database=asked.get("database"),
        schema=asked.get("schema"),
    )


def _from_connection(site: Site) -> Value:
    """``BaseHook.get_hook(conn_id)`` and ``DbApiHook``: the connection's type says which hook."""
    value = as_data(site.arg(0, "conn_id"))
    if not isinstance(value, Known) or not isinstance(value.value, str):
        return site.unknown()
    return Handle(HOOK, database(value.value, site.walker.scope))


# Methods


def _run(site: Site) -> Value:
    return Data(None, execute(site, site.arg(0, "sql"), target_of(site.handle)))


def _query(site: Site) -> Value:
    return Data(None, execute(site, site.arg(0, "sql"), target_of(site.handle), "both"))


def _frame(site: Site) -> Value:
    return Handle(FRAME, None, execute(site, site.arg(0, "sql"), target_of(site.handle), "both"))


def _insert_rows(site: Site) -> Value:
    name = as_data(site.arg(0, "table"))
    found = written_in_sql(site, target_of(site.handle), name, "INSERT INTO {} VALUES (1)")
    if not found.writes and not found.gaps:
        why = name.why if isinstance(name, Data) else None
        site.gap("outputs", why.reason if why else "opaque", f"`{site.text}`: the table isn't known")
    site.add(found)
    return NONE


def _bulk(site: Site, *, loads: bool) -> Value:
    """``bulk_load(table, file)`` and ``bulk_dump(table, file)``."""
    name, path = as_data(site.arg(0, "table")), site.arg(1, "tmp_file")
    if not isinstance(name, Known):
        site.gap("both", "opaque", f"`{site.text}`: the table isn't known")
        return NONE
    if loads:
        read(site, path)
        site.add(written_in_sql(site, target_of(site.handle), name, "INSERT INTO {} VALUES (1)"))
    else:
        site.add(written_in_sql(site, target_of(site.handle), name, "SELECT 1 FROM {}"))
        write(site, path, None)
    return NONE


def _copy_expert(site: Site) -> Value:
    """``COPY ... FROM STDIN``: the file is on this side."""
    path = site.arg(1, "filename")
    text = site.text_arg(0, "sql") or ""
    execute(site, site.arg(0, "sql"), target_of(site.handle))
    if " stdin" in text.lower():
        read(site, path)
    elif " stdout" in text.lower():
        write(site, path, None)
    else:
        site.gap("both", "sql", f"what `{site.text}` copies isn't known")
    return NONE


def _connect(site: Site) -> Value:
    return Handle(CONNECTION, target_of(site.handle))


def _engine(site: Site) -> Value:
    return Handle("sqlalchemy.engine", target_of(site.handle))


METHODS: dict[str, Rule] = {
    "run": _run,
    "get_records": _query,
    "get_first": _query,
    "get_pandas_df": _frame,
    "get_df": _frame,
    "insert_rows": _insert_rows,
    "bulk_load": lambda site: _bulk(site, loads=True),
    "bulk_dump": lambda site: _bulk(site, loads=False),
    "copy_expert": _copy_expert,
    "get_conn": _connect,
    "get_sqlalchemy_engine": _engine,
    "get_uri": _engine,
    "get_cursor": lambda site: Handle("dbapi.cursor", target_of(site.handle)),
    "set_autocommit": nothing,
}

FUNCTIONS: dict[str, Rule] = {
    **{f"airflow:{name}": _hook(found) for name, found in HOOKS.items()},
    "airflow:BaseHook.get_hook": _from_connection,
}

KINDS = {
    HOOK: Kind(methods=METHODS, pure=frozenset({"get_autocommit", "test_connection", "get_openlineage_database_info"})),
}
