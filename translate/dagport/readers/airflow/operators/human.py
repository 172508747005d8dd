"""Operators that wait for a person."""

from dagport.readers.airflow.operators import Family, Signature

HOME = "airflow.providers.standard.operators.hitl"
COMMON = "body defaults multiple params notifiers assigned_users response_timeout respondents"

FAMILY = Family(
    kind="other",
    classes={
        f"{HOME}.HITLOperator": Signature("subject body", "subject options", COMMON),
        f"{HOME}.HITLEntryOperator": Signature("subject body", "subject", f"options {COMMON}"),
    },
)
