"""Spanner and Cloud SQL: SQL in instances that arguments name, and files that go to databases and come from them."""

from __future__ import annotations

from collections.abc import Mapping

from dagport.graph import Task
from dagport_lineage.extract.arguments import Rule, argument, found, gap, map_named, missing, text_at
from dagport_lineage.extract.bigquery import project
from dagport_lineage.extract.queries import query
from dagport_lineage.model import Found, Unresolved
from dagport_lineage.naming.database import Database
from dagport_lineage.naming.uris import uri_dataset
from dagport_lineage.scope import Scope

HOME = "airflow.providers.google.cloud.operators"


def spanner(task: Task, scope: Scope) -> Database:
    """The database of an instance of a project; only its schema may be left to the connection.

    GoogleSQL is BigQuery's language, too; what only Spanner's dialect of PostgreSQL has isn't read then.
    """
    name, place = argument(task, scope, "database_id"), project(task, scope)
    instance = argument(task, scope, "instance_id") or missing("instance_id")
    problem = next((part for part in (instance, place) if isinstance(part, Unresolved)), None)
    return Database(
        namespace=problem or f"spanner://{place}:{instance}",
        dialect="bigquery",
        defaults=(name if isinstance(name, str) else None, None),
        folding="none",
        unknown=name if isinstance(name, Unresolved) else None,
    )


def cloud_sql(task: Task, scope: Scope) -> Database:
    """A database that a connection of the type ``gcpcloudsql`` stands for: its address is known to a run."""
    name = argument(task, scope, "gcp_cloudsql_conn_id", "google_cloud_sql_default")
    why = f"where the Cloud SQL instance of the connection `{name}` can be reached is known in a run only"
    return Database(namespace=name if isinstance(name, Unresolved) else Unresolved("connection", why), dialect=None)


def files(context: str, *, reads: bool) -> Rule:
    """A rule for exports and imports of an instance: the object is named, the tables aren't."""

    def rule(task: Task, scope: Scope) -> Found:
        place = scope.place(task)
        instance = argument(task, scope, "instance")
        uri = map_named(uri_dataset, text_at(task, scope, "body", context, "uri") or "")
        tables = Unresolved(
            "name", f"tables of the Cloud SQL instance `{instance}` have no form in the naming specification"
        )
        if reads:
            return found(place, reads=(uri,), gaps=(gap("outputs", tables, place),))
        return found(place, writes=(uri,), gaps=(gap("inputs", tables, place),))

    return rule


def delete_database(task: Task, scope: Scope) -> Found:
    """``SpannerDeleteDatabaseInstanceOperator``: tables go that aren't named."""
    why = Unresolved("runtime", f"which tables the database `{argument(task, scope, 'database_id')}` holds isn't said")
    return Found(gaps=(gap("outputs", why, scope.place(task)),))


FAMILY: Mapping[str, Rule] = {
    f"{HOME}.spanner.SpannerQueryDatabaseInstanceOperator": query("query", spanner),
    f"{HOME}.spanner.SpannerDeployDatabaseInstanceOperator": query("ddl_statements", spanner, files=()),
    f"{HOME}.spanner.SpannerUpdateDatabaseInstanceOperator": query("ddl_statements", spanner, files=()),
    f"{HOME}.spanner.SpannerDeleteDatabaseInstanceOperator": delete_database,
    f"{HOME}.cloud_sql.CloudSQLExecuteQueryOperator": query("sql", cloud_sql),
    f"{HOME}.cloud_sql.CloudSQLExportInstanceOperator": files("exportContext", reads=False),
    f"{HOME}.cloud_sql.CloudSQLImportInstanceOperator": files("importContext", reads=True),
}
