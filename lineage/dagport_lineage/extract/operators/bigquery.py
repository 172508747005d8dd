"""BigQuery: jobs, tables, checks, and rows that go to other databases.

Names as in ``airflow.providers.google.cloud.openlineage.mixins``, from the configuration of a job as it is submitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from dagport.graph import Task
from dagport.values import Value
from dagport_lineage.extract import bigquery
from dagport_lineage.extract.arguments import (
    Named,
    Rule,
    argument,
    found,
    gap,
    items,
    map_named,
    missing,
    rendered,
    text_at,
    value_at,
    why_not,
)
from dagport_lineage.extract.endpoints import gcs_folder, gcs_url
from dagport_lineage.extract.operators.checks import checks
from dagport_lineage.extract.operators.empty import nothing
from dagport_lineage.extract.queries import Reach, as_written, columns_of, into, reached, run, text_of_sql
from dagport_lineage.extract.queries import table as table_of
from dagport_lineage.extract.sql import sql_found
from dagport_lineage.model import Column, Found, Gap, Lifecycle, Unresolved
from dagport_lineage.naming.database import Database
from dagport_lineage.naming.uris import uri_dataset
from dagport_lineage.scope import Scope

HOME = "airflow.providers.google.cloud"
OPERATORS = f"{HOME}.operators.bigquery"
CONTRIB = "airflow.contrib.operators.bigquery_operator"
OWN_TABLES = ("tableDefinitions", "connectionProperties")  # names without a dataset may be those of a job or a session
FILES = (".sql", ".json")
CONFIGURATION = "configuration"

# Jobs


def insert_job(task: Task, scope: Scope) -> Found:
    """``BigQueryInsertJobOperator``: one job of four kinds."""
    configuration = value_at(task, CONFIGURATION)
    place = scope.place(task)
    if not isinstance(configuration, Mapping):
        return Found(gaps=(gap("both", why_not(configuration, task, scope, CONFIGURATION), place),))
    if configuration.get("dryRun") is True:
        return Found()
    kinds = [kind for kind in JOBS if configuration.get(kind) is not None]
    if len(kinds) != 1:
        message = f"`{CONFIGURATION}` has none of {', '.join(JOBS)}, or several"
        return Found(gaps=(Gap(side="both", reason="opaque", message=message, place=place),))
    return JOBS[kinds[0]](task, scope)


def query_job(task: Task, scope: Scope) -> Found:
    """A query; its rows go to ``destinationTable`` where there is one."""
    path = (CONFIGURATION, "query")
    project = bigquery.project(task, scope)
    target = None
    if value_at(task, *path, "destinationTable") is not None:
        target = bigquery.table_object(task, scope, project, *path, "destinationTable")
    return query_to_table(
        value_at(task, *path, "query"),
        task,
        scope,
        ".".join((*path, "query")),
        _default_dataset(task, scope, project),
        target=target,
        lifecycle=_lifecycle(task, *path),
        legacy=value_at(task, *path, "useLegacySql") is not False,
    )


def query_to_table(
    value: Value,
    task: Task,
    scope: Scope,
    label: str,
    where: Database,
    *,
    target: Named | None,
    lifecycle: Lifecycle | None,
    legacy: bool,
) -> Found:
    """What a query does whose rows may go to a table."""
    read = missing(label) if value is None else text_of_sql(value, task, scope, label, FILES)
    if isinstance(read, Unresolved):
        place = scope.place(task)
        unknown = Found(gaps=(gap("both", read, place),))
        return unknown if target is None else into(unknown, target, place, lifecycle=lifecycle)
    text, place = bigquery.standard(read.rendered) if legacy else read.rendered, read.place
    done = as_written(sql_found(text, where, place), read.written)
    if target is None:
        return done
    return into(done, target, place, lifecycle=lifecycle, rows=columns_of(text, done, where, place))


def _default_dataset(task: Task, scope: Scope, project: str | Unresolved) -> Database:
    """Where names without a project or a dataset lie: those of the job, and ``defaultDataset``."""
    path = (CONFIGURATION, "query", "defaultDataset")
    if value_at(task, *path) is None:
        return bigquery.of_project(project)
    if any(value_at(task, CONFIGURATION, "query", name) for name in OWN_TABLES):
        return bigquery.of_project(project)
    dataset, its_project = (text_at(task, scope, *path, key) for key in ("datasetId", "projectId"))
    if its_project is not None and its_project != project:
        return bigquery.of_project(None)
    return bigquery.of_project(project, dataset if isinstance(dataset, str) else None)


def _lifecycle(task: Task, *path: str) -> Lifecycle | None:
    return "OVERWRITE" if value_at(task, *path, "writeDisposition") == "WRITE_TRUNCATE" else None


def load_job(task: Task, scope: Scope) -> Found:
    """Files go to a table."""
    path = (CONFIGURATION, "load")
    target = bigquery.table_object(task, scope, bigquery.project(task, scope), *path, "destinationTable")
    done = found(scope.place(task), reads=_uris(task, scope, *path, "sourceUris"), writes=(target,))
    schema = bigquery.columns(value_at(task, *path, "schema", "fields"))
    return _described(done, schema=schema, lifecycle=_lifecycle(task, *path))


def copy_job(task: Task, scope: Scope) -> Found:
    """Tables go to a table."""
    path, project = (CONFIGURATION, "copy"), bigquery.project(task, scope)
    listed = value_at(task, *path, "sourceTables")
    if isinstance(listed, list | tuple):
        sources = [
            bigquery.table_object(task, scope, project, *path, "sourceTables", index) for index in range(len(listed))
        ]
    else:
        name = "sourceTable" if listed is None else "sourceTables"
        sources = [bigquery.table_object(task, scope, project, *path, name)]
    target = bigquery.table_object(task, scope, project, *path, "destinationTable")
    return _described(found(scope.place(task), reads=sources, writes=(target,)), lifecycle=_lifecycle(task, *path))


def extract_job(task: Task, scope: Scope) -> Found:
    """A table goes to files."""
    path = (CONFIGURATION, "extract")
    source = bigquery.table_object(task, scope, bigquery.project(task, scope), *path, "sourceTable")
    name = "destinationUri" if value_at(task, *path, "destinationUris") is None else "destinationUris"
    return found(scope.place(task), reads=(source,), writes=_uris(task, scope, *path, name))


JOBS: Mapping[str, Rule] = {"query": query_job, "load": load_job, "copy": copy_job, "extract": extract_job}


def _uris(task: Task, scope: Scope, *path: str) -> Iterator[Named]:
    label = ".".join(path)
    values = items(value_at(task, *path))
    if not values:
        yield missing(label)
    for value in values:
        text = rendered(value, task, scope, label)
        if isinstance(text, Unresolved):
            yield text
        else:
            yield gcs_url(text) if text.startswith("gs://") else uri_dataset(text)


def _described(done: Found, *, schema: tuple[Column, ...] = (), lifecycle: Lifecycle | None = None) -> Found:
    return replace(
        done, writes=tuple(replace(write, schema=schema or write.schema, lifecycle=lifecycle) for write in done.writes)
    )


# Tables


def create_table(task: Task, scope: Scope) -> Found:
    """A table, a view (made of what its query reads), or an external table (made of files)."""
    place, project = scope.place(task), bigquery.project(task, scope)
    target = bigquery.table(project, argument(task, scope, "dataset_id"), argument(task, scope, "table_id"))
    resource = "table_resource"
    for path in ((resource, "view"), (resource, "materializedView"), ("view",), ("materialized_view",)):
        query = value_at(task, *path, "query")
        if query is not None:
            legacy = path[-1] == "view" and value_at(task, *path, "useLegacySql") is not False
            where, label = bigquery.of_project(project), ".".join((*path, "query"))
            return query_to_table(query, task, scope, label, where, target=target, lifecycle="CREATE", legacy=legacy)
    external = (resource, "externalDataConfiguration", "sourceUris")
    reads = _uris(task, scope, *external) if value_at(task, *external) is not None else ()
    schema = bigquery.columns(value_at(task, resource, "schema", "fields") or value_at(task, "schema_fields"))
    return _described(found(place, reads=reads, writes=(target,)), schema=schema, lifecycle="CREATE")


def external_table(task: Task, scope: Scope) -> Found:
    """``BigQueryCreateExternalTableOperator`` of older providers."""
    project, bucket = bigquery.project(task, scope), argument(task, scope, "bucket")
    if value_at(task, "table_resource") is not None:
        target = bigquery.table_object(task, scope, project, "table_resource", "tableReference")
        reads = _uris(task, scope, "table_resource", "externalDataConfiguration", "sourceUris")
    else:
        target = bigquery.table_object(task, scope, project, "destination_project_dataset_table")
        reads = (
            map_named(gcs_folder, bucket or missing("bucket"), rendered(value, task, scope, "source_objects"))
            for value in items(task.arguments.get("source_objects"))
        )
    schema = bigquery.columns(value_at(task, "schema_fields"))
    return _described(found(scope.place(task), reads=reads, writes=(target,)), schema=schema, lifecycle="CREATE")


def changed(lifecycle: Lifecycle | None) -> Rule:
    """A rule for an operator that changes a table: named by three arguments, or by its resource."""

    def rule(task: Task, scope: Scope) -> Found:
        reference = ("table_resource", "tableReference")
        project, dataset, name = (
            argument(task, scope, argument_name) or text_at(task, scope, *reference, key)
            for argument_name, key in (
                ("project_id", "projectId"),
                ("dataset_id", "datasetId"),
                ("table_id", "tableId"),
            )
        )
        target = bigquery.table(project or bigquery.project(task, scope), dataset, name)
        return _described(found(scope.place(task), writes=(target,)), lifecycle=lifecycle)

    return rule


def delete_table(task: Task, scope: Scope) -> Found:
    """``BigQueryDeleteTableOperator``."""
    project = bigquery.project(task, scope)
    target = bigquery.table_object(task, scope, project, "deletion_dataset_table")
    return _described(found(scope.place(task), writes=(target,)), lifecycle="DROP")


def delete_dataset(task: Task, scope: Scope) -> Found:
    """``BigQueryDeleteDatasetOperator``: with its content, tables go that aren't named."""
    if task.arguments.get("delete_contents", False) is False:
        return Found()
    message = f"which tables the dataset `{argument(task, scope, 'dataset_id')}` holds isn't said"
    return Found(gaps=(Gap(side="outputs", reason="runtime", message=message, place=scope.place(task)),))


