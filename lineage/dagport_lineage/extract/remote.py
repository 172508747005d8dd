"""Endpoints that connections lead to: servers with files, storage accounts, queries and tables of databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from dagport.graph import Task
from dagport_lineage.extract.arguments import Named, Rule, argument, missing, union
from dagport_lineage.extract.endpoints import Endpoint, at
from dagport_lineage.extract.queries import SQL_FILES, Files, Reach, into, queries, reached, result, table
from dagport_lineage.model import Found, Lifecycle, Unresolved
from dagport_lineage.naming import storage
from dagport_lineage.naming.connections import Connection, connection
from dagport_lineage.scope import Scope


def served(make: Callable[..., Named], conn_id: str, default: str | None, *arguments: str) -> Endpoint:
    """The datasets that ``make`` names by a connection and by these arguments, as ``at`` takes them.

    ``conn_id`` is the argument with the connection's id, ``default`` the id where it isn't set.
    """

    def names(task: Task, scope: Scope) -> tuple[Named, ...]:
        reached_by = argument(task, scope, conn_id, default)
        server = connection(reached_by, scope) if isinstance(reached_by, str) else reached_by or missing(conn_id)
        if isinstance(server, Unresolved):
            return (server,)
        return at(partial(make, server), *arguments)(task, scope)

    return names


# Files on servers


def sftp_file(server: Connection, path: str | None) -> Named:
    """A file behind SSH. Airflow's own event has the address that the worker finds for the host, where it finds one."""
    return storage.sftp(server.host, server.port, path or "") if server.host else _no_host(server)


def ftp_file(server: Connection, path: str | None) -> Named:
    """A file of an FTP server."""
    return storage.ftp(server.host, server.port, path or "") if server.host else _no_host(server)


def _no_host(server: Connection) -> Unresolved:
    return Unresolved("connection", f"the connection `{server.id}` says no host")


# Storage accounts of Azure


def blob(server: Connection, container: str, name: str | None) -> Named:
    """A blob, or blobs by the beginning of their names.

    The specification's form, as for assets; events of Airflow's providers have the account without its domain.
    """
    account = account_of(server)
    if isinstance(account, Unresolved):
        return account
    return storage.azure(container, account, name or "")


def account_of(server: Connection) -> str | Unresolved:
    """The storage account of a connection of the type ``wasb``, by the address of the account.

    Source: ``airflow.providers.microsoft.azure.utils.parse_blob_account_url``. What else may name it, a login or a
    connection string, isn't looked at: it may be a secret.
    """
    host = (server.host or "").rpartition("://")[2].partition("/")[0]
    if "." in host:
        return host.partition(".")[0]
    return Unresolved(
        "connection", f"the connection `{server.id}` doesn't say the address of its storage account as host"
    )


def lake_file(server: Connection, file_system: str, path: str | None) -> Named:
    """A file of Data Lake Storage Gen2. Source: ``AzureDataLakeStorageV2Hook.get_conn``."""
    if not server.host:
        return Unresolved("connection", f"the connection `{server.id}` doesn't say its storage account as host")
    return storage.azure(file_system, server.host, path or "", scheme="abfss")


# Databases


def in_table(name: str, reach: Reach, schema: str | None = None) -> Endpoint:
    """The table that an argument names, in the schema that another one names."""

    def names(task: Task, scope: Scope) -> tuple[Named, ...]:
        text = argument(task, scope, name)
        within = argument(task, scope, schema) if schema else None
        if isinstance(within, Unresolved):
            return (within,)
        if isinstance(text, str) and within:
            text = f"{within}.{text}"
        return (table(text, reached(task, scope, reach), scope.place(task), name),)

    return names


def exported(
    sql: str,
    reach: Reach,
    target: Endpoint,
    *,
    files: Files = SQL_FILES,
    lifecycle: Lifecycle | None = None,
    by_name: bool = False,
) -> Rule:
    """A rule that writes the rows of a query to an endpoint; ``by_name`` if the names of the columns are kept there."""

    def rule(task: Task, scope: Scope) -> Found:
        place, where = scope.place(task), reached(task, scope, reach)
        done = queries(task, scope, sql, where, files=files, default_side="inputs")
        rows = result(task, scope, sql, where, done, files=files) if by_name else None
        return union(into(done, name, place, lifecycle=lifecycle, rows=rows) for name in target(task, scope))

    return rule


def replacing(rule: Rule, lifecycle: Lifecycle) -> Rule:
    """A rule whose writes change the life of their datasets, too."""

    def changed(task: Task, scope: Scope) -> Found:
        done = rule(task, scope)
        return replace(done, writes=tuple(replace(write, lifecycle=lifecycle) for write in done.writes))

    return changed
