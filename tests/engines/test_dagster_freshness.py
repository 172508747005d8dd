"""``sla`` as a freshness policy in real Dagster."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagport.graph import Schedule
from dagport.values import Call
from tests.cases import write_project
from tests.engines.environments import Environment
from tests.writers.dagster.making import bash, pipeline, translate

PLACE = Path(__file__).with_name("inside") / "dagster_freshness.py"


@pytest.mark.engine
def test_in_dagster(dagster: Environment, tmp_path: Path) -> None:
    """The asset is late exactly when it wasn't made between the run's start and the deadline."""
    made_ = pipeline(
        bash("a", "true", {"sla": Call("datetime.timedelta", (), {"minutes": 90})}),
        engine_version="2",
        timezone="Europe/Berlin",
        start_date="2026-01-01T00:00:00+01:00",
        schedule=Schedule(kind="cron", cron="0 6 * * *"),
        arguments={"is_paused_upon_creation": False},
    )
    project = write_project(translate(made_), tmp_path)
    answer = dagster.run([PLACE, project]).stdout
    assert answer.split() == ["RUNNING", "PASS", "PASS", "PASS", "FAIL", "FAIL", "PASS"]
