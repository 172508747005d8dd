"""Airflow 3's examples in the other targets: real Dagster and Prefect load them, ``dagport verify`` proves them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Literal

import pytest

from dagport import formats
from dagport.translation import Translation, WriteOptions
from dagport.verify.model import Verdict
from dagport.verify.targets.verifying import Target, verify_target
from tests.cases import PACKAGE, write_project
from tests.engines.environments import Environment, with_dagport
from tests.engines.test_targets_airflow import HORIZON, Record, corpus, figures, share

INSIDE = Path(__file__).with_name("inside")
WANTED = 0.85  # of the tasks native
TO: tuple[Literal["dagster", "prefect"], ...] = ("dagster", "prefect")
NOT_EXACT = {"example_params_ui_tutorial", "example_sensors"}
NOT_MODELLED = "is code, and its times aren't modelled"

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("targets")]


@cache
def translated(target: str) -> Translation:
    """All exact pipelines in one project."""
    return formats.target(target)(corpus(), WriteOptions(package=PACKAGE))


@pytest.mark.parametrize("target", TO)
def test_share_of_native_tasks(target: str, record_property: Record) -> None:
    written = translated(target)
    record_property("figures", figures(written))
    print(f"{target}: {figures(written)}")  # noqa: T201 - what the figures are about
    exact = {item.id for document in corpus() for item in document.graph.pipelines if item.exact}
    assert {outcome.pipeline for outcome in written.outcomes} == exact
    assert share(written) >= WANTED
    assert [outcome for outcome in written.outcomes if outcome.fidelity != "native" and not outcome.reason] == []
    assert [outcome for outcome in written.outcomes if outcome.fidelity == "manual"] == []


@pytest.mark.parametrize("target", TO)
def test_structure_and_schedule_are_proved(target: Literal["dagster", "prefect"], record_property: Record) -> None:
    written = translated(target)
    compared = Target(orchestrator=target, translation=written, files=written.files)
    verdicts = [item for item in verify_target(corpus(), compared, HORIZON, limit=1) if item.check != "outcomes"]
    counts = {state: sum(item.state == state for item in verdicts) for state in ("same", "reported", "unknown")}
    record_property("figures", counts)
    print(f"{target}: {counts} of {len(verdicts)} verdicts")  # noqa: T201 - what the figures are about
    assert [str(item) for item in verdicts if item.state == "different"] == []
    assert [_shown(item) for item in verdicts if item.state == "unknown" and not _is_known_gap(item)] == []


def _is_known_gap(verdict: Verdict) -> bool:
    """Pipelines that aren't translated, and timetables that no model has."""
    return verdict.pipeline in NOT_EXACT or NOT_MODELLED in (verdict.unknown or "")


def _shown(verdict: Verdict) -> str:
    return f"{verdict.pipeline} {verdict.check}: {verdict.unknown}"


def test_dagster_loads_them(dagster_host: Environment, tmp_path: Path) -> None:
    """The definitions are valid, and nothing warns."""
    project = write_project(translated("dagster"), tmp_path)
    loaded = json.loads(dagster_host.run([INSIDE / "load_dagster.py", project, PACKAGE], env=with_dagport()).stdout)
    assert len(loaded["assets"]) > 110
    check = ["-m", "dagster", "definitions", "validate", "-m", f"{PACKAGE}.definitions"]
    dagster_host.run(check, cwd=project / "src", env=with_dagport({"DAGSTER_HOME": str(tmp_path)}))


def test_prefect_deploys_them(prefect_host: Environment, tmp_path: Path) -> None:
    """Every flow can be imported, and ``prefect deploy --all`` registers all deployments."""
    written = translated("prefect")
    project = write_project(written, tmp_path / "project")
    cases = tmp_path / "cases.json"
    cases.write_text("[]", "utf-8")
    env = with_dagport({"PREFECT_HOME": str(tmp_path / "home")})
    done = prefect_host.run([INSIDE / "prefect_project.py", project, cases, "deploy"], env=env)
    deployments = json.loads(done.stdout)["deployments"]
    assert len(deployments) == len({outcome.pipeline for outcome in written.outcomes})
