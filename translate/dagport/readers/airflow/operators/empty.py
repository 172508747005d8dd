"""Operators that do nothing: joins, starts and ends."""

from dagport.readers.airflow.operators import Family, Signature

HOME = "airflow.providers.standard.operators"
PRESENT = f"{HOME}.empty.EmptyOperator"

FAMILY = Family(
    kind="empty",
    classes={
        PRESENT: Signature(""),
        f"{HOME}.smooth.SmoothOperator": Signature(""),
        "airflow.providers.standard.sensors.external_task.ExternalTaskMarker": Signature(
            "external_dag_id external_task_id logical_date",
            "external_dag_id external_task_id",
            "logical_date execution_date recursion_depth",
            kind="other",  # it does nothing itself, and links to another pipeline
        ),
        # `DummyOperator` is a class of its own here: that name decides what Airflow calls the task.
        "airflow.operators.dummy.DummyOperator": Signature(""),
        "airflow.operators.dummy_operator.DummyOperator": Signature(""),
    },
    aliases={
        "airflow.operators.empty.EmptyOperator": PRESENT,
        "airflow.operators.smooth.SmoothOperator": f"{HOME}.smooth.SmoothOperator",
        "airflow.sensors.external_task.ExternalTaskMarker": (
            "airflow.providers.standard.sensors.external_task.ExternalTaskMarker"
        ),
        "airflow.sensors.external_task_sensor.ExternalTaskMarker": (
            "airflow.providers.standard.sensors.external_task.ExternalTaskMarker"
        ),
    },
)
