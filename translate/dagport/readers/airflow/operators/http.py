"""Calls of web services."""

from dagport.readers.airflow.operators import Family

PRESENT = "airflow.providers.http.operators.http.HttpOperator"

FAMILY = Family(
    kind="http",
    classes={PRESENT: None},
    aliases={
        "airflow.providers.http.operators.http.SimpleHttpOperator": PRESENT,
        "airflow.operators.http_operator.SimpleHttpOperator": PRESENT,
    },
    names=r"Http",
    rank=30,
)
