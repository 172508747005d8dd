"""SQL and tables that functions reach through connections, engines, cursors and hooks."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TypeAlias
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from dagport.graph import Place
from dagport_lineage.extract.callables.access import as_data
from dagport_lineage.extract.callables.domain import (
    Data,
    Handle,
    Items,
    Known,
    Lost,
    Origins,
    Value,
    union,
)
from dagport_lineage.extract.callables.site import Site
from dagport_lineage.extract.sql import sql_found
from dagport_lineage.model import DatasetName, Found, Lifecycle, Side, Unresolved
from dagport_lineage.naming.database import Connection, Database
from dagport_lineage.naming.platforms import Given, database_of

TEXT = "sqlalchemy.text"
SCHEMES = {
    "postgresql": "postgres",
    "postgres": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mssql": "mssql",
    "oracle": "oracle",
    "sqlite": "sqlite",
    "duckdb": "duckdb",
    "redshift": "redshift",
    "snowflake": "snowflake",
    "bigquery": "bigquery",
    "trino": "trino",
    "presto": "presto",
    "clickhouse": "clickhouse",
    "vertica": "vertica",
    "teradata": "teradata",
    "databricks": "databricks",
}
DRIVER = re.compile(r"([A-Za-z]\w*)\+([\w.]+)(?=://)")  # fmt: skip
SESSION = re.compile(
    r"(?i)\b(temp|temporary|volatile|transient|search_path|use|current_schema)\b|\bset\s+schema\b|[\s.]#\w"
)
"""Words of statements that change what later ones of the same session mean."""
SWITCH = re.compile(r"(?i)\b(search_path|use|current_schema)\b|\bset\s+schema\b")
RULED = re.compile(r"(?i)^\s*(\w+\.){0,3}\w+\s*$")


@dataclass(frozen=True, slots=True)
class Query:
    """A text that was handed to a database, and what it says alone."""

    text: str
    database: Database
    place: Place
    side: Side
    found: Found


Target: TypeAlias = Database | Unresolved

# Databases


def of_url(url: str) -> Target:
    """The database of a URL of SQLAlchemy's, of which the login isn't looked at."""
    driver = DRIVER.match(url)
    try:
        parts = urlsplit(DRIVER.sub(r"\1", url))
        port = parts.port
    except ValueError:
        return Unresolved("connection", "the URL of a database isn't one")
    type_ = SCHEMES.get(parts.scheme.lower())
    if type_ is None:
        return Unresolved("name", f"databases of `{parts.scheme}` have no form in the naming rules")
    if type_ == "mssql" and parts.path in ("", "/") and (driver is None or driver[2] == "pyodbc"):
        return Unresolved("connection", "its URL names a data source of ODBC, and what that leads to isn't known")
    path = unquote(parts.path)
    if type_ in ("sqlite", "duckdb"):
        known = Connection(id="", type=type_, host=path[1:] or None)
    elif type_ == "snowflake":
        known = _snowflake(parts)
    elif type_ == "bigquery":
        project = parts.hostname and parts.netloc.rpartition("@")[2]
        dataset = path.strip("/") or None
        known = Connection(id="", type=type_, extra={"project": project} if project else {})
        return database_of(Given(connection=known, database=None, schema=dataset, region=None), type_, None)
    elif type_ in ("trino", "presto"):
        catalog, _, schema = path.strip("/").partition("/")
        extra = {"catalog": catalog} if catalog else {}
        known = Connection(id="", type=type_, host=parts.hostname, port=port, schema=schema or None, extra=extra)
        made = database_of(Given(connection=known), type_, None)
        return made if catalog else replace(made, defaults=(None, *made.defaults[1:]))
    elif type_ == "databricks":
        asked = dict(parse_qsl(parts.query))
        known = Connection(id="", type=type_, host=parts.hostname)
        given = Given(connection=known, database=asked.get("catalog"), schema=asked.get("schema"))
        return database_of(given, type_, None)
    else:
        known = Connection(id="", type=type_, host=parts.hostname, port=port, schema=path.strip("/") or None)
    made = database_of(Given(connection=known, database=None, schema=None, region=None), type_, None)
    return replace(made, defaults=tuple(None for _ in made.defaults)) if "search_path" in parts.query else made


def _snowflake(parts: SplitResult) -> Connection:
    """``snowflake://user:password@account/database/schema``."""
    account = parts.netloc.rpartition("@")[2]
    database, _, schema = unquote(parts.path).strip("/").partition("/")
    extra = {"account": account, "database": database} if database else {"account": account}
    return Connection(id="", type="snowflake", schema=schema or None, extra=extra)


def target_of(value: Value) -> Target:
    """The database that an engine, connection, cursor, hook or URL leads to."""
    value = as_data(value)
    if isinstance(value, Handle):
        data = value.data
        if isinstance(data, tuple) and data and isinstance(data[0], Database | Unresolved):
            data = data[0]
        return data if isinstance(data, Database | Unresolved) else NO_DATABASE
    if isinstance(value, Known) and isinstance(value.value, str) and "://" in value.value:
        return of_url(value.value)
    if isinstance(value, Data) and value.text is not None:
        url = LOGIN.sub("://", value.text, count=1)  # who logs in isn't a part of any name
        if "://" in url and "{{" not in url:
            return of_url(url)
    return value.why if isinstance(value, Data) and value.why is not None else NO_DATABASE


LOGIN = re.compile(r"://(\{\{ [\w.]+ \}\}|[^@/{}])*@")
NO_DATABASE = Unresolved("connection", "which database is meant isn't known")


def bigquery(site: Site, project: Value) -> Value:
    """BigQuery with a default project."""
    name = project.value if isinstance(project, Known) else None
    return Handle("sqlalchemy.engine", bigquery_database(name if isinstance(name, str) else None))


