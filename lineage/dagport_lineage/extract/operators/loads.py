"""Files into tables of databases, and tables into files. Names: the transfers of the providers of each side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dagport.graph import Task
from dagport_lineage.extract import bigquery
from dagport_lineage.extract.arguments import Named, Rule, argument, found, items, map_named, missing
from dagport_lineage.extract.endpoints import (
    at,
    gcs_folder,
    gcs_object,
    gcs_url,
    needed,
    s3_object,
    s3_url,
    transfer,
    unnamed,
)
from dagport_lineage.extract.operators.redshift import data_api
from dagport_lineage.extract.queries import Reach, by, into, moving, queries, reached, table
from dagport_lineage.extract.remote import exported, in_table, replacing
from dagport_lineage.model import ColumnSource, Found, Lifecycle, Transformation, Unresolved, Write
from dagport_lineage.naming.database import Database
from dagport_lineage.scope import Scope

HOME = "airflow.providers"
AMAZON = f"{HOME}.amazon.aws.transfers"
CLOUD = f"{HOME}.google.cloud.transfers"
HIVE = f"{HOME}.apache.hive.transfers"

IDENTITY = Transformation("DIRECT", "IDENTITY")


# BigQuery


def to_bigquery(task: Task, scope: Scope) -> Found:
    """``GCSToBigQueryOperator``: files to a table. Columns that are given are all, unless they add to others."""
    place = scope.place(task)
    default = bigquery.project(task, scope)
    name = "destination_project_dataset_table"
    target = bigquery.table_text(task.arguments.get(name), task, scope, default, name)
    done = found(place, reads=at(gcs_folder, "bucket", "source_objects")(task, scope), writes=(target,))
    schema = () if _adds(task) else bigquery.columns(task.arguments.get("schema_fields"))
    overwrites = task.arguments.get("write_disposition") == "WRITE_TRUNCATE"
    lifecycle: Lifecycle | None = "OVERWRITE" if overwrites else None
    columns = [column.name for column in schema] if _has_names(task) else []
    return replace(
        done,
        writes=tuple(
            replace(write, schema=schema, lifecycle=lifecycle, columns=_same_columns(write, columns))
            for write in done.writes
        ),
    )


def _adds(task: Task) -> bool:
    """Whether rows are added to a table that may have other columns."""
    return task.arguments.get("write_disposition", "WRITE_EMPTY") not in ("WRITE_EMPTY", "WRITE_TRUNCATE")


def _has_names(task: Task) -> bool:
    """Whether BigQuery goes by the names of columns in the files; in CSV the order counts."""
    return task.arguments.get("source_format", "CSV") in ("NEWLINE_DELIMITED_JSON", "AVRO", "PARQUET", "ORC")


def _same_columns(write: Write, names: list[str]) -> Mapping[str, tuple[ColumnSource, ...]]:
    """Each column comes from that of the same name in every source."""
    return {name: tuple(ColumnSource(source, name, (IDENTITY,)) for source in write.sources or ()) for name in names}


def from_bigquery(task: Task, scope: Scope) -> tuple[Named, ...]:
    """The table that ``BigQueryToGCSOperator`` exports; a missing project is that of the connection."""
    name = "source_project_dataset_table"
    default = bigquery.project(task, scope, name=None)
    return (bigquery.table_text(task.arguments.get(name), task, scope, default, name),)


def copy_of_bigquery(task: Task, scope: Scope) -> Found:
    """``BigQueryToBigQueryOperator``: one or several tables to one."""
    default = bigquery.project(task, scope)
    several, one = "source_project_dataset_tables", "destination_project_dataset_table"
    sources = [
        bigquery.table_text(value, task, scope, default, several) for value in items(task.arguments.get(several))
    ]
    target = bigquery.table_text(task.arguments.get(one), task, scope, default, one)
    done = found(scope.place(task), reads=sources or [missing(several)], writes=(target,))
    if task.arguments.get("write_disposition") != "WRITE_TRUNCATE":
        return done
    return replace(done, writes=tuple(replace(write, lifecycle="OVERWRITE") for write in done.writes))


# Redshift


def redshift(task: Task, scope: Scope) -> Database:
    """The database of a connection, or of the arguments for the Data API, which come first."""
    if not task.arguments.get("redshift_data_api_kwargs"):
        return reached(task, scope, Reach(conn_id="redshift_conn_id", default="redshift_default", type="redshift"))
    given = task.arguments.get("redshift_data_api_kwargs")
    if not isinstance(given, Mapping):
        problem = Unresolved("opaque", "what `redshift_data_api_kwargs` holds isn't known")
        return Database(namespace=problem, dialect="redshift")
    arguments = {**given, "aws_conn_id": task.arguments.get("redshift_conn_id", "redshift_default")}
    return data_api(replace(task, arguments=arguments), scope)


def to_redshift(task: Task, scope: Scope) -> Found:
    """``S3ToRedshiftOperator``: objects below a key to a table."""
    place = scope.place(task)
    target = _table(task, scope, redshift(task, scope))
    done = found(place, reads=at(s3_object, "s3_bucket", "s3_key")(task, scope), writes=(target,))
    if task.arguments.get("method") != "REPLACE":
        return done
    return replace(done, writes=tuple(replace(write, lifecycle="OVERWRITE") for write in done.writes))


def _table(task: Task, scope: Scope, where: Database) -> Named:
    name, schema = argument(task, scope, "table"), argument(task, scope, "schema")
    if isinstance(schema, Unresolved):
        return schema
    return table(f"{schema}.{name}" if isinstance(name, str) and schema else name, where, scope.place(task), "table")


def from_redshift(task: Task, scope: Scope) -> Found:
    """``RedshiftToS3Operator``: a query, or all of a table, to objects that begin with a key."""
    place, where = scope.place(task), redshift(task, scope)
    if task.arguments.get("select_query") is not None:
        rows = queries(task, scope, "select_query", where, default_side="inputs")
    else:
        rows = found(place, reads=(_table(task, scope, where),))
    return into(rows, _unloaded(task, scope), place)


def _unloaded(task: Task, scope: Scope) -> Named:
    """The key, behind which the table's name is put unless that is turned off."""
    bucket, key = needed(task, scope, "s3_bucket"), needed(task, scope, "s3_key")
    name = argument(task, scope, "table")
    as_name = task.arguments.get("table_as_file_name", True)
    if not isinstance(as_name, bool | None):
        return Unresolved("opaque", "whether `table_as_file_name` is set isn't known")
    if name is None or not as_name:
        return map_named(s3_object, bucket, key)
    return map_named(lambda bucket, key, name: s3_object(bucket, f"{key}/{name}_"), bucket, key, name)


