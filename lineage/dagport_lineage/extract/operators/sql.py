"""SQL that the operators of common.sql run, and those of single databases that they replaced."""

from __future__ import annotations

from dataclasses import replace

from dagport.graph import Task
from dagport.values import is_known
from dagport_lineage.extract.arguments import Rule, argument, found, union
from dagport_lineage.extract.endpoints import at, local_file
from dagport_lineage.extract.queries import GENERIC, Reach, by, moving, queries, query, reached, table
from dagport_lineage.model import Found, Unresolved
from dagport_lineage.naming.database import Database
from dagport_lineage.scope import Scope

HOME = "airflow.providers.common.sql"
OPERATORS = f"{HOME}.operators.sql"


def insert_rows(task: Task, scope: Scope) -> Found:
    """``SQLInsertRowsOperator``: rows that the task is given go to a table."""
    place, where = scope.place(task), reached(task, scope, GENERIC)
    name = _with_schema(argument(task, scope, "table_name"), argument(task, scope, "schema"))
    rows = task.arguments.get("rows")
    done = found(place, writes=(table(name, where, place, "table_name"),))
    if rows is not None and not is_known(rows):
        done = replace(done, writes=tuple(replace(write, sources=None) for write in done.writes))
    return union((done, *_around(task, scope, where)))


def _with_schema(name: str | Unresolved | None, schema: str | Unresolved | None) -> str | Unresolved | None:
    if isinstance(name, str) and isinstance(schema, str):
        return f"{schema}.{name}"
    return schema if isinstance(schema, Unresolved) else name


def bulk_load(task: Task, scope: Scope) -> Found:
    """``SQLBulkLoadOperator``: a local file goes to a table."""
    place, where = scope.place(task), reached(task, scope, GENERIC)
    target = table(argument(task, scope, "table"), where, place, "table")
    done = found(place, reads=at(local_file, "tmp_file")(task, scope), writes=(target,))
    return union((done, *_around(task, scope, where)))


def _around(task: Task, scope: Scope, where: Database) -> tuple[Found, ...]:
    """The SQL that runs before and after."""
    names = (name for name in ("preoperator", "postoperator") if task.arguments.get(name))
    return tuple(queries(task, scope, name, where) for name in names)


GENERIC_TRANSFER = moving(
    "sql",
    by(Reach(conn_id="source_conn_id", hook_params="source_hook_params")),
    "destination_table",
    by(Reach(conn_id="destination_conn_id", hook_params="destination_hook_params")),
    before="preoperator",
)

# Operators of single databases: the prefix of their argument for the connection, which is its type, too, and their
# arguments for the database and the schema.
SINGLE = {
    "postgres": ("Postgres", "database", ""),
    "mysql": ("MySql", "database", ""),
    "mssql": ("MsSql", "database", ""),
    "sqlite": ("Sqlite", "", ""),
    "oracle": ("Oracle", "", ""),
    "jdbc": ("Jdbc", "", ""),
    "snowflake": ("Snowflake", "database", "schema"),
    "trino": ("Trino", "", ""),
    "presto": ("Presto", "", ""),
    "vertica": ("Vertica", "", ""),
    "exasol": ("Exasol", "", "schema"),
}
PROVIDERS = {"mssql": "microsoft.mssql"}


def _single(name: str, database: str, schema: str) -> Rule:
    reach = Reach(
        conn_id=f"{name}_conn_id",
        default=f"{name}_default",
        usual=name,
        database=database or None,
        schema=schema or None,
        hook_params="hook_params",
    )
    return query("sql", by(reach))


FAMILY = {
    f"{OPERATORS}.SQLExecuteQueryOperator": query("sql", by(GENERIC), files=(".sql", ".json")),
    f"{OPERATORS}.SQLInsertRowsOperator": insert_rows,
    f"{OPERATORS}.SQLBulkLoadOperator": bulk_load,
    f"{HOME}.operators.generic_transfer.GenericTransfer": GENERIC_TRANSFER,
    **{
        f"{home}.{class_name}Operator": _single(name, database, schema)
        for name, (class_name, database, schema) in SINGLE.items()
        for home in (
            f"airflow.providers.{PROVIDERS.get(name, name)}.operators.{name}",
            f"airflow.operators.{name}_operator",
        )
    },
}
