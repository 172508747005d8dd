"""Tables of BigQuery as arguments name them: the namespace is ``bigquery``, what may be missing is the project."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from dagport.graph import Task
from dagport.values import Template, Value
from dagport_lineage.extract.arguments import Named, argument, missing, rendered, value_at
from dagport_lineage.model import Column, DatasetName, Unresolved
from dagport_lineage.naming.connections import connection
from dagport_lineage.naming.connections import database as behind
from dagport_lineage.naming.database import Database
from dagport_lineage.scope import Scope
from dagport_lineage.secrets import redact

NAMESPACE = "bigquery"
CONNECTION = "google_cloud_default"
CONNECTION_ARGUMENTS = ("gcp_conn_id", "bigquery_conn_id", "google_cloud_conn_id")
TABLE = re.compile(r"(?:(?P<project>(?:[\w.-]+:)?[\w-]+)[.:])?(?P<dataset>\w+)\.(?P<table>[\w*$@ -]+)")
TYPE = "gcpbigquery"
LEGACY_TABLE = re.compile(r"\[(?:([\w.-]+(?::[\w-]+)?)[:.])?([\w-]+)\.([\w$*@-]+)\]")


def project(task: Task, scope: Scope, name: str | None = "project_id") -> str | Unresolved:
    """The project of tables that don't name theirs: an argument, or the project of the connection."""
    text = argument(task, scope, name) if name else None
    if text:
        return text
    conn_id = _conn_id(task, scope)
    if not isinstance(conn_id, str):
        return conn_id or Unresolved("connection", "which project it works in isn't said")
    found = connection(conn_id, scope)
    if isinstance(found, Unresolved):
        return found
    default = behind(conn_id, scope, type_=TYPE).defaults[0]
    return default or Unresolved("connection", f"the connection `{conn_id}` doesn't say the project")


def _conn_id(task: Task, scope: Scope) -> str | Unresolved | None:
    """The id of the connection; older releases have another argument for it, and the oldest another default."""
    name = next((name for name in CONNECTION_ARGUMENTS if name in task.arguments), CONNECTION_ARGUMENTS[0])
    default = None if task.operator.startswith("airflow.contrib.") else CONNECTION
    return argument(task, scope, name, default)


def database(task: Task, scope: Scope, dataset: str | None = None) -> Database:
    """BigQuery with the default project of a task's connection."""
    return of_project(project(task, scope), dataset)


def of_project(name: str | Unresolved | None, dataset: str | None = None) -> Database:
    """BigQuery with a default project and dataset, where they are known."""
    known, why = (None, name) if isinstance(name, Unresolved) else (name, None)
    return Database(namespace=NAMESPACE, dialect="bigquery", defaults=(known, dataset), folding="none", unknown=why)


def table(project: str | Unresolved | None, dataset: str | Unresolved | None, name: str | Unresolved | None) -> Named:
    """A table by its three parts; a partition (``table$20240101``) is its table."""
    parts: list[str] = []
    for label, part in (("project", project), ("dataset", dataset), ("table", name)):
        if not isinstance(part, str) or not part:
            return part or Unresolved("opaque", f"the {label} of the BigQuery table isn't set")
        parts.append(part)
    return DatasetName(NAMESPACE, ".".join((*parts[:2], parts[2].split("$")[0])))


def table_object(task: Task, scope: Scope, default: str | Unresolved, name: str, *path: str | int) -> Named:
    """A table by an object of the API: ``{"projectId": ..., "datasetId": ..., "tableId": ...}``."""
    value = value_at(task, name, *path)
    label = ".".join(map(str, (name, *path)))
    if value is None:
        return missing(label)
    if not isinstance(value, Mapping):
        return table_text(value, task, scope, default, label)
    texts = [_part(value.get(key), task, scope, f"{label}.{key}") for key in ("projectId", "datasetId", "tableId")]
    return table(texts[0] or default, texts[1], texts[2])


def table_text(value: Value, task: Task, scope: Scope, default: str | Unresolved, label: str) -> Named:
    """A table by a text: ``project.dataset.table``, ``project:dataset.table`` or ``dataset.table``."""
    text = _part(value, task, scope, label)
    if not isinstance(text, str):
        return text or missing(label)
    found = TABLE.fullmatch(text)
    if found is None:
        return Unresolved("name", f"`{label}`: `{redact(text)}` isn't the name of a BigQuery table")
    return table(found["project"] or default, found["dataset"], found["table"])


def _part(value: Value, task: Task, scope: Scope, label: str) -> str | Unresolved | None:
    """A text without its partition: that is often all of it that only a run knows."""
    if isinstance(value, Template):
        written = value.text.split("$")[0]
        value = replace(value, text=written) if "{" in written else written
    return None if value is None else rendered(value, task, scope, label)


def standard(text: str) -> str:
    """Legacy SQL with its tables named as in standard SQL: ``[project:dataset.table]`` in backticks."""
    return LEGACY_TABLE.sub(lambda found: "`" + ".".join(part for part in found.groups() if part) + "`", text)


def columns(value: Value) -> tuple[Column, ...]:
    """The columns of a list of fields of the API; none where one of them isn't known."""
    if not isinstance(value, list | tuple) or not all(map(_is_field, value)):
        return ()
    return tuple(
        Column(name=field["name"], type=field.get("type"), description=field.get("description")) for field in value
    )


def _is_field(value: Value) -> bool:
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        return False
    return all(value.get(key) is None or isinstance(value.get(key), str) for key in ("type", "description"))
