"""The base classes, called or derived from."""

from dagport.readers.airflow.operators import Family, Signature

OPERATORS = (
    "airflow.sdk.BaseOperator airflow.sdk.bases.operator.BaseOperator airflow.sdk.bases.operator.BaseAsyncOperator "
    "airflow.models.BaseOperator airflow.models.baseoperator.BaseOperator"
)
SENSORS = (
    "airflow.sdk.BaseSensorOperator airflow.sdk.bases.sensor.BaseSensorOperator "
    "airflow.sensors.base.BaseSensorOperator airflow.sensors.base_sensor_operator.BaseSensorOperator"
)

FAMILY = Family(
    kind="other",
    classes={
        **{name: Signature("") for name in OPERATORS.split()},
        **{name: Signature("", kind="sensor", sensor=True) for name in SENSORS.split()},
    },
)
