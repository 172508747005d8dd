"""Operators that may end their part of the run early."""

from dagport.readers.airflow.operators import Family, Signature
from dagport.readers.airflow.operators.python import CALL, FIELDS

HOME = "airflow.providers.standard.operators"

FAMILY = Family(
    kind="short_circuit",
    classes={
        f"{HOME}.python.ShortCircuitOperator": Signature(
            FIELDS, "python_callable", f"{CALL} ignore_downstream_trigger_rules", skips=True
        ),
        f"{HOME}.hitl.ApprovalOperator": Signature(
            "subject body",
            "subject",
            "ignore_downstream_trigger_rules fail_on_reject body defaults params notifiers assigned_users "
            "response_timeout respondents",
            skips=True,
        ),
    },
    aliases={
        "airflow.operators.python.ShortCircuitOperator": f"{HOME}.python.ShortCircuitOperator",
        "airflow.operators.python_operator.ShortCircuitOperator": f"{HOME}.python.ShortCircuitOperator",
    },
    names=r"ShortCircuit",
    rank=10,
)
