"""Queries over files, whose tables are registered by their URIs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dagport.graph import Task
from dagport.values import Call, Value
from dagport_lineage.extract.arguments import Named, gap, items, rendered, split
from dagport_lineage.extract.queries import queries
from dagport_lineage.model import Found, Read, Unresolved
from dagport_lineage.naming.database import Database
from dagport_lineage.naming.uris import uri_dataset
from dagport_lineage.scope import Scope

SOURCES = "datasource_configs"
ENGINE = Database(namespace="datafusion", dialect="postgres")  # only names within the task


def analytics(task: Task, scope: Scope) -> Found:
    """``AnalyticsOperator``: the files behind the tables that its queries read."""
    place = scope.place(task)
    done = queries(task, scope, "queries", ENGINE, files=(), default_side="inputs")
    tables = _tables(task, scope)
    if isinstance(tables, Unresolved):
        return replace(done, reads=(), writes=(), gaps=(*done.gaps, gap("inputs", tables, place)))
    lacking = Unresolved("opaque", f"`{SOURCES}` has no such table")
    named = [(read, tables.get(read.dataset.name, lacking)) for read in done.reads]
    _, gaps = split((name for _, name in named), "inputs", place)
    reads = (_of_file(read, name) for read, name in named)
    return replace(done, reads=tuple(read for read in reads if read), writes=(), gaps=(*done.gaps, *gaps))


def _of_file(read: Read, name: Named) -> Read | None:
    return None if isinstance(name, Unresolved) else replace(read, dataset=name)


def _tables(task: Task, scope: Scope) -> Mapping[str, Named] | Unresolved:
    """The tables that are registered."""
    found: dict[str, Named] = {}
    for value in items(task.arguments.get(SOURCES)):
        table = _field(value, "table_name", 1)
        if not isinstance(table, str):
            return Unresolved("opaque", f"which tables `{SOURCES}` registers isn't known")
        found[table.lower()] = _file(_field(value, "uri", 2), task, scope)
    return found


def _field(config: Value, name: str, position: int) -> Value:
    """A field of a ``DataSourceConfig``."""
    if not isinstance(config, Call) or not config.name.endswith(".DataSourceConfig"):
        return None
    return config.args[position] if position < len(config.args) else config.kwargs.get(name)


def _file(value: Value, task: Task, scope: Scope) -> Named:
    if not value:
        return Unresolved("connection", f"a table of `{SOURCES}` has no URI, but lies behind a connection")
    text = rendered(value, task, scope, SOURCES)
    return text if isinstance(text, Unresolved) else uri_dataset(text)


FAMILY = {"airflow.providers.common.sql.operators.analytics.AnalyticsOperator": analytics}
