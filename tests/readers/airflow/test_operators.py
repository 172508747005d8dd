"""The tables of operators: old and new paths, kinds, and what isn't guessed."""

from __future__ import annotations

from typing import get_args

import pytest

from dagport.graph import TaskKind
from dagport.readers.airflow import operators

STANDARD = "airflow.providers.standard"

PATHS = [
    ("airflow.operators.bash_operator.BashOperator", f"{STANDARD}.operators.bash.BashOperator"),
    ("airflow.operators.bash.BashOperator", f"{STANDARD}.operators.bash.BashOperator"),
    ("airflow.operators.BashOperator", f"{STANDARD}.operators.bash.BashOperator"),
    ("airflow.operators.python_operator.PythonOperator", f"{STANDARD}.operators.python.PythonOperator"),
    ("airflow.operators.python.BranchPythonOperator", f"{STANDARD}.operators.python.BranchPythonOperator"),
    (
        "airflow.operators.dagrun_operator.TriggerDagRunOperator",
        f"{STANDARD}.operators.trigger_dagrun.TriggerDagRunOperator",
    ),
    ("airflow.operators.empty.EmptyOperator", f"{STANDARD}.operators.empty.EmptyOperator"),
    ("airflow.operators.dummy_operator.DummyOperator", "airflow.operators.dummy_operator.DummyOperator"),
    ("airflow.sensors.external_task_sensor.ExternalTaskSensor", f"{STANDARD}.sensors.external_task.ExternalTaskSensor"),
    ("airflow.contrib.sensors.file_sensor.FileSensor", f"{STANDARD}.sensors.filesystem.FileSensor"),
    ("airflow.operators.sensors.ExternalTaskSensor", f"{STANDARD}.sensors.external_task.ExternalTaskSensor"),
    (
        "airflow.contrib.operators.kubernetes_pod_operator.KubernetesPodOperator",
        "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator",
    ),
    ("airflow.operators.http_operator.SimpleHttpOperator", "airflow.providers.http.operators.http.HttpOperator"),
    (
        "airflow.contrib.operators.databricks_operator.DatabricksRunNowOperator",
        "airflow.providers.databricks.operators.databricks.DatabricksRunNowOperator",
    ),
    ("airflow.operators.email_operator.EmailOperator", "airflow.operators.email.EmailOperator"),
    ("airflow.operators.check_operator.CheckOperator", "airflow.providers.common.sql.operators.sql.SQLCheckOperator"),
    ("airflow.models.baseoperator.BaseOperator", "airflow.models.baseoperator.BaseOperator"),
]
KINDS = [
    ("airflow.operators.python.PythonOperator", "python"),
    ("airflow.operators.python.ShortCircuitOperator", "short_circuit"),
    ("airflow.operators.latest_only.LatestOnlyOperator", "branch"),
    (f"{STANDARD}.sensors.time_delta.TimeDeltaSensor", "wait"),
    (f"{STANDARD}.sensors.filesystem.FileSensor", "sensor"),
    ("airflow.providers.postgres.operators.postgres.PostgresOperator", "sql"),
    ("airflow.providers.snowflake.operators.snowflake.SnowflakeSqlApiOperator", "sql"),
    ("airflow.providers.common.sql.operators.sql.SQLTableCheckOperator", "check"),
    ("airflow.providers.amazon.aws.transfers.s3_to_redshift.S3ToRedshiftOperator", "transfer"),
    ("airflow.providers.amazon.aws.sensors.s3.S3KeySensor", "sensor"),
    ("airflow.providers.apache.spark.operators.spark_submit.SparkSubmitOperator", "spark"),
    ("airflow.providers.docker.operators.docker.DockerOperator", "container"),
    ("airflow.providers.dbt.cloud.operators.dbt.DbtCloudRunJobOperator", "dbt"),
    ("airflow.providers.slack.operators.slack_webhook.SlackWebhookOperator", "notify"),
    ("airflow.providers.amazon.aws.operators.s3.S3CreateBucketOperator", "other"),
    ("cosmos.operators.local.DbtRunLocalOperator", "dbt"),
    ("company.sensors.TableReadySensor", "sensor"),
    ("company.operators.MySqlToS3Operator", "transfer"),
    ("company.operators.LoadOperator", "other"),
]
# What would run, or be dropped, as something it isn't is never guessed from a name.
NOT_GUESSED = [
    "company.BashOperator",
    "company.RunPythonOperator",
    "company.EmptyBucketOperator",
    "company.DummyOperator",
    "company.TriggerDagRunOperator",
]
NO_OPERATORS = [
    "airflow.providers.http.hooks.http.HttpHook",
    "airflow.models.Variable",
    "airflow.sdk.DAG",
    "operator.itemgetter",
    "pandas.DataFrame",
    "company.Operator",
    "company.make_operator",
    "company.Operators",
]


@pytest.mark.parametrize(("path", "present"), PATHS)
def test_old_and_new_paths(path: str, present: str) -> None:
    entry = operators.find(path)
    assert entry is not None
    assert entry.name == present
    assert entry.template_fields is not None


@pytest.mark.parametrize(("path", "kind"), KINDS)
def test_kinds(path: str, kind: str) -> None:
    entry = operators.find(path)
    assert entry is not None
    assert entry.kind == kind


@pytest.mark.parametrize("path", NOT_GUESSED)
def test_kinds_that_are_not_guessed(path: str) -> None:
    entry = operators.find(path)
    assert entry is not None
    assert entry.kind == "other"
    assert entry.template_fields is None
    assert entry.parameters is None


@pytest.mark.parametrize("path", NO_OPERATORS)
def test_what_is_no_operator(path: str) -> None:
    assert operators.find(path) is None
    assert not operators.is_operator(path)


def test_a_moved_class_demands_no_parameter() -> None:
    entry = operators.find("airflow.operators.BashOperator")
    assert entry is not None
    assert entry.required == ()
    assert "bash_command" in (entry.parameters or ())


def test_sensors_have_the_parameters_of_the_base_class() -> None:
    entry = operators.find(f"{STANDARD}.sensors.python.PythonSensor")
    assert entry is not None
    assert entry.python_callable
    assert {"poke_interval", "mode", "python_callable"} <= set(entry.parameters or ())


def test_every_alias_and_every_class_has_a_signature() -> None:
    for family in operators.families():
        for name in (*family.classes, *family.aliases):
            entry = operators.find(name)
            assert entry is not None, name
            assert entry.template_fields is not None, name
            assert set(entry.required) <= set(entry.parameters or ()), name


def test_facts_name_their_sources() -> None:
    facts = operators.facts()
    assert facts["sources"]["apache-airflow-providers-amazon"]
    names = {name.rpartition(".")[0] for name in facts["modules"]}
    assert names
    known = set(get_args(TaskKind))
    for module, classes in facts["modules"].items():
        for name in classes:
            entry = operators.find(f"{module}.{name}")
            assert entry is not None
            assert entry.kind in known
