"""Settings of a task: what becomes of each, and that none gets lost in silence."""

from __future__ import annotations

from typing import Any

import pytest

from dagport.graph import Asset, Pipeline, Schedule, Task
from dagport.values import Call, Ref, Value
from dagport.writers.common.model import Settings
from dagport.writers.dagster.settings import settings_of

START = "2026-01-01T00:00:00+00:00"
PIPELINE = Pipeline(id="p", exact=True, schedule=Schedule(kind="manual"), start_date=START)


def settings(arguments: dict[str, Value] | None = None, own: str = "", **fields: Any) -> Settings:
    task = Task(id="t", operator="x.Op", kind="other", arguments=arguments or {}, **fields)
    assets = {name: Asset(name=name, uri=f"s3://bucket/{name}") for name in ("raw", "clean")}
    return settings_of(task, PIPELINE, assets, frozenset(own.split()), {})


@pytest.mark.parametrize(
    ("fields", "arguments"),
    [
        ({}, {}),
        ({"retries": 0}, {}),
        ({"retries": 2}, {"retry_policy": "dg.RetryPolicy(max_retries=2, delay=300)"}),
        ({"retries": 1, "retry_delay_s": 0}, {"retry_policy": "dg.RetryPolicy(max_retries=1)"}),
        ({"retries": 1, "retry_delay_s": 1.5}, {"retry_policy": "dg.RetryPolicy(max_retries=1, delay=1.5)"}),
        ({"retry_delay_s": 60}, {}),
        ({"owner": "airflow"}, {}),
        ({"owner": "a@example.com"}, {"owners": '["a@example.com"]'}),
        ({"owner": "team:data"}, {"owners": '["team:data"]'}),
        ({"owner": "data-platform"}, {"tags": '{"owner": "data-platform"}'}),
        ({"owner": "a@b"}, {"metadata": '{"airflow/owner": "a@b"}'}),
        ({"owner": "the data team"}, {"metadata": '{"airflow/owner": "the data team"}'}),
        ({"pool": "default_pool"}, {}),
        ({"pool": "small"}, {"pool": '"small"'}),
        ({"priority_weight": 5}, {"op_tags": '{"dagster/priority": "5"}'}),
        ({"priority_weight": 1}, {}),
        ({"doc": "Loads."}, {"description": '"Loads."'}),
        ({"outlets": ("raw",)}, {"metadata": '{"dagster/uri": "s3://bucket/raw"}'}),
        (
            {"outlets": ("raw", "clean"), "inlets": ("other",)},
            {"metadata": '{"airflow/outlets": ["s3://bucket/raw", "s3://bucket/clean"], "airflow/inlets": ["other"]}'},
        ),
    ],
)
def test_carried_over(fields: dict[str, Any], arguments: dict[str, str]) -> None:
    assert dict(settings(**fields).arguments) == arguments


@pytest.mark.parametrize(
    "fields",
    [
        {"retries": 2, "retry_exponential_backoff": True},
        {"retries": 2, "retry_exponential_backoff": 3},
        {"depends_on_past": True},
        {"wait_for_downstream": True},
        {"pool": "small", "pool_slots": 2},
        {"pool": "two words"},
        {"arguments": {"on_failure_callback": Ref("tell")}},
        {"arguments": {"email_on_failure": True}},
        {"arguments": {"email": "a@example.com"}},
        {"arguments": {"email": "a@example.com", "email_on_failure": False}},
        {"arguments": {"sla": Call("datetime.timedelta", (), {"seconds": 60})}},
        {"arguments": {"start_date": Call("datetime.datetime.fromisoformat", ("2027-01-01T00:00:00+00:00",))}},
    ],
)
def test_approximated(fields: dict[str, Any]) -> None:
    assert settings(**fields).approximations


@pytest.mark.parametrize("fields", [{"queue": "gpu"}, {"pool": "small"}, {"arguments": {"run_as_user": "root"}}])
def test_reported(fields: dict[str, Any]) -> None:
    found = settings(**fields)
    assert [code for code, _ in found.notes] == ["DP403"]
    assert not found.approximations


@pytest.mark.parametrize(
    "arguments",
    [
        {"email_on_failure": False},
        {"email": ["a@example.com"], "email_on_failure": False, "email_on_retry": False},
        {"on_failure_callback": None},
        {"on_failure_callback": []},
        {"start_date": Call("datetime.datetime.fromisoformat", (START,))},
        {"task_id": "t"},
        {"bash_command": "true"},
    ],
)
def test_no_effect(arguments: dict[str, Value]) -> None:
    assert settings(arguments, own="bash_command") == Settings()


@pytest.mark.parametrize("name", ["pre_execute", "retry_policy", "params", "an_argument_of_tomorrow"])
def test_refused(name: str) -> None:
    refusal = settings({name: Ref("x")}).refusal
    assert refusal is not None
    assert name in refusal
