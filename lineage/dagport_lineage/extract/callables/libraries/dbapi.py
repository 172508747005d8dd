"""Drivers of databases: connections and cursors of PEP 249, and duckdb."""

from __future__ import annotations

from dagport_lineage.extract.callables.databases import NO_DATABASE, Target, execute, of_url, target_of
from dagport_lineage.extract.callables.domain import NONE, Data, Handle, Known, Value
from dagport_lineage.extract.callables.site import Kind, Rule, Site, nothing
from dagport_lineage.model import Unresolved
from dagport_lineage.naming.database import Connection
from dagport_lineage.naming.platforms import Given, database_of

CONNECTION, CURSOR, DUCK = "dbapi.connection", "dbapi.cursor", "dbapi.duck"
FRAME = "pandas.frame"


def _of_server(type_: str, names: tuple[str, str, str], port: int | None) -> Rule:
    """``connect(host=, port=, dbname=)``, or a URL."""
    host_name, port_name, database_name = names

    def rule(site: Site) -> Value:
        return Handle(CONNECTION, _server(site))

    def _server(site: Site) -> Target:
        if site.is_open or set(site.kwargs) & {"options", "service", "read_default_file", "unix_socket"}:
            return NO_DATABASE
        if site.args:
            first = site.args[0]
            is_url = isinstance(first, Known) and isinstance(first.value, str) and "://" in first.value
            return of_url(first.value) if isinstance(first, Known) and is_url and len(site.args) == 1 else NO_DATABASE
        host, given_port, name = (site.arg(None, key) for key in (host_name, port_name, database_name))
        if not isinstance(name, Known) or name.value is None:
            name = site.arg(None, "database") if database_name != "database" else name
        if not (isinstance(host, Known) and isinstance(host.value, str) and isinstance(given_port, Known)):
            return Unresolved("connection", "the host of the database isn't known")
        named = name.value if isinstance(name, Known) and isinstance(name.value, str) else None
        try:
            number = int(given_port.value) if given_port.value is not None else port
        except (TypeError, ValueError):
            return NO_DATABASE
        known = Connection(id="", type=type_, host=host.value, port=number, schema=named)
        return database_of(Given(connection=known, database=None, schema=None, region=None), type_, None)

    return rule


def _of_file(type_: str, kind: str, parameter: str) -> Rule:
    def rule(site: Site) -> Value:
        path = site.arg(0, parameter)
        if site.is_open or not isinstance(path, Known) or not isinstance(path.value, str | None):
            why = path.why if isinstance(path, Data) else None
            return Handle(kind, why or NO_DATABASE)
        return Handle(kind, file_database(type_, path.value))

    return rule


def file_database(type_: str, path: str | None) -> Target:
    """A database in a file; one in memory is gone when the task ends."""
    if path in (None, "", ":memory:"):
        return Unresolved("name", "a database in memory isn't followed")
    known = Connection(id="", type=type_, host=path)
    made = database_of(Given(connection=known, database=None, schema=None, region=None), type_, None)
    if isinstance(made.namespace, Unresolved):
        return Unresolved("connection", "the path of the file of the database isn't absolute")
    return made


# Methods


def execute_in(site: Site) -> Value:
    """``execute(sql)`` and ``executemany(sql, rows)``: gives a cursor."""
    target = target_of(site.handle)
    query = (
        site.arg(0, "operation")
        if "operation" in site.kwargs
        else site.arg(0, "query")
        if "query" in site.kwargs
        else site.arg(0, "sql")
    )
    origins = execute(site, query, target)
    return Handle(CURSOR, target, origins)


def _cursor(site: Site) -> Value:
    return Handle(CURSOR, target_of(site.handle))


def _fetched(site: Site) -> Value:
    return Data(None, None)


def _copy_expert(site: Site) -> Value:
    """``COPY ... FROM STDIN``: the file was opened elsewhere."""
    execute(site, site.arg(0, "sql"), target_of(site.handle))
    return NONE


def _duck(site: Site) -> Value:
    """DuckDB reads files and Python's variables by name in a query: what isn't a table of its own can't be told."""
    target = target_of(site.handle) if isinstance(site.receiver, Handle) else file_database("duckdb", None)
    site.gap("both", "sql", f"`{site.text}`: DuckDB takes tables, files and Python's variables by the same names")
    return Handle(DUCK, target, None)


def _duck_frame(site: Site) -> Value:
    return Handle(FRAME, None, None)


CURSOR_METHODS: dict[str, Rule] = {
    "execute": execute_in,
    "executemany": execute_in,
    "executescript": execute_in,
    "fetchall": _fetched,
    "fetchone": _fetched,
    "fetchmany": _fetched,
    "copy_expert": _copy_expert,
    "close": nothing,
    "mogrify": lambda site: Data(None, None),
    "fetch_pandas_all": lambda site: Handle(FRAME, None, site.handle.origins),
}
POSTGRES = ("host", "port", "dbname")

FUNCTIONS: dict[str, Rule] = {
    "psycopg2.connect": _of_server("postgres", POSTGRES, 5432),
    "psycopg.connect": _of_server("postgres", POSTGRES, 5432),
    "pymysql.connect": _of_server("mysql", ("host", "port", "database"), 3306),
    "MySQLdb.connect": _of_server("mysql", ("host", "port", "database"), 3306),
    "sqlite3.connect": _of_file("sqlite", CONNECTION, "database"),
    "duckdb.connect": _of_file("duckdb", DUCK, "database"),
    **{f"duckdb.{name}": _duck for name in ("sql", "execute", "query", "read_csv", "read_parquet", "read_json")},
}

KINDS = {
    CONNECTION: Kind(
        methods={**CURSOR_METHODS, "cursor": _cursor, "commit": nothing, "rollback": nothing},
        pure=frozenset({"set_session", "set_isolation_level"}),
        settable=frozenset({"autocommit", "row_factory", "isolation_level", "text_factory"}),
    ),
    CURSOR: Kind(
        methods=CURSOR_METHODS,
        iterated=lambda handle: Data(None, handle.origins),
        has_fields=True,
        settable=frozenset({"arraysize", "itersize"}),
    ),
    DUCK: Kind(
        methods={
            **dict.fromkeys(("sql", "execute", "query", "read_csv", "read_parquet", "read_json", "table"), _duck),
            **dict.fromkeys(("df", "fetchdf", "to_df", "pl", "arrow"), _duck_frame),
            "fetchall": _fetched,
            "fetchone": _fetched,
            "close": nothing,
        },
    ),
}
