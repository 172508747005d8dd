"""Teradata: SQL, scripts, and loads from tables, files and object stores."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dagport.graph import Task
from dagport_lineage.extract.arguments import Named, Rule, argument, found, gap, map_named
from dagport_lineage.extract.endpoints import local_file
from dagport_lineage.extract.queries import Reach, by, into, moving, queries, query, reached, table
from dagport_lineage.model import Found, Unresolved
from dagport_lineage.naming import storage
from dagport_lineage.naming.database import Database
from dagport_lineage.scope import Scope
from dagport_lineage.secrets import redact

HOME = "airflow.providers.teradata"
DEFAULT = "teradata_default"
REACH = Reach(conn_id="teradata_conn_id", default=DEFAULT, type="teradata")
WITH_SCHEMA = Reach(
    conn_id="teradata_conn_id", default=DEFAULT, type="teradata", database="schema", hook_params="hook_params"
)
S3_LOCATION = re.compile(r"/s3/(?P<bucket>[^/]+?)\.s3(?:[.-][\w-]+)?\.amazonaws\.com(?:/(?P<key>.*))?", re.IGNORECASE)


def script(task: Task, scope: Scope) -> Found:
    """``BteqOperator``: commands of the client between statements, or a script on the worker or elsewhere."""
    what = argument(task, scope, "file_path")
    shown = f"the script `{what}`" if isinstance(what, str) else "the script"
    problem = Unresolved("command", f"what {shown} of BTEQ reads and writes isn't followed")
    return Found(gaps=(gap("both", problem, scope.place(task)),))


def load(task: Task, scope: Scope) -> Found:
    """``TdLoadOperator``: from a table, a query or a file to a table or a file."""
    place, source = scope.place(task), reached(task, scope, REACH)
    target = source
    if task.arguments.get("target_teradata_conn_id") is not None:
        target = reached(task, scope, Reach(conn_id="target_teradata_conn_id", type="teradata"))
    if task.arguments.get("select_stmt"):
        done = queries(task, scope, "select_stmt", source, files=(), default_side="inputs")
        return into(done, _end(task, scope, "target", target), place)
    return found(place, reads=(_end(task, scope, "source", source),), writes=(_end(task, scope, "target", target),))


def _end(task: Task, scope: Scope, side: str, where: Database) -> Named:
    """A file or a table. Files may lie on another machine, which ``ssh_conn_id`` names."""
    name = f"{side}_file_name"
    if not task.arguments.get(name):
        return table(argument(task, scope, f"{side}_table"), where, scope.place(task), f"{side}_table")
    if task.arguments.get("ssh_conn_id") is not None:
        return Unresolved("name", f"`{name}` is a file of the machine behind `ssh_conn_id`")
    return map_named(local_file, argument(task, scope, name))


def from_store(name: str) -> Rule:
    """A rule for loads from an object store; the table is created."""

    def rule(task: Task, scope: Scope) -> Found:
        place = scope.place(task)
        target = table(argument(task, scope, "teradata_table"), reached(task, scope, REACH), place, "teradata_table")
        return found(place, reads=(map_named(_location, argument(task, scope, name) or ""),), writes=(target,))

    return rule


def _location(text: str) -> Named:
    """An object as Teradata writes its place: ``/s3/bucket.s3.amazonaws.com/key``."""
    bucket = S3_LOCATION.fullmatch(text)
    if bucket is None:
        return Unresolved("name", f"`{redact(text)}` isn't the place of an object in S3")
    return storage.s3(bucket["bucket"], bucket["key"] or "")


def procedure(task: Task, scope: Scope) -> Found:
    """What a stored procedure reads and writes is in the database only."""
    name = argument(task, scope, "procedure")
    problem = Unresolved("command", f"what the stored procedure `{name}` reads and writes isn't in the project")
    if isinstance(name, Unresolved):
        problem = name
    return Found(gaps=(gap("both", problem, scope.place(task)),))


FAMILY: Mapping[str, Rule] = {
    f"{HOME}.operators.teradata.TeradataOperator": query("sql", by(WITH_SCHEMA)),
    f"{HOME}.operators.teradata.TeradataStoredProcedureOperator": procedure,
    f"{HOME}.operators.bteq.BteqOperator": script,
    f"{HOME}.operators.tpt.DdlOperator": query("ddl", by(REACH)),
    f"{HOME}.operators.tpt.TdLoadOperator": load,
    f"{HOME}.transfers.s3_to_teradata.S3ToTeradataOperator": from_store("s3_source_key"),
    f"{HOME}.transfers.azure_blob_to_teradata.AzureBlobStorageToTeradataOperator": from_store("blob_source_key"),
    f"{HOME}.transfers.teradata_to_teradata.TeradataToTeradataOperator": moving(
        "sql",
        by(Reach(conn_id="source_teradata_conn_id", type="teradata")),
        "destination_table",
        by(Reach(conn_id="dest_teradata_conn_id", type="teradata")),
        by_name=True,
    ),
}
