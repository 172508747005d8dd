"""Pipelines run in real Airflow and, translated, in real Dagster: every task ends the same, with the same result."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from dagport import formats
from dagport.translation import TaskOutcome, Translation, WriteOptions
from tests.cases import FIXTURES, PACKAGE, Case, write_project
from tests.engines.environments import Environment

INSIDE = Path(__file__).with_name("inside")
DAY = "2026-03-01"
TIMES = {"by_day": "09:00"}  # of the runs that aren't due at midnight
WORK_VARIABLE = "TUMOUR_WORK_DIR"
ML = ("ml_training", "ml_training_taskflow")
CASES = (
    *ML,
    "asset_functions", "bash_results", "branch_classic", "callables", "choosing_functions", "class_builder",
    "dag_decorator", "empty_tasks", "failing_tasks", "functions_elsewhere", "handover_keys",
    "handover_result_by_key", "handover_values", "jinja_bash",
    "mapping_literal", "operators_of_the_file", "params", "partitions_ds", "rendered_arguments", "rendered_natively",
    "sensors_in_the_middle",
    "setup_teardown", "shared_helpers", "skips_and_failures", "task_group_decorator", "taskflow_arguments",
    "taskflow_override", "trigger_rules", "unusual_callables", "xcom_in_callables", "xcom_in_jinja",
)  # fmt: skip
JSON_KEYS = (
    "Airflow keeps results as JSON, which makes texts of the keys of a dictionary; Dagster keeps them as they are"
)
CHOOSERS = ("branch", "short_circuit")
DIFFERENCES = {  # tasks whose result isn't the same, and why that is accepted
    "handover_values.give_number_keys": JSON_KEYS,
    "handover_values.describe_number_keys": JSON_KEYS,
}

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("runs")]


@dataclass
class Runs:
    """All cases, run once in one process of each engine."""

    airflow: Environment
    home: dict[str, str]
    dagster: Environment
    folder: Path

    @cached_property
    def cases(self) -> dict[str, Case]:
        return {name: Case(FIXTURES / "airflow" / name) for name in CASES}

    @cached_property
    def translation(self) -> Translation:
        documents = [case.document for case in self.cases.values()]
        return formats.target("dagster")(documents, WriteOptions(package=PACKAGE, delegate=False))

    @cached_property
    def dags(self) -> list[str]:
        return [pipeline.id for case in self.cases.values() for pipeline in case.document.graph.pipelines]

    @property
    def variables(self) -> dict[str, str]:
        path = os.pathsep.join([str(self.programs), str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        return {WORK_VARIABLE: str(self.folder / "work"), "PATH": path}

    @cached_property
    def programs(self) -> Path:
        """A ``python`` that is no virtual environment's, which uv needs to make one; not every machine has it."""
        folder = self.folder / "programs"
        folder.mkdir()
        (folder / "python").symlink_to(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
        return folder

    @cached_property
    def before(self) -> dict[str, Any]:
        for name, case in self.cases.items():
            shutil.copyfile(case.folder / "input.py", Path(self.home["AIRFLOW__CORE__DAGS_FOLDER"]) / f"{name}.py")
        script = [str(INSIDE / "run_airflow.py"), *(f"{dag}={logical_date(dag)}" for dag in self.dags)]
        result: dict[str, Any] = json.loads(self.airflow.run(script, env={**self.home, **self.variables}).stdout)
        return result

    @cached_property
    def after(self) -> dict[str, Any]:
        assert self.before
        shutil.rmtree(self.folder / "work", ignore_errors=True)  # nothing is left over from the other engine
        project = write_project(self.translation, self.folder / "project")
        script = [str(INSIDE / "run_dagster.py"), str(project), PACKAGE, DAY, *self.dags]
        result: dict[str, Any] = json.loads(self.dagster.run(script, env=self.variables).stdout)
        return result


@pytest.fixture(scope="session")
def runs(
    airflow3: Environment,
    airflow_home: dict[str, str],
    dagster: Environment,
    tmp_path_factory: pytest.TempPathFactory,
) -> Runs:
    return Runs(airflow3, airflow_home, dagster, tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize("name", CASES)
def test_the_same_results(name: str, runs: Runs) -> None:
    for pipeline in runs.cases[name].document.graph.pipelines:
        outcomes = [outcome for outcome in runs.translation.outcomes if outcome.pipeline == pipeline.id]
        assert {outcome.task for outcome in outcomes} == {task.id for task in pipeline.tasks}
        lost = after_refusals(pipeline.edges, outcomes)
        mapped = {task.id for task in pipeline.tasks if task.mapped is not None}  # what collects them has their results
        carried = [outcome for outcome in outcomes if outcome.task not in lost | mapped and outcome.target]
        before, after = runs.before[pipeline.id]["tasks"], runs.after[pipeline.id]
        wanted = {outcome.task: ending(before[outcome.task]) for outcome in carried}
        found = {outcome.task: dagster_ending(after, str(outcome.target)) for outcome in carried}
        for task in pipeline.tasks:
            if task.kind in CHOOSERS and task.id in found:
                # Airflow 3 doesn't keep what it returned when it has skipped a task.
                wanted[task.id], found[task.id] = (wanted[task.id][0], None), (found[task.id][0], None)
        known = {task for task in wanted if f"{pipeline.id}.{task}" in DIFFERENCES}
        assert {task for task in known if found.pop(task) == wanted.pop(task)} == set()
        assert found == wanted
        refused = {str(outcome.target) for outcome in outcomes if outcome.fidelity == "manual"}
        assert not refused & set(after["assets"])  # nothing is falsely green


@pytest.mark.parametrize("name", ML)
def test_ml_pipelines_are_carried_over_whole(name: str, runs: Runs) -> None:
    [pipeline] = runs.cases[name].document.graph.pipelines
    fates = {o.task: o.fidelity for o in runs.translation.outcomes if o.pipeline == pipeline.id}
    assert "manual" not in fates.values()
    states = {task: record["state"] for task, record in runs.before[pipeline.id]["tasks"].items()}
    assert set(states.values()) == {"success"}
    assert set(states) == set(fates)


def logical_date(dag_id: str) -> str:
    """When a run of the day is due."""
    return f"{DAY}T{TIMES.get(dag_id, '00:00')}:00+00:00"


def after_refusals(edges: Any, outcomes: list[TaskOutcome]) -> set[str]:
    """The tasks that are refused, and those that therefore never run."""
    lost = {outcome.task for outcome in outcomes if outcome.fidelity == "manual"}
    for _ in outcomes:
        lost |= {edge.downstream for edge in edges if edge.upstream in lost}
    return lost


def ending(record: dict[str, Any]) -> tuple[str, Any]:
    """How a task of Airflow ended, and what it handed over."""
    state = record["state"]
    if state == "success":
        return "success", handed_over(record["xcom"])
    return ("failed", None) if state == "failed" else ("not run", None)


def dagster_ending(result: dict[str, Any], key: str) -> tuple[str, Any]:
    """How an asset ended, in the same terms."""
    if key in result["assets"]:
        return "success", result["assets"][key]
    if key in result["ops"]:
        state, value = result["ops"][key]
        return (state, value) if state == "success" else ("failed", None) if state == "failed" else ("not run", None)
    return ("failed", None) if key in result["failed"] else ("not run", None)


def handed_over(xcom: dict[str, Any]) -> Any:
    """What a task hands over in all: its result, or all it pushed by key, the result among them.

    Airflow stores a dictionary with ``multiple_outputs`` a second time, entry by entry.
    """
    result = xcom.get("return_value")
    if isinstance(result, dict) and xcom == {**result, "return_value": result}:
        return result
    return xcom if set(xcom) - {"return_value"} else result