def get_data(task: Task, scope: Scope) -> Found:
    """``BigQueryGetDataOperator``: rows of a table, or the result of another job."""
    place = scope.place(task)
    if task.arguments.get("job_id") is not None:
        message = "it reads the result of another job"
        return Found(gaps=(Gap(side="inputs", reason="runtime", message=message, place=place),))
    project = argument(task, scope, "table_project_id") or bigquery.project(task, scope)
    source = bigquery.table(project, argument(task, scope, "dataset_id"), argument(task, scope, "table_id"))
    done = found(place, reads=(source,))
    fields = argument(task, scope, "selected_fields")
    columns = tuple(sorted(name.strip() for name in fields.split(","))) if isinstance(fields, str) else ()
    return replace(done, reads=tuple(replace(read, columns=columns) for read in done.reads))


# Queries of older providers


def execute_query(task: Task, scope: Scope) -> Found:
    """``BigQueryExecuteQueryOperator``, and ``BigQueryOperator`` before it."""
    place, project = scope.place(task), bigquery.project(task, scope, name=None)
    target = None
    if task.arguments.get("destination_dataset_table") is not None:
        target = bigquery.table_object(task, scope, project, "destination_dataset_table")
    values = items(task.arguments.get("sql", task.arguments.get("bql")))
    if len(values) != 1:
        done = run(values, task, scope, "sql", bigquery.of_project(project), files=FILES)
        return done if target is None else into(done, target, place)
    overwrites = task.arguments.get("write_disposition") == "WRITE_TRUNCATE"
    return query_to_table(
        values[0],
        task,
        scope,
        "sql",
        bigquery.of_project(project),
        target=target,
        lifecycle="OVERWRITE" if overwrites else None,
        legacy=task.arguments.get("use_legacy_sql") is not False,
    )


