"""Redshift: SQL over a connection, and over the Data API."""

from __future__ import annotations

from dagport.graph import Task
from dagport_lineage.extract.arguments import argument
from dagport_lineage.extract.queries import Reach, by, query
from dagport_lineage.model import Unresolved
from dagport_lineage.naming.connections import connection
from dagport_lineage.naming.database import Database
from dagport_lineage.scope import Scope

HOME = "airflow.providers.amazon.aws.operators"
PORT = 5439  # the API names none, and Airflow's events of loads over it have this one


def data_api(task: Task, scope: Scope) -> Database:
    """The database of a cluster, or of a workgroup, that is named by arguments.

    In a session that another task began, a name without a schema may be that of a temporary table.
    """
    database = argument(task, scope, "database")
    schema = "public" if task.arguments.get("session_id") is None else None
    return Database(
        namespace=_cluster(task, scope),
        dialect="redshift",
        defaults=(database if isinstance(database, str) else None, schema),
        caseless=True,
        unknown=database if isinstance(database, Unresolved) else None,
    )


def _cluster(task: Task, scope: Scope) -> str | Unresolved:
    cluster, region = argument(task, scope, "cluster_identifier"), aws_region(task, scope)
    cluster = cluster or argument(task, scope, "workgroup_name")  # named as one that is reached by its host
    if isinstance(cluster, Unresolved):
        return cluster
    if cluster is None:
        return Unresolved("connection", "neither `cluster_identifier` nor `workgroup_name` is set")
    return f"redshift://{cluster.lower()}.{region}:{PORT}" if isinstance(region, str) else region


def aws_region(task: Task, scope: Scope) -> str | Unresolved:
    """The region that an operator of Amazon's works in: its own, or that of its connection."""
    for name in ("region_name", "region"):
        text = argument(task, scope, name)
        if text:
            return text
    conn_id = argument(task, scope, "aws_conn_id", "aws_default")
    if isinstance(conn_id, Unresolved):
        return conn_id
    known = connection(conn_id, scope) if conn_id else None
    if isinstance(known, Unresolved):
        return known
    region = known.setting("region_name") if known else None
    return region or Unresolved("connection", "`region_name` isn't set, and no connection says the region")


SQL = query(
    "sql", by(Reach(conn_id="redshift_conn_id", default="redshift_default", usual="redshift", database="database"))
)

FAMILY = {
    f"{HOME}.redshift_data.RedshiftDataOperator": query("sql", data_api),
    f"{HOME}.redshift_sql.RedshiftSQLOperator": SQL,
    f"{HOME}.redshift.RedshiftSQLOperator": SQL,
}
