"""Statements run by a database."""

from dagport.readers.airflow.operators import Family, Signature

HOME = "airflow.providers.common.sql.operators"
QUERY = f"{HOME}.sql.SQLExecuteQueryOperator"
CONNECTION = "conn_id database hook_params"
BASE = f"{CONNECTION} retry_on_failure"
OLD = {
    "postgres": "Postgres", "mysql": "MySql", "mssql": "MsSql", "sqlite": "Sqlite", "oracle": "Oracle", "jdbc": "Jdbc",
    "snowflake": "Snowflake", "trino": "Trino", "presto": "Presto", "vertica": "Vertica", "exasol": "Exasol",
}  # fmt: skip
OLD_PROVIDERS = {"mssql": "microsoft.mssql"}

# The operators of single databases that common.sql replaced: a statement, and a connection named by the database.
SINGLE = {
    f"{home}.{name}Operator": Signature(
        "sql parameters conn_id database hook_params",
        "sql",
        f"{module}_conn_id warehouse role schema authenticator session_parameters parameters autocommit database "
        "runtime_parameters handler split_statements return_last "
        "show_return_value_in_logs requires_result_fetch output_processor hook_params retry_on_failure conn_id",
    )
    for module, name in OLD.items()
    for home in (
        f"airflow.providers.{OLD_PROVIDERS.get(module, module)}.operators.{module}",
        f"airflow.operators.{module}_operator",
    )
}

FAMILY = Family(
    kind="sql",
    classes={
        **SINGLE,
        QUERY: Signature(
            f"sql parameters {CONNECTION}",
            "sql",
            f"autocommit parameters handler output_processor split_statements return_last "
            f"show_return_value_in_logs requires_result_fetch {BASE}",
        ),
        f"{HOME}.sql.BaseSQLOperator": Signature(CONNECTION, "", BASE),
        f"{HOME}.sql.SQLInsertRowsOperator": Signature(
            "table_name conn_id schema database _columns ignored_columns preoperator postoperator insert_args",
            "table_name",
            f"schema columns ignored_columns rows rows_processor preoperator postoperator insert_args {BASE}",
        ),
        f"{HOME}.sql.SQLBulkLoadOperator": Signature(
            f"table tmp_file preoperator postoperator {CONNECTION}",
            "table tmp_file",
            f"preoperator postoperator {BASE}",
        ),
        f"{HOME}.analytics.AnalyticsOperator": Signature(
            "datasource_configs queries max_rows_check result_output_format",
            "datasource_configs queries",
            "max_rows_check engine result_output_format",
        ),
    },
    aliases={"airflow.operators.sql.BaseSQLOperator": f"{HOME}.sql.BaseSQLOperator"},
    names=r"(?<!Cloud)S(QL|ql)\w*Operator$|(Postgres|Snowflake|Redshift(SQL|Data)?|Trino|Presto|Hive|Oracle|Jdbc|Vertica|Exasol|Athena|"
    r"Teradata|Impala|Druid|Kylin|Ydb)(Query)?Operator$|BigQuery(InsertJob|ExecuteQuery|)Operator$|QueryOperator$",
    rank=40,
)
