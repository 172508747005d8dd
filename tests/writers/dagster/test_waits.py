"""Tasks that wait for tasks or runs of another DAG of the project."""

from __future__ import annotations

from typing import Any

import pytest

from dagport.graph import Schedule, Task
from dagport.values import Call, Code
from tests.writers.dagster.making import DAILY, EMPTY, bash, fidelities, module, pipeline, translate

HOME = "airflow.providers.standard.sensors.external_task"
NINE = Schedule(kind="cron", cron="0 9 * * *")
MINUTES = Schedule(kind="interval", seconds=1800)


def hours(count: int) -> Call:
    return Call("datetime.timedelta", (), {"hours": count})


def wait(**arguments: Any) -> Task:
    values = {"external_dag_id": "other", **arguments}
    return Task(id="w", operator=f"{HOME}.ExternalTaskSensor", kind="wait", arguments=values)


def written(task: Task, mine: Schedule = DAILY, others: Schedule = DAILY, **fields: Any) -> tuple[str, str]:
    """The fidelity of the wait, and the line that waits."""
    other = pipeline(bash("b"), bash("g.c"), Task(id="e", operator=EMPTY, kind="empty"), id="other", schedule=others)
    translation = translate(pipeline(task, id="me", schedule=mine, **fields), other)
    text = " ".join(module(translation, "me").split())
    return fidelities(translation)["w"], text


@pytest.mark.parametrize(
    ("task", "schedules", "expected"),
    [
        (
            wait(),
            (DAILY, DAILY),
            'tags={"dagster/partition": context.partition_time_window.start.strftime("%Y-%m-%d")}',
        ),
        (wait(external_task_id="b"), (DAILY, DAILY), 'assets=["other/b"]'),
        (wait(external_task_ids=["b", "g.c"]), (DAILY, DAILY), 'assets=["other/b", "other/g_c"]'),
        (wait(external_task_group_id="g"), (DAILY, DAILY), 'assets=["other/g_c"]'),
        (wait(execution_delta=hours(9)), (NINE, DAILY), "context.partition_time_window.start - timedelta(hours=9)"),
        (wait(execution_delta=hours(24)), (DAILY, DAILY), "context.partition_time_window.start - timedelta(days=1)"),
        (wait(), (MINUTES, MINUTES), 'tags={"airflow/logical_date": logical_date_of(context).isoformat()}'),
        (wait(timeout=600, poke_interval=5), (DAILY, DAILY), "timeout=600, every=5"),
        (
            wait(failed_states=["failed"], allowed_states=["success"], mode="reschedule"),
            (DAILY, DAILY),
            "fail_early=True",
        ),
        (wait(), (DAILY, DAILY), "timeout=604800"),
    ],
)
def test_waits(task: Task, schedules: tuple[Schedule, Schedule], expected: str) -> None:
    fidelity, text = written(task, *schedules)
    assert (fidelity, expected in text) == ("native", True), text


@pytest.mark.parametrize(
    ("task", "schedules"),
    [
        (wait(external_dag_id="elsewhere"), (DAILY, DAILY)),
        (wait(external_dag_id=Code("name()", "?")), (DAILY, DAILY)),
        (wait(external_task_id="nobody"), (DAILY, DAILY)),
        (wait(external_task_id="e"), (DAILY, DAILY)),  # an Empty task has no asset
        (wait(execution_delta=hours(1)), (DAILY, DAILY)),  # at 23:00 nothing runs: the date alone would tell otherwise
        (wait(), (DAILY, NINE)),
        (wait(), (DAILY, Schedule(kind="manual"))),
        (wait(execution_date_fn=Code("f", "?")), (DAILY, DAILY)),
        (wait(soft_fail=True), (DAILY, DAILY)),
        (wait(allowed_states=["failed"]), (DAILY, DAILY)),
    ],
)
def test_what_has_no_form(task: Task, schedules: tuple[Schedule, Schedule]) -> None:
    assert written(task, *schedules)[0] == "manual"


@pytest.mark.parametrize(("zone", "fidelity"), [("UTC", "native"), ("Europe/Paris", "manual")])
def test_an_hour_that_comes_twice(zone: str, fidelity: str) -> None:
    hourly = Schedule(kind="cron", cron="0 * * * *")
    other = pipeline(bash("b"), id="other", schedule=hourly, timezone=zone)
    translation = translate(pipeline(wait(), id="me", schedule=hourly, timezone=zone), other)
    assert fidelities(translation)["w"] == fidelity


def test_the_runs_that_are_waited_for_have_dates() -> None:
    translation = translate(
        pipeline(wait(), id="me", schedule=DAILY), pipeline(bash("b"), id="other", schedule=DAILY), pipeline(bash("b"))
    )
    assert "partitions_def=partitions" in module(translation, "other")
    assert "partitions" not in module(translation, "train")


def test_a_marker_does_nothing() -> None:
    task = Task(id="m", operator=f"{HOME}.ExternalTaskMarker", kind="other", arguments={"external_dag_id": "x"})
    translation = translate(pipeline(task))
    assert fidelities(translation) == {"m": "native"}