# Others


def from_stage(task: Task, scope: Scope) -> tuple[Named, ...]:
    """What a stage of Snowflake holds: where that lies, its account knows and the task doesn't."""
    stage = argument(task, scope, "stage")
    shown = f" `{stage}`" if isinstance(stage, str) else ""
    return (Unresolved("runtime", f"the location of the stage{shown} is known to Snowflake alone"),)


def to_hive(rule: Rule) -> Rule:
    """A load of Hive replaces the content of its table, or of one partition of it."""

    def loaded(task: Task, scope: Scope) -> Found:
        return (rule if task.arguments.get("partition") else replacing(rule, "OVERWRITE"))(task, scope)

    return loaded


MYSQL = Reach(conn_id="mysql_conn_id", default="mysql_default", type="mysql")
HIVE_SERVER = Reach(conn_id="hiveserver2_conn_id", default="hiveserver2_default", type="hiveserver2")
HIVE_CLI = Reach(conn_id="hive_cli_conn_id", default="hive_cli_default", type="hive_cli")
HIVE_TABLE = in_table("hive_table", HIVE_CLI)
SNOWFLAKE = Reach(
    conn_id="snowflake_conn_id", default="snowflake_default", type="snowflake", database="database", schema="schema"
)
BY_SQL_CONNECTION = Reach(conn_id="sql_conn_id", default="sql_default", hook_params="sql_hook_params")
PRESTO = Reach(conn_id="presto_conn_id", default="presto_default", type="presto")
TRINO = Reach(conn_id="trino_conn_id", default="trino_default", type="trino")
HQL = (".hql", ".sql")

