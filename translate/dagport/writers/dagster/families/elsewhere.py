"""Why tasks of some platforms have no form here: Airflow goes on running them, and DP410 says this."""

from __future__ import annotations

import re

GOOGLE = r"^airflow\.(?:providers\.google\.cloud|contrib)\."
REASONS: tuple[tuple[str, str], ...] = (
    (
        r"^cosmos\.|^airflow_dbt(?:_python)?\.",
        "what it runs is made from a dbt project when the DAG is read, and its arguments aren't known to dagport; "
        "`dbt` by a BashOperator is carried over, and dagster-dbt has assets for the models themselves",
    ),
    (
        r"^great_expectations_provider\.|\.GreatExpectations\w*Operator$",
        "its checkpoint comes from a data context and a connection, which only the provider reads; the same checkpoint "
        "in a function, or by the command line, is carried over",
    ),
    (
        rf"{GOOGLE}operators\.vertex_ai\.",
        "Dagster has no integration for Vertex AI, and the request is made by the classes of google-cloud-aiplatform",
    ),
    (
        rf"{GOOGLE}operators\.dataproc\w*\.",
        "it asks again by the id of its job, which Airflow makes of the run; dagster-gcp's Dataproc resource makes "
        "another",
    ),
    (
        r"\.transfers\.(?:s3_to_redshift|redshift_to_s3|s3_to_sql|copy_into_snowflake)\.",
        "its statement has the credentials of one connection put into it, and runs by another",
    ),
    (r"\.transfers\.", "it moves data between two connections of Airflow, by the code of its provider"),
)


def why(operator: str) -> str | None:
    """Why the tasks of an operator have no form, where more can be said than that they have none."""
    return next((reason for pattern, reason in REASONS if re.search(pattern, operator)), None)
