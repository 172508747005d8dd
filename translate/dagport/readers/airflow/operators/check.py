"""Checks of data: they fail when something is wrong."""

from dagport.readers.airflow.operators import Family, Signature
from dagport.readers.airflow.operators.sql import BASE, CONNECTION

HOME = "airflow.providers.common.sql.operators.sql"
PRESENT = {
    "SQLCheckOperator": Signature(f"sql {CONNECTION}", "sql", f"parameters {BASE}"),
    "SQLValueCheckOperator": Signature(
        f"sql pass_value {CONNECTION}", "sql pass_value", f"tolerance parameters {BASE}"
    ),
    "SQLIntervalCheckOperator": Signature(
        f"sql1 sql2 {CONNECTION}",
        "table metrics_thresholds",
        f"date_filter_column days_back ratio_formula ignore_zero {BASE}",
    ),
    "SQLThresholdCheckOperator": Signature(
        f"sql min_threshold max_threshold {CONNECTION}", "sql min_threshold max_threshold", BASE
    ),
    "SQLColumnCheckOperator": Signature(
        f"table partition_clause sql {CONNECTION}", "table column_mapping", f"partition_clause accept_none {BASE}"
    ),
    "SQLTableCheckOperator": Signature(
        f"table partition_clause sql {CONNECTION}", "table checks", f"partition_clause accept_none {BASE}"
    ),
}
OLD = {
    "CheckOperator": "SQLCheckOperator",
    "ValueCheckOperator": "SQLValueCheckOperator",
    "IntervalCheckOperator": "SQLIntervalCheckOperator",
    "ThresholdCheckOperator": "SQLThresholdCheckOperator",
}

FAMILY = Family(
    kind="check",
    classes={f"{HOME}.{name}": signature for name, signature in PRESENT.items()},
    aliases={
        **{f"airflow.operators.sql.{name}": f"{HOME}.{name}" for name in PRESENT},
        **{f"airflow.operators.check_operator.{old}": f"{HOME}.{name}" for old, name in OLD.items()},
    },
    names=r"Check\w*Operator$|DataQuality|GreatExpectations|SodaScan",
    rank=20,
)