# Rows that go to other databases


def to_database(type_: str, prefix: str) -> Rule:
    """A rule for ``BigQueryTo*``: a table goes to a table of a database of that type."""
    reach = Reach(conn_id=f"{prefix}_conn_id", default=f"{prefix}_default", type=type_, database="database")

    def rule(task: Task, scope: Scope) -> Found:
        place, project = scope.place(task), bigquery.project(task, scope, name=None)
        source = next(
            (name for name in ("source_project_dataset_table", "dataset_table") if task.arguments.get(name)), None
        )
        if source is not None:
            read = bigquery.table_object(task, scope, project, source)
        else:
            read = bigquery.table(project, argument(task, scope, "dataset_id"), argument(task, scope, "table_id"))
        names = (f"{prefix}_table", "target_table_name")
        name = next((name for name in names if task.arguments.get(name)), names[-1])
        target = table_of(argument(task, scope, name), reached(task, scope, reach), place, name)
        return found(place, reads=(read,), writes=(target,))

    return rule


# Datasets, routines and transfers that are managed, tables that are waited for
NO_DATA = {
    "operators.bigquery": "BigQueryCreateEmptyDatasetOperator BigQueryGetDatasetOperator BigQueryUpdateDatasetOperator "
    "BigQueryGetDatasetTablesOperator BigQueryCreateRoutineOperator BigQueryUpdateRoutineOperator "
    "BigQueryDeleteRoutineOperator BigQueryGetRoutineOperator BigQueryListRoutinesOperator",
    "sensors.bigquery": "BigQueryTableExistenceSensor BigQueryTablePartitionExistenceSensor "
    "BigQueryRoutineExistenceSensor BigQueryStreamingBufferEmptySensor",
}
CHECKS = ("Check", "ValueCheck", "IntervalCheck", "ColumnCheck", "TableCheck")

