"""Callbacks of DAGs and tasks: which become sensors and hooks, and what these call in real Dagster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dagport.values import Code, Ref, Value
from tests.cases import write_project
from tests.engines.environments import environment
from tests.writers.dagster.making import BASH, bash, fidelities, module, pipeline, python, translate

INSIDE = Path(__file__).parent.parent.parent / "engines" / "inside" / "dagster_callbacks.py"
SOURCE = """
from airflow.models import Variable

PLACE = "here"


def told(context):
    print(PLACE, context["dag"].dag_id, context.get("reason") is not None)


def told_of_task(context):
    print("task", context["ti"].task_id, context["dag"].dag_id, repr(context["exception"]))


def silent(context):
    print("silent")


def uses_more(context):
    print(context["ti"].log_url)


def hands_on(context):
    silent(context)


def uses_airflow(context):
    print(Variable.get("a"))


def two(context, more):
    print(more)


def works():
    return 1


def breaks():
    raise ValueError("no good")
"""


def text(**fields: Any) -> tuple[str, list[str]]:
    translation = translate(pipeline(python(SOURCE, "works"), **fields), source=SOURCE)
    return module(translation), [item.message for item in translation.diagnostics if item.code == "DP403"]


def test_a_dags_callbacks_are_sensors() -> None:
    written, notes = text(callbacks={"on_failure": Ref("told"), "on_success": [Ref("told"), Ref("silent")]})
    assert "@dg.run_failure_sensor(monitored_jobs=[train])" in written
    assert "@dg.run_status_sensor(run_status=dg.DagsterRunStatus.SUCCESS, monitored_jobs=[train])" in written
    assert written.count('PLACE = "here"') == 1
    assert len(notes) == 2
    assert all("turn it on" in note for note in notes)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (Ref("uses_more"), "more of the context"),
        (Ref("hands_on"), "more of the context"),
        (Ref("uses_airflow"), "Airflow"),
        (Ref("two"), "more than the context"),
        (Ref("elsewhere.told"), "isn't a plain function"),
        (Code("make()", "?"), "isn't carried over"),
        ([Ref("told"), Ref("two")], "more than the context"),
        (Ref("told_of_task"), "more of the context"),  # a DAG's callback has no task
    ],
)
def test_a_dags_callback_without_a_form_is_told(value: Any, why: str) -> None:
    written, [note] = text(callbacks={"on_failure": value})
    assert "sensor" not in written
    assert why in note


@pytest.mark.parametrize(
    ("arguments", "fidelity"),
    [
        ({"on_failure_callback": Ref("told_of_task")}, "native"),
        ({"on_failure_callback": [Ref("told_of_task"), Ref("silent")], "on_success_callback": Ref("silent")}, "native"),
        ({"on_failure_callback": Ref("uses_more")}, "approximate"),
        ({"on_failure_callback": Ref("silent"), "on_retry_callback": Ref("silent")}, "approximate"),
        ({}, "native"),
    ],
)
def test_callbacks_of_tasks(arguments: dict[str, Any], fidelity: str) -> None:
    task = python(SOURCE, "works", arguments)
    translation = translate(pipeline(task), source=SOURCE)
    assert fidelities(translation) == {"works": fidelity}
    assert ("hooks={" in module(translation)) == (Ref("uses_more") not in arguments.values() and bool(arguments))


@pytest.mark.engine
@pytest.mark.xdist_group("dagster-writer")
def test_what_they_are_told(tmp_path: Path) -> None:
    hooks: dict[str, Value] = {
        "on_failure_callback": Ref("told_of_task"),
        "on_success_callback": [Ref("told_of_task"), Ref("silent")],
    }
    callbacks = {"on_failure": Ref("told"), "on_success": Ref("silent")}
    good = pipeline(python(SOURCE, "works", hooks), id="good", callbacks=callbacks)
    bad = pipeline(
        python(SOURCE, "breaks", hooks), bash("after", operator=BASH), id="bad.one", edges="breaks>after",
        callbacks=callbacks,
    )  # fmt: skip
    project = write_project(translate(good, bad, source=SOURCE), tmp_path)
    answers = json.loads(environment("dagster").run([INSIDE, project, "good", "bad_one"]).stdout)
    assert sorted(answers["good"]) == ["silent", "silent", "task works good None"]
    assert answers["bad_one"] == ["task breaks bad.one ValueError('no good')", "here bad.one True"]
