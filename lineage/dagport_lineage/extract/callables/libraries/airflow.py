"""Airflow itself, and the hooks of its providers. Classes go by their own names, ``airflow:PostgresHook``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dagport_lineage.extract.callables.context import CONTEXT, FACTS, INSTANCE, context_item
from dagport_lineage.extract.callables.domain import Data, Handle, Known, Value
from dagport_lineage.extract.callables.libraries import hooks, object_hooks
from dagport_lineage.extract.callables.site import Kind, Rule, Site, nothing, opener, pure
from dagport_lineage.model import Unresolved
from dagport_lineage.naming.connections import connection, database

if TYPE_CHECKING:
    from dagport_lineage.extract.callables.walker import Walker

CONNECTION = "airflow.connection"


def _get(site: Site) -> Value:
    if site.is_open or not site.args:
        return Data(None, None)
    return context_item(site.walker, site.handle, site.args[0])


def _connection(site: Site) -> Value:
    """``BaseHook.get_connection(conn_id)``."""
    value = site.arg(0, "conn_id")
    known = value.value if isinstance(value, Known) and not site.is_open else None
    if isinstance(known, str):
        return Handle(CONNECTION, connection(known, site.walker.scope))
    return Handle(CONNECTION, Unresolved("connection", "which connection is taken isn't known"))


def _part(name: str) -> Callable[[Walker, Handle], Value]:
    """What a connection says; never its login, its password or its extra."""

    def rule(walker: Walker, handle: Handle) -> Value:
        if isinstance(handle.data, Unresolved):
            return Data(handle.data)
        found = getattr(handle.data, name)
        missing = Unresolved("connection", f"the connection `{handle.data.id}` doesn't say its {name}")
        return Data(missing) if found is None else Known(found)

    return rule


def _uri(site: Site) -> Value:
    known = site.handle.data
    target = known if isinstance(known, Unresolved) else database(known.id, site.walker.scope)
    return Handle("sqlalchemy.engine", target)


def _pulled(site: Site) -> Value:
    """``xcom_pull``: what another task returned, where that is certain."""
    from dagport.values import XCom

    task_id = site.text_arg(0, "task_ids")
    key = site.arg(2, "key", Known("return_value"))
    is_plain = not site.is_open and not ({"dag_id", "map_indexes", "run_id", "include_prior_dates"} & set(site.kwargs))
    if (
        task_id is None
        or not is_plain
        or len(site.args) > 1
        or not isinstance(key, Known)
        or site.walker.results is None
    ):
        return Data(Unresolved("runtime", "it is the result of another task"), None)
    return site.walker.results(XCom(task_id, str(key.value)))


def _bigquery(site: Site) -> Value:
    """The project is said by the connection, where it is given."""
    value = site.arg(0, "gcp_conn_id", Known("google_cloud_default"))
    known = value.value if isinstance(value, Known) and isinstance(value.value, str) else None
    if known is None or site.is_open:
        return Handle(hooks.HOOK, Unresolved("connection", "which connection is taken isn't known"))
    return Handle(hooks.HOOK, database(known, site.walker.scope, type_="bigquery", dialect="bigquery"))


DESCRIPTIONS = (
    "airflow:Asset", "airflow:AssetAlias", "airflow:Dataset", "airflow:DatasetAlias", "airflow:Metadata",
    "airflow:Param", "airflow:PokeReturnValue", "airflow:TaskInstanceKey",
    "airflow:timezone.utcnow", "airflow:utcnow",
)  # fmt: skip
"""Classes whose objects describe something."""

FUNCTIONS: dict[str, Rule] = {
    **hooks.FUNCTIONS,
    **object_hooks.FUNCTIONS,
    "airflow:get_current_context": opener(CONTEXT),
    "airflow:BaseHook.get_connection": _connection,
    "airflow:Connection.get_connection_from_secrets": _connection,
    "airflow:Connection.get": _connection,
    "airflow:Variable.set": nothing,
    **dict.fromkeys(DESCRIPTIONS, pure),
    "airflow:BigQueryHook": _bigquery,
}

KINDS = {
    **hooks.KINDS,
    **object_hooks.KINDS,
    CONNECTION: Kind(
        methods={"get_uri": _uri},
        attributes={name: _part(name) for name in ("host", "port", "schema")},
        is_pure=True,
        has_fields=True,
    ),
    CONTEXT: Kind(methods={"get": _get}, item=context_item, pure=frozenset({"keys", "items", "values", "copy"})),
    INSTANCE: Kind(methods={"xcom_pull": _pulled, "xcom_push": nothing}, is_pure=True, has_fields=True),
    FACTS: Kind(is_pure=True, has_fields=True, assignable=True),
}
