"""Tasks on other platforms: what real Airflow operators ask for is what the translated project asks for.

Pods and containers are compared as they would be made; services are stand-ins on one address, which both sides ask.
"""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from dagport.formats import target
from dagport.translation import WriteOptions
from tests.cases import write_project
from tests.engines.environments import Environment, environment
from tests.engines.families.services import services
from tests.engines.reading import read

HERE = Path(__file__).parent
DAGS = HERE / "families" / "dags"
DAY = "2026-01-05"
PRICES = """
CREATE TABLE prices (id INT, ds TEXT, price REAL);
INSERT INTO prices VALUES (1, '2026-01-01', 10), (2, '2026-01-05', 10), (3, '2026-01-05', NULL);
"""
SPARK_SUBMIT = """#!/bin/sh
echo "$*" >> "$SPARK_LOG"
case "$*" in *bad*) exit 3;; esac
"""
GOOGLE = {"conn_type": "google_cloud_platform", "extra": {"is_anonymous": True, "project": "shop"}}
DBT = """#!/bin/sh
echo "dbt $*"
case "$*" in *bad*) exit 1;; *absent*) exit 99;; esac
"""
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("families")]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(PRICES)
    connection.close()
    return path


@pytest.fixture(scope="module")
def in_airflow(database: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """How each task ends in Airflow, and what the services were asked."""
    engine = environment("airflow3-providers")
    with services() as found:
        variables = {
            **CREDENTIALS,
            "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
            "AWS_ENDPOINT_URL": found.address,
            "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
            "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps(GOOGLE),
            "BIGQUERY_EMULATOR_HOST": found.address,
            "AIRFLOW_CONN_HTTP_DEFAULT": found.address,
            "AIRFLOW_CONN_SHOP": json.dumps({"conn_type": "sqlite", "host": str(database)}),
        }
        files = [DAGS / f"{name}.py" for name in ("platforms", "amazon", "google")]
        done = engine.run([HERE / "inside/families_airflow.py", DAY, *files], env=variables)
    return {"ends": json.loads(done.stdout.splitlines()[-1]), "asked": found.asked}


@pytest.fixture(scope="module")
def in_dagster(
    dagster_integrations: Environment, database: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """How each asset ends in Dagster, and what the services were asked."""
    documents = [read(path, DAGS) for path in sorted(DAGS.glob("*.py"))]
    translation = target("dagster")(documents, WriteOptions(delegate=False))
    manual = {outcome.task: outcome.reason for outcome in translation.outcomes if outcome.fidelity == "manual"}
    assert manual == {}
    project = write_project(translation, tmp_path_factory.mktemp("project"))
    programs = tmp_path_factory.mktemp("programs")
    submit = programs / "spark-submit"
    for program, text in {submit: SPARK_SUBMIT, programs / "dbt": DBT}.items():
        program.write_text(text, "utf-8")
        program.chmod(0o755)
    with services() as found:
        variables = {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": found.address,
            "BIGQUERY_EMULATOR_HOST": found.address,
            "GOOGLE_CLOUD_DEFAULT_PROJECT": "shop",
            "HTTP_DEFAULT_URL": found.address,
            "SHOP_URL": f"sqlite:///{database}",
            "SPARK_DEFAULT_MASTER": "spark://cluster:7077",
            "DBT_CLOUD_DEFAULT_HOST": found.address,
            "DBT_CLOUD_DEFAULT_ACCOUNT_ID": "1",
            "DBT_CLOUD_DEFAULT_TOKEN": "secret",
            "DATABRICKS_DEFAULT_HOST": found.address,
            "DATABRICKS_DEFAULT_TOKEN": "none",
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "SPARK_LOG": str(submit.with_name("log")),
        }
        script = HERE / "inside/families_dagster.py"
        jobs = ["platforms", "amazon", "google", "others", "controlled"]
        done = dagster_integrations.run([script, project, "pipelines", DAY, *jobs], env=variables)
    commands = submit.with_name("log").read_text("utf-8").splitlines()
    return {
        **json.loads(done.stdout),
        "asked": found.asked,
        "workspace": found.workspace,
        "dbt": found.dbt,
        "spark": commands,
    }


def pod_of(made: dict[str, Any]) -> dict[str, Any]:
    """A pod without what each engine adds for itself."""
    labels = {key: value for key, value in made["metadata"].get("labels", {}).items() if key in ("team", "day")}
    spec = made["spec"]
    for container in [*spec["containers"], *spec.get("initContainers", [])]:
        container["env"] = [item for item in container.get("env", []) if not item["name"].startswith("DAGSTER_PIPES")]
    return {"labels": labels, "annotations": made["metadata"].get("annotations", {}), "spec": emptied(spec)}


def emptied(value: Any) -> Any:
    """A model without its empty parts, and without what says what Kubernetes takes anyway."""
    if isinstance(value, dict):
        found = {key: emptied(item) for key, item in value.items()}
        return {key: item for key, item in found.items() if item not in ({}, [], None, False) and key not in DEFAULTS}
    return [emptied(item) for item in value] if isinstance(value, list) else value


DEFAULTS = {"terminationMessagePolicy"}


def test_pods(in_airflow: dict[str, Any], in_dagster: dict[str, Any]) -> None:
    names = ("pod_small", "pod_gpu", "pod_dicts")
    assert [in_dagster["ends"][name]["state"] for name in names] == ["success"] * 3, in_dagster["ends"]
    wanted = [in_airflow["ends"][name]["value"] for name in names]
    made = [pod for pod in in_dagster["pods"] if pod["spec"]["containers"][0]["image"] not in ("large:1", "small:1")]
    made.sort(key=lambda pod: pod["spec"]["containers"][0]["image"])
    assert len(made) == len(names)
    wanted.sort(key=lambda pod: pod["spec"]["containers"][0]["image"])
    for ours, theirs in zip(made, wanted, strict=True):
        assert ours.pop("namespace") == theirs["metadata"]["namespace"]
        assert pod_of(ours) == pod_of(theirs)


def test_gpu_requests(in_dagster: dict[str, Any]) -> None:
    """Said apart, so that a comparison of two empty things can't pass."""
    [pod] = [pod for pod in in_dagster["pods"] if "nodeSelector" in pod["spec"]]
    [container] = pod["spec"]["containers"]
    assert container["resources"]["limits"] == {"nvidia.com/gpu": "2", "memory": "16Gi"}
    assert pod["spec"]["nodeSelector"] == {"accelerator": "a100"}
    assert {"name": "DAY", "value": DAY} in container["env"]


def container_of(made: dict[str, Any]) -> dict[str, Any]:
    """A container's options without what each side adds for itself, and without those that aren't set."""
    environment = {**({} if isinstance(made["environment"], list) else made["environment"])}
    if isinstance(made["environment"], list):
        environment = dict(item.split("=", 1) for item in made["environment"])
    kept = {name: value for name, value in environment.items() if not name.startswith("DAGSTER_PIPES")}
    host = {name: value for name, value in made["host_config"].items() if value not in (None, [], {}, False, 0)}
    host.pop("LogConfig", None)
    options = {name: value for name, value in made.items() if value not in (None, [], {}, False)}
    return {**options, "environment": kept, "host_config": host, "detach": None, "version": None}


def test_containers(in_airflow: dict[str, Any], in_dagster: dict[str, Any]) -> None:
    [made] = in_dagster["containers"]
    ours, theirs = container_of(made), container_of(in_airflow["ends"]["container"]["value"])
    for name in ("networking_config", "volumes"):
        ours.pop(name, None)
    assert ours == theirs


def test_same_requests(in_airflow: dict[str, Any], in_dagster: dict[str, Any]) -> None:
    def sorted_(asked: list[Any]) -> list[str]:
        return sorted(json.dumps(item, sort_keys=True) for item in asked)

    assert sorted_(in_dagster["asked"]) == sorted_(in_airflow["asked"])
    assert len(in_dagster["asked"]) >= 10


AMAZON = (
    "invoked", "invoked_fails", "ecs", "ecs_fails", "ecs_refused", "ecs_started", "queued", "glue", "glue_fails",
    "machine", "cluster", "cluster_fails", "query", "query_fails", "statement", "statements", "statement_fails",
    "copied", "copied_named", "copied_twice_named", "created", "created_new", "created_again", "deleted",
    "deleted_one", "deleted_all", "deleted_none", "deleted_fails", "listed", "listed_pattern", "loaded",
    "loaded_missing", "inserted", "inserted_load", "inserted_fails",
)  # fmt: skip
JOBS = ("inserted", "inserted_load")  # their results are ids that each side makes up
PUSH = ("ecs", "ecs_started")  # their results are what they push by name: ``test_pushed``
SERVICES = (
    "training", "training_fails", "processing", "processing_fails", "tuning", "model", "endpoint", "steps",
    "steps_fail", "serverless", "answer", "sent", "missing",
)  # fmt: skip


@pytest.mark.parametrize("task", [*SERVICES, *AMAZON])
def test_services_end_the_same(task: str, in_airflow: dict[str, Any], in_dagster: dict[str, Any]) -> None:
    ours, theirs = in_dagster["ends"][task], in_airflow["ends"][task]
    assert ours["state"] == theirs["state"], (ours, theirs)
    if ours["state"] == "success" and task not in (*PUSH, *JOBS):
        assert without_metadata(ours["value"]) == without_metadata(theirs["value"])


def test_pushed(in_dagster: dict[str, Any]) -> None:
    assert [in_dagster["ends"][task]["value"] for task in PUSH] == [
        {"ecs_task_arn": "arn:task/train"},
        {"ecs_task_arn": "arn:task/later"},
    ]


def without_metadata(value: Any) -> Any:
    """A result without what belongs to the one answer."""
    if not isinstance(value, dict):
        return value
    return {key: without_metadata(item) for key, item in value.items() if key != "ResponseMetadata"}


def test_checks_end_the_same(in_airflow: dict[str, Any], in_dagster: dict[str, Any]) -> None:
    kinds = ("check_", "value_", "threshold_", "interval_", "column_", "table_")
    names = [name for name in in_airflow["ends"] if name.startswith(kinds)]
    theirs = {name: in_airflow["ends"][name]["state"] for name in names}
    assert {name: in_dagster["ends"][name]["state"] for name in names} == theirs
    assert set(theirs.values()) == {"success", "failed"}
    assert all(in_dagster["ends"][name].get("check", True) == (state == "success") for name, state in theirs.items())


def test_spark_submit(in_dagster: dict[str, Any]) -> None:
    """The command line is that of ``SparkSubmitHook``, whose provider isn't installed."""
    master = "--master spark://cluster:7077"
    options = "--conf spark.executor.instances=2 --py-files /jobs/more.py --executor-memory 4g --name arrow-spark"
    assert sorted(in_dagster["spark"]) == [
        f"{master} {options} /jobs/sum.py --day {DAY}",
        f"{master} --name arrow-spark /jobs/bad.py",
    ]
    assert in_dagster["ends"]["spark"]["state"] == "success"
    assert in_dagster["ends"]["spark_fails"]["state"] == "failed"


def test_databricks(in_dagster: dict[str, Any]) -> None:
    """The requests, by a stand-in of the jobs API."""
    tasks = [{"task_key": "a", "notebook_task": {"notebook_path": "/train"}}]

    assert sorted(in_dagster["workspace"], key=str) == [
        ("run-now", {"job_id": "13"}),
        ("run-now", {"job_id": "21"}),
        ("run-now", {"job_id": "8", "notebook_params": {"day": DAY}}),
        ("runs/submit", {"run_name": f"train {DAY}", "tasks": tasks}),
    ]
    ends = in_dagster["ends"]
    assert {name: ends[name]["state"] for name in ("submitted", "nightly", "nightly_fails")} == {
        "submitted": "success", "nightly": "success", "nightly_fails": "failed",
    }  # fmt: skip
    assert ends["url"]["value"] == "7: https://runs/1"


def test_dbt_cloud(in_dagster: dict[str, Any]) -> None:
    """The requests, by a stand-in of the API."""
    request = {"cause": DAY, "steps_override": ["dbt test"], "schema_override": None}
    assert sorted(in_dagster["dbt"], key=str) == [
        ("Token secret", "/api/v2/accounts/1/jobs/7/run/", request),
        ("Token secret", "/api/v2/accounts/2/jobs/13/run/", {**request, "cause": "a", "steps_override": None}),
    ]
    ends = in_dagster["ends"]
    assert (ends["dbt"], ends["dbt_fails"]["state"]) == ({"state": "success", "value": 5}, "failed")


def test_work_elsewhere_is_stopped(dagster_integrations: Environment, tmp_path: Path) -> None:
    """As ``on_kill`` does: when the run is ended or has no more time, and not when the work fails."""
    documents = [read(DAGS / name, DAGS) for name in ("amazon.py", "google.py")]
    project = write_project(target("dagster")(documents, WriteOptions(delegate=False)), tmp_path)
    done = dagster_integrations.run([HERE / "inside/stopping.py", project, "pipelines"])
    assert json.loads(done.stdout) == {
        "well": False, "interrupted": True, "by hand": True, "failed": False, "failed so": True,
        "job interrupted": True, "job left": False, "job failed": False,
    }  # fmt: skip


def test_dbt_tests(in_dagster: dict[str, Any]) -> None:
    """The command is the operator's, its end a check, and a failure stops what comes after the task."""
    ends = in_dagster["ends"]
    assert ends["tested"] == {"state": "success", "value": f"dbt test --select day:{DAY}", "check": True}
    assert ends["after_tested"] == {"state": "success", "value": "published"}
    assert (ends["tested_fails"]["state"], ends["tested_fails"]["check"]) == ("failed", False)
    assert ends["tested_skips"] == {"check": False}
    assert "after_tested_fails" not in ends
    assert "after_tested_skips" not in ends


def test_ops(in_dagster: dict[str, Any]) -> None:
    """Where a branch decides, the tasks are ops: what isn't chosen isn't made, and a bad check stops what follows."""
    images = [pod["spec"]["containers"][0]["image"] for pod in in_dagster["pods"]]
    assert "large:1" in images
    assert "small:1" not in images
    assert in_dagster["ends"]["after_good"] == {"state": "success", "value": 21}
    assert in_dagster["ends"].get("after_bad", {}).get("state") != "success"
