"""Limits of jobs, and the instance's file that they need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dagport.graph import Schedule
from tests.engines.environments import environment
from tests.writers.dagster.making import bash, module, pipeline, translate

SHOW = """
from dagster import DagsterInstance
with DagsterInstance.get() as instance:
    print(instance.run_monitoring_enabled, instance.get_concurrency_config().run_queue_config.tag_concurrency_limits)
"""


@pytest.mark.parametrize(
    ("fields", "inside", "limits"),
    [
        ({"max_active_runs": 1}, 'tags={"airflow/dag": "train"}', "limit: 1"),
        ({"dagrun_timeout_s": 90.5}, 'tags={"dagster/max_runtime": "90.5"}', "run_monitoring:"),
        ({"max_active_tasks": 3}, 'multiprocess_executor.configured({"max_concurrent": 3})', None),
        ({"max_active_runs": 1, "schedule": Schedule(kind="continuous")}, "Continuous()", None),
        ({}, "define_asset_job", None),
    ],
)
def test_limits(fields: dict[str, Any], inside: str, limits: str | None) -> None:
    translation = translate(pipeline(bash("a"), **fields))
    assert inside in module(translation)
    assert (limits or "") in translation.files.get("dagster.yaml", "")
    assert ("dagster.yaml" in translation.files) == (limits is not None)
    assert any("dagster.yaml" in item.message for item in translation.diagnostics) == (limits is not None)


@pytest.mark.engine
@pytest.mark.xdist_group("dagster-writer")
def test_dagster_reads_the_file(tmp_path: Path) -> None:
    pipelines = [
        pipeline(bash("a"), id="one", max_active_runs=2, dagrun_timeout_s=60),
        pipeline(bash("a"), id="two", max_active_runs=1),
    ]
    (tmp_path / "dagster.yaml").write_text(translate(*pipelines).files["dagster.yaml"], "utf-8")
    done = environment("dagster").run(["-c", SHOW], env={"DAGSTER_HOME": str(tmp_path)})
    shown = done.stdout.strip()
    assert shown.startswith("True ")
    assert "'value': 'one', 'limit': 2" in shown
    assert "'value': 'two', 'limit': 1" in shown