def bigquery_database(project: str | None, dataset: str | None = None) -> Database:
    """BigQuery, with the project that names without one lie in."""
    return Database(namespace="bigquery", dialect="bigquery", defaults=(project, dataset), folding="none")


# Queries


def query_text(value: Value) -> str | Unresolved:
    """The SQL of an argument; what isn't known of it stands in it as ``{{ ... }}``."""
    value = as_data(value)
    if isinstance(value, Handle) and value.kind == TEXT:
        return query_text(value.data)
    if isinstance(value, Known) and isinstance(value.value, str):
        return value.value.replace("{{", "{ {").replace("{%", "{ %") if "{" in value.value else value.value
    if isinstance(value, Data) and value.text is not None:
        return value.text
    why = value.why if isinstance(value, Data) else None
    return Unresolved(why.reason, f"the SQL isn't known: {why.message}") if why else UNKNOWN_SQL


UNKNOWN_SQL = Unresolved("opaque", "the SQL isn't known")


def execute(site: Site, query: Value, target: Target, side: Side = "both") -> Origins:
    """Note what SQL reads and writes; what its result is made of."""
    query = as_data(query)
    if isinstance(query, Lost):
        return None
    if isinstance(query, Items) and query.items is not None:
        return union([execute(site, item, target, side) for item in query.items])
    text = query_text(query)
    if isinstance(text, Unresolved):
        site.gap(side, text.reason, f"`{site.text}`: {text.message}")
        return None
    if isinstance(target, Unresolved):
        target = Database(namespace=target, dialect=None)
    found = sql_found(text, target, site.place, default_side=side)
    site.walker.record.queries.append(Query(text, target, site.place, side, found))
    if found.gaps:
        return None
    return frozenset(read.dataset for read in found.reads)


def settled(queries: list[Query]) -> list[Found]:
    """What all queries of a function say together: those of one session may change what later ones mean."""
    results: list[Found] = []
    groups: dict[Database, list[Query]] = {}
    for query in {(query.text, query.database, query.place, query.side): query for query in queries}.values():
        groups.setdefault(query.database, []).append(query)
    for database, group in groups.items():
        if len(group) == 1 or not any(SESSION.search(query.text) for query in group):
            results += [query.found for query in group]
            continue
        first = group[0]
        if any(SWITCH.search(query.text) for query in group):
            results.append(_unsettled(group))
            continue
        script = ";\n".join(query.text.strip().rstrip(";") for query in group)
        made = sql_found(script, database, first.place, default_side="both")
        results.append(replace(made, sql=tuple(sql for query in group for sql in query.found.sql)))
    return results


def _unsettled(group: list[Query]) -> Found:
    from dagport_lineage.model import Gap

    message = "a statement changes what later ones of the session mean"
    gap = Gap(side="both", reason="sql", message=message, place=group[0].place)
    return Found(gaps=(gap,), sql=tuple(sql for query in group for sql in query.found.sql))


def query_read(site: Site, query: Value, connection: Value) -> Origins:
    """``read_sql``: a query, or the name of a table."""
    target = target_of(connection)
    text = query_text(query)
    if isinstance(text, str) and RULED.match(text):
        return _read_named(site, target, text.strip())
    return execute(site, query, target, "both")


def table_read(site: Site, connection: Value, name: Value, schema: Value) -> Origins:
    """A table is read by its name."""
    return site.read(table(target_of(connection), name, schema))


def table_written(
    site: Site,
    connection: Value,
    name: Value,
    schema: Value,
    origins: Origins,
    lifecycle: Lifecycle | None = None,
) -> None:
    """A table is written by its name."""
    site.write(table(target_of(connection), name, schema), origins, lifecycle)


def table(target: Target, name: Value, schema: Value, *, quoted: bool = True) -> DatasetName | Unresolved:
    """The dataset of a table that is named by arguments, which are quoted where they need it, or never."""
    if isinstance(target, Unresolved):
        return target
    name, schema = as_data(name), as_data(schema)
    parts: list[str] = []
    for value, what in ((schema, "schema"), (name, "table")):
        if isinstance(value, Known) and value.value is None and what == "schema":
            continue
        if not isinstance(value, Known) or not isinstance(value.value, str):
            why = value.why if isinstance(value, Data) else None
            return (
                Unresolved(why.reason, f"the {what}: {why.message}")
                if why
                else Unresolved("opaque", f"the {what} isn't known")
            )
        parts += value.value.split(".") if target.namespace == "bigquery" or what == "schema" else [value.value]
    if any("." in part or not part for part in parts):
        return Unresolved("name", "the name of a table has a dot in it")
    return target.dataset([_folded(part, target) if quoted else _plain(part, target) for part in parts])


def _folded(part: str, target: Database) -> str:
    """Names in small letters mean what they mean in SQL without quotes; others are quoted."""
    return part.upper() if target.folding == "upper" and part.islower() else part


def _plain(part: str, target: Database) -> str:
    return part.lower() if target.folding == "lower" else part.upper() if target.folding == "upper" else part


def written_in_sql(site: Site, target: Target, name: Value, statement: str) -> Found:
    """What a statement that a library makes around the name of a table reads and writes."""
    text = query_text(name)
    if isinstance(text, Unresolved):
        return Found()
    database = Database(namespace=target, dialect=None) if isinstance(target, Unresolved) else target
    return replace(sql_found(statement.format(text), database, site.place), sql=())


def _read_named(site: Site, target: Target, text: str) -> Origins:
    parts = text.split(".")
    schema = Known(".".join(parts[:-1])) if len(parts) > 1 else Known(None)
    return site.read(table(target, Known(parts[-1]), schema))
