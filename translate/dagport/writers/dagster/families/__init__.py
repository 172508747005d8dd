"""Operator families: what data and ML platforms are reached by. One family, one file, one line here.

A family is a table (``table.py``); ``form.py`` writes its tasks. Where a table has no exact place for what a task says,
the task is refused, and Airflow goes on running it.
"""

from __future__ import annotations

from functools import cache

from dagport.writers.dagster.families import (
    aws,
    aws_jobs,
    aws_queries,
    bigquery,
    checks,
    databricks,
    dbt_cloud,
    docker,
    http,
    kubernetes,
    s3,
    sagemaker,
    spark,
)
from dagport.writers.dagster.families.form import FamilyForm
from dagport.writers.dagster.families.table import Family

FAMILIES: tuple[Family, ...] = (
    kubernetes.FAMILY,
    docker.FAMILY,
    sagemaker.FAMILY,
    aws.FAMILY,
    aws_jobs.FAMILY,
    aws_queries.FAMILY,
    s3.FAMILY,
    bigquery.FAMILY,
    databricks.FAMILY,
    dbt_cloud.FAMILY,
    spark.FAMILY,
    http.FAMILY,
    checks.FAMILY,
)

FILES = {
    name: f"{name}.py"
    for name in (
        "aws",
        "bigquery",
        "checks",
        "command_checks",
        "databricks",
        "dbt_cloud",
        "ecs",
        "s3",
        "services",
        "spark",
    )
}
"""Files of the generated project that families need: what ``Operator.support`` has, and their names."""


@cache
def forms() -> dict[str, FamilyForm]:
    """The form of every operator, by its qualified class name."""
    return {name: FamilyForm(operator) for family in FAMILIES for name, operator in family.operators.items()}


@cache
def resource_classes() -> frozenset[str]:
    """The classes of all families' resources, by qualified name; those of the project's own files begin with a dot."""
    found = set()
    for form in forms().values():
        for client in (form.operator.client, *form.operator.clients.values()):
            if client is not None:
                module = client.imported.split()[1].removeprefix("{package}")
                found.add(f"{module}.{client.annotation.rpartition('.')[2]}")
    return frozenset(found)
