"""dbt."""

from dagport.readers.airflow.operators import Family

FAMILY = Family(
    kind="dbt",
    classes={"airflow.providers.dbt.cloud.operators.dbt.DbtCloudRunJobOperator": None},
    names=r"^_?(Abstract)?(Dbt|DBT)",
    rank=25,
)