FAMILY: Mapping[str, Rule] = {
    **{f"{HOME}.{module}.{name}": nothing for module, names in NO_DATA.items() for name in names.split()},
    **checks(OPERATORS, bigquery.database, "BigQuery", CHECKS),
    f"{OPERATORS}.BigQueryInsertJobOperator": insert_job,
    f"{OPERATORS}.BigQueryCreateTableOperator": create_table,
    f"{OPERATORS}.BigQueryCreateEmptyTableOperator": create_table,
    f"{OPERATORS}.BigQueryCreateExternalTableOperator": external_table,
    f"{OPERATORS}.BigQueryUpdateTableOperator": changed("ALTER"),
    f"{OPERATORS}.BigQueryUpsertTableOperator": changed(None),
    f"{OPERATORS}.BigQueryUpdateTableSchemaOperator": changed("ALTER"),
    f"{OPERATORS}.BigQueryDeleteTableOperator": delete_table,
    f"{OPERATORS}.BigQueryDeleteDatasetOperator": delete_dataset,
    f"{OPERATORS}.BigQueryGetDataOperator": get_data,
    f"{OPERATORS}.BigQueryExecuteQueryOperator": execute_query,
    f"{CONTRIB}.BigQueryOperator": execute_query,
    f"{CONTRIB}.BigQueryCreateEmptyTableOperator": create_table,
    f"{CONTRIB}.BigQueryCreateExternalTableOperator": external_table,
    f"{HOME}.transfers.bigquery_to_postgres.BigQueryToPostgresOperator": to_database("postgres", "postgres"),
    f"{HOME}.transfers.bigquery_to_mysql.BigQueryToMySqlOperator": to_database("mysql", "mysql"),
    f"{HOME}.transfers.bigquery_to_mssql.BigQueryToMsSqlOperator": to_database("mssql", "mssql"),
}
