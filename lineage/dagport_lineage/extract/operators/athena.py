"""Athena: a query, and the place where its result is kept."""

from __future__ import annotations

from dagport.graph import Task
from dagport_lineage.extract.arguments import argument, map_named, text_at
from dagport_lineage.extract.operators.redshift import aws_region
from dagport_lineage.extract.queries import into, queries
from dagport_lineage.model import Found, Unresolved
from dagport_lineage.naming.database import Database
from dagport_lineage.naming.uris import uri_dataset
from dagport_lineage.scope import Scope

HOME = "airflow.providers.amazon.aws.operators"
CATALOG = "AwsDataCatalog"


def where(task: Task, scope: Scope) -> Database:
    """The catalog of a region; names as ``AthenaOperator`` itself emits them."""
    region = aws_region(task, scope)
    catalog = argument(task, scope, "catalog", CATALOG)
    schema = argument(task, scope, "database") or text_at(task, scope, "query_execution_context", "Database")
    return Database(
        namespace=region if isinstance(region, Unresolved) else f"awsathena://athena.{region}.amazonaws.com",
        dialect="athena",
        defaults=tuple(part if isinstance(part, str) else None for part in (catalog, schema)),
        caseless=True,
        unknown=next((part for part in (catalog, schema) if isinstance(part, Unresolved)), None),
    )


def execute(task: Task, scope: Scope) -> Found:
    """A query, whose result goes to ``output_location``; by default the workgroup says where, and that isn't known."""
    done = queries(task, scope, "query", where(task, scope))
    location = argument(task, scope, "output_location")
    location = location or text_at(task, scope, "result_configuration", "OutputLocation")
    return done if location is None else into(done, map_named(uri_dataset, location), scope.place(task))


FAMILY = {f"{HOME}.athena.AthenaOperator": execute}
