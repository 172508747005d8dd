"""Databricks: SQL, files that are copied into tables, and sensors that ask tables."""

from __future__ import annotations

from dagport.graph import Task
from dagport_lineage.extract.arguments import Named, argument, found, map_named
from dagport_lineage.extract.endpoints import gcs_url, local_file
from dagport_lineage.extract.operators.checks import asking
from dagport_lineage.extract.operators.empty import nothing
from dagport_lineage.extract.queries import Reach, by, into, queries, query, reached, table
from dagport_lineage.model import Found
from dagport_lineage.naming.uris import uri_dataset
from dagport_lineage.scope import Scope

HOME = "airflow.providers.databricks"
REACH = Reach(
    conn_id="databricks_conn_id",
    default="databricks_default",
    type="databricks",
    database="catalog",
    schema="schema",
    hook_params="hook_params",
)
DATABRICKS = by(REACH)


def execute(task: Task, scope: Scope) -> Found:
    """``DatabricksSqlOperator``: SQL; the rows of the last statement may go to a file."""
    done = queries(task, scope, "sql", DATABRICKS(task, scope))
    output = argument(task, scope, "output_path")
    return done if not output else into(done, map_named(_file, output), scope.place(task))


def _file(path: str) -> Named:
    return gcs_url(path) if path.startswith("gs://") else local_file(path)


def copy_into(task: Task, scope: Scope) -> Found:
    """``DatabricksCopyIntoOperator``: files go to a table, or are validated only."""
    place = scope.place(task)
    source = map_named(uri_dataset, argument(task, scope, "file_location") or "")
    target = table(argument(task, scope, "table_name"), reached(task, scope, REACH), place, "table_name")
    validates = task.arguments.get("validate") not in (None, False)
    return found(place, reads=(source,), writes=() if validates else (target,))


FAMILY = {
    f"{HOME}.operators.databricks_sql.DatabricksSqlOperator": execute,
    f"{HOME}.operators.databricks_sql.DatabricksCopyIntoOperator": copy_into,
    f"{HOME}.operators.databricks_sql.DatabricksCopyIntoAssetOperator": copy_into,
    f"{HOME}.operators.databricks.DatabricksSQLStatementsOperator": query("statement", DATABRICKS, files=()),
    f"{HOME}.sensors.databricks.DatabricksSQLStatementsSensor": asking(DATABRICKS, "statement"),
    # It asks for a partition, not for rows.
    f"{HOME}.sensors.databricks_partition.DatabricksPartitionSensor": nothing,
    f"{HOME}.sensors.databricks_sql.DatabricksSqlSensor": asking(DATABRICKS, "sql"),
}