FAMILY = {
    f"{CLOUD}.gcs_to_bigquery.GCSToBigQueryOperator": to_bigquery,
    f"{CLOUD}.bigquery_to_gcs.BigQueryToGCSOperator": transfer(
        from_bigquery, at(gcs_url, "destination_cloud_storage_uris")
    ),
    f"{CLOUD}.bigquery_to_bigquery.BigQueryToBigQueryOperator": copy_of_bigquery,
    f"{AMAZON}.s3_to_redshift.S3ToRedshiftOperator": to_redshift,
    f"{AMAZON}.redshift_to_s3.RedshiftToS3Operator": from_redshift,
    f"{AMAZON}.s3_to_sql.S3ToSqlOperator": transfer(
        at(s3_object, "s3_bucket", "s3_key"), in_table("table", BY_SQL_CONNECTION, schema="schema")
    ),
    f"{AMAZON}.hive_to_dynamodb.HiveToDynamoDBOperator": exported(
        "sql",
        replace(HIVE_SERVER, schema="schema"),
        unnamed("the DynamoDB table", "table_name"),
        files=(".sql",),
    ),
    f"{HOME}.snowflake.transfers.copy_into_snowflake.CopyFromExternalStageToSnowflakeOperator": transfer(
        from_stage, in_table("table", SNOWFLAKE)
    ),
    f"{HOME}.mysql.transfers.s3_to_mysql.S3ToMySqlOperator": transfer(
        at(s3_url, "s3_source_key"), in_table("mysql_table", MYSQL)
    ),
    f"{HOME}.presto.transfers.gcs_to_presto.GCSToPrestoOperator": transfer(
        at(gcs_object, "source_bucket", "source_object"), in_table("presto_table", PRESTO)
    ),
    f"{HOME}.trino.transfers.gcs_to_trino.GCSToTrinoOperator": transfer(
        at(gcs_object, "source_bucket", "source_object"), in_table("trino_table", TRINO)
    ),
    f"{HIVE}.hive_to_mysql.HiveToMySqlOperator": moving(
        "sql", by(HIVE_SERVER), "mysql_table", by(MYSQL), before="mysql_preoperator", after="mysql_postoperator"
    ),
    f"{HIVE}.hive_to_samba.HiveToSambaOperator": exported(
        "hql", HIVE_SERVER, unnamed("the file of the Samba share", "destination_filepath"), files=HQL
    ),
    f"{HIVE}.mssql_to_hive.MsSqlToHiveOperator": to_hive(
        exported("sql", Reach(conn_id="mssql_conn_id", default="mssql_default", type="mssql"), HIVE_TABLE)
    ),
    f"{HIVE}.mysql_to_hive.MySqlToHiveOperator": to_hive(exported("sql", MYSQL, HIVE_TABLE)),
    f"{HIVE}.vertica_to_hive.VerticaToHiveOperator": to_hive(
        exported("sql", Reach(conn_id="vertica_conn_id", default="vertica_default", type="vertica"), HIVE_TABLE)
    ),
    f"{HIVE}.s3_to_hive.S3ToHiveOperator": to_hive(transfer(at(s3_url, "s3_key"), HIVE_TABLE)),
    f"{HOME}.google.suite.transfers.sql_to_sheets.SQLToGoogleSheetsOperator": exported(
        "sql",
        Reach(conn_id="sql_conn_id", database="database", generic=True),
        unnamed("the Google spreadsheet", "spreadsheet_id"),
    ),
}
