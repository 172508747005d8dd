"""Snowflake: SQL over its API, and checks. Files that are copied from a stage are a transfer."""

from __future__ import annotations

from dagport_lineage.extract.operators.checks import checks
from dagport_lineage.extract.queries import Reach, by, query

HOME = "airflow.providers.snowflake.operators.snowflake"
SNOWFLAKE = by(
    Reach(
        conn_id="snowflake_conn_id",
        default="snowflake_default",
        type="snowflake",
        database="database",
        schema="schema",
        hook_params="hook_params",
    )
)

FAMILY = {
    f"{HOME}.SnowflakeSqlApiOperator": query("sql", SNOWFLAKE),
    **checks(HOME, SNOWFLAKE, "Snowflake", ("Check", "ValueCheck", "IntervalCheck")),
}
