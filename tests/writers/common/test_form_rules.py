"""Rules of the forms that ask for more than a task: the version of Airflow, params, other tasks."""

from __future__ import annotations

from typing import Any

import pytest

from dagport.graph import Schedule, Task
from dagport.values import Template, Value, XCom
from dagport.writers.common.edges import Dependencies
from dagport.writers.common.model import VALUE, Refused
from tests.writers.common.forming import (
    LATEST,
    SDK,
    STANDARD,
    scope_of,
    task,
    written,
)
from tests.writers.dagster.making import DAILY, pipeline


def test_the_text_of_a_date_is_pendulums_before_airflow_3() -> None:
    with pytest.raises(Refused, match="as a date of pendulum's"):
        written(task(SDK, "shown"), schedule=DAILY, engine_version="2")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"engine_version": "2", "schedule": DAILY}, "before Airflow 3"),
        ({"schedule": Schedule(kind="manual")}, "of the kind manual"),
    ],
)
def test_the_latest_run_is_not_known(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        written(task(LATEST), **fields)


def test_the_latest_run_of_an_interval() -> None:
    lines, inspection = written(task(LATEST), schedule=Schedule(kind="interval", seconds=14400))
    later = "logical_date_of(context) + timedelta(hours=4)"
    assert lines[1] == f"return [] if is_latest(context, logical_date_of(context), {later}) else []"
    assert inspection.context == {"logical_date"}


def test_conf_hides_params() -> None:
    """What a run is given changes the params, too: with both, a field of its own wouldn't do."""
    with pytest.raises(Refused, match="are those of `params`"):
        written(task(SDK, "conf"), params={"name": "x"})


def test_params_as_a_whole() -> None:
    lines, _ = written(task(SDK, "all_params"), params={"name": "x", "n": 1})
    assert 'params = {"name": config.name, "n": config.n}' in lines


def test_a_partition_key_is_a_tag_of_the_run() -> None:
    lines, _ = written(task(SDK, "keyed"), schedule=Schedule(kind="manual"))
    assert lines[1].count('context.run.tags.get("dagster/partition")') == 2


def test_choosers_hand_over_what_they_return() -> None:
    for operator in (f"{SDK}.branch", f"{SDK}.short_circuit", f"{STANDARD}.python.BranchPythonOperator"):
        assert written(task(operator, "one_line"))[1].result == VALUE


def test_old_choosers_are_airflows() -> None:
    with pytest.raises(Refused, match=r"Airflow 1\.10"):
        written(task("airflow.operators.python_operator.BranchPythonOperator", "one_line"), engine_version="1.10")


@pytest.mark.parametrize("name", ["dated", "template"])
def test_dates_are_told(name: str) -> None:
    operator = f"{SDK}.bash" if name == "template" else f"{STANDARD}.python.ExternalPythonOperator"
    assert written(task(operator, name, {"python": "/opt/env/bin/python"}))[1].context == {"ds"}


def test_the_key_of_a_task_needs_a_date() -> None:
    command: dict[str, Value] = {"bash_command": Template("{{ task_instance_key_str }}", ("task_instance_key_str",))}
    lines, inspection = written(task(f"{STANDARD}.bash.BashOperator", None, command), schedule=DAILY)
    assert inspection.context == {"ds_nodash"}
    assert "train__work__" in lines[1]


@pytest.mark.parametrize(
    ("operator", "rule", "kept"),
    [
        ("branch", "all_success", False),
        ("short_circuit", "all_success", True),
        ("short_circuit", "all_done", False),
    ],
)
def test_results_of_what_skips(operator: str, rule: str, kept: bool) -> None:
    """Airflow 3 stores no result of a task that has skipped another: ``DownstreamTasksSkipped``."""
    subject = task(SDK, "of_module", {"op_args": [XCom("load")]}, trigger_rule=rule)
    scope = scope_of(subject)
    load = Task(id="load", operator=f"{SDK}.{operator}", kind="branch" if operator == "branch" else "short_circuit")
    scope.dependencies = Dependencies(pipeline(load, subject, edges="load>work"), ())
    inputs = scope.inputs(subject)
    if kept:
        assert inputs.result("load", "return_value", argument=True) == "load"
        return
    with pytest.raises(Refused, match="keeps only where that skips nothing"):
        inputs.result("load", "return_value", argument=True)
