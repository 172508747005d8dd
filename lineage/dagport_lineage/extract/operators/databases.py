"""Other databases: one row a class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dagport.graph import Task
from dagport_lineage.extract.arguments import Rule, argument, found, gap, text_at
from dagport_lineage.extract.operators.checks import BOTH_FILES, asking
from dagport_lineage.extract.operators.teradata import procedure
from dagport_lineage.extract.queries import GENERIC, Reach, by, moving, query, reached, table
from dagport_lineage.model import Found, Unresolved
from dagport_lineage.naming.database import Database
from dagport_lineage.scope import Scope
from dagport_lineage.secrets import redact

HOME = "airflow.providers"
CLICKHOUSE = "airflow_clickhouse_plugin.operators"
MYSQL = by(Reach(conn_id="mysql_conn_id", default="mysql_default", type="mysql"))


def own(name: str, *, database: str | None = None, schema: str | None = None) -> Reach:
    """A connection that the argument ``<name>_conn_id`` names, of the type of that name."""
    return Reach(conn_id=f"{name}_conn_id", default=f"{name}_default", type=name, database=database, schema=schema)


def to_mysql(name: str) -> Rule:
    """A rule for ``*ToMySqlOperator``: the rows of a query go to a table."""
    return moving("sql", by(own(name)), "mysql_table", MYSQL, before="mysql_preoperator", after="mysql_postoperator")


def hive_query(task: Task, scope: Scope) -> Found:
    """``HiveOperator``: a script, or what follows a mark in it."""
    if task.arguments.get("script_begin_tag") is not None:
        problem = Unresolved("opaque", "which part of the script runs, by `script_begin_tag`, isn't followed")
        return Found(gaps=(gap("both", problem, scope.place(task)),))
    return HIVE(task, scope)


HIVE = query(
    "hql",
    by(Reach(conn_id="hive_cli_conn_id", default="hive_cli_default", type="hive_cli", schema="schema")),
    files=(".hql", ".sql"),
)


def hive_statistics(task: Task, scope: Scope) -> Found:
    """``HiveStatsCollectionOperator``: asks a table through Presto, the answers go to the table ``hive_stats``."""
    place = scope.place(task)
    asked = table(argument(task, scope, "table"), reached(task, scope, own("presto")), place, "table")
    mysql = Reach(conn_id="mysql_conn_id", default="airflow_db", type="mysql")
    return found(place, reads=(asked,), writes=(table("hive_stats", reached(task, scope, mysql), place, "hive_stats"),))


def duckdb(task: Task, scope: Scope) -> Database:
    """The file of a connection, or the one that is named in its place. In memory no table outlives the task."""
    made = reached(task, scope, DUCKDB)
    path = argument(task, scope, "database") or text_at(task, scope, "hook_params", "database")
    if path is None:
        return made
    if isinstance(path, str) and not path.startswith("/"):
        path = Unresolved("name", f"the database `{redact(path)}` isn't the absolute path of a file")
    name = path if isinstance(path, Unresolved) else f"duckdb://{path}"
    return replace(made, namespace=name, dialect="duckdb", defaults=("main",), folding="lower", caseless=True)


def other_language(language: str, name: str) -> Rule:
    """A rule for queries that aren't SQL; ``name`` is their argument."""

    def rule(task: Task, scope: Scope) -> Found:
        problem = Unresolved("sql", f"`{name}` is {language}: what that reads and writes isn't followed")
        return Found(gaps=(gap("both", problem, scope.place(task)),))

    return rule


DUCKDB = Reach(default="duckdb_default", type="duckdb")
SPARK = Reach(conn_id="conn_id", default="spark_sql_default", type="spark_sql", dialect="spark")
SENT = by(Reach(conn_id="sql_conn_id", hook_params="sql_hook_params"))
GENERIC_QUERY = query("sql", by(GENERIC), files=(".sql", ".json"))

FAMILY: Mapping[str, Rule] = {
    f"{HOME}.apache.hive.operators.hive.HiveOperator": hive_query,
    f"{HOME}.apache.hive.operators.hive_stats.HiveStatsCollectionOperator": hive_statistics,
    f"{HOME}.apache.spark.operators.spark_sql.SparkSqlOperator": query("sql", by(SPARK), files=BOTH_FILES),
    f"{HOME}.duckdb.operators.duckdb.DuckDBExecuteQueryOperator": query("sql", duckdb, files=(".sql", ".json")),
    f"{HOME}.oracle.operators.oracle.OracleStoredProcedureOperator": procedure,
    f"{HOME}.pgvector.operators.pgvector.PgVectorIngestOperator": GENERIC_QUERY,
    f"{HOME}.ydb.operators.ydb.YDBExecuteQueryOperator": query("sql", by(own("ydb"))),
    f"{HOME}.slack.transfers.sql_to_slack.SqlToSlackApiFileOperator": asking(SENT, "sql"),
    f"{HOME}.slack.transfers.sql_to_slack_webhook.SqlToSlackWebhookOperator": asking(SENT, "sql"),
    f"{HOME}.mysql.transfers.presto_to_mysql.PrestoToMySqlOperator": to_mysql("presto"),
    f"{HOME}.mysql.transfers.trino_to_mysql.TrinoToMySqlOperator": to_mysql("trino"),
    f"{HOME}.mysql.transfers.vertica_to_mysql.VerticaToMySqlOperator": to_mysql("vertica"),
    f"{HOME}.oracle.transfers.oracle_to_oracle.OracleToOracleOperator": moving(
        "source_sql",
        by(Reach(conn_id="oracle_source_conn_id", type="oracle")),
        "destination_table",
        by(Reach(conn_id="oracle_destination_conn_id", type="oracle")),
        by_name=True,
    ),
    f"{CLICKHOUSE}.clickhouse.ClickHouseOperator": query("sql", by(own("clickhouse", database="database"))),
    f"{CLICKHOUSE}.clickhouse_dbapi.ClickHouseSQLExecuteQueryOperator": GENERIC_QUERY,
    f"{HOME}.neo4j.operators.neo4j.Neo4jOperator": other_language("Cypher", "sql"),
    f"{HOME}.arangodb.operators.arangodb.AQLOperator": other_language("AQL", "query"),
    f"{HOME}.influxdb.operators.influxdb.InfluxDBOperator": other_language("Flux", "sql"),
    f"{HOME}.apache.druid.operators.druid.DruidOperator": other_language(
        "an ingestion task of Druid", "json_index_file"
    ),
    f"{HOME}.microsoft.azure.operators.adx.AzureDataExplorerQueryOperator": other_language("KQL", "query"),
    f"{HOME}.yandex.operators.yq.YQExecuteQueryOperator": other_language("YQL", "sql"),
    f"{HOME}.opensearch.operators.opensearch.OpenSearchQueryOperator": other_language("a search in an index", "query"),
}
