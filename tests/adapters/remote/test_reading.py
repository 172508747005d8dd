"""Rows of both APIs as the model; the version of an Airflow; what it doesn't say is not made up."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from dagport_adapters.runners.remote.dialect import dialect_of
from dagport_adapters.runners.remote.errors import AuthenticationError, UnexpectedAnswerError
from dagport_adapters.runners.remote.reading import dag_of, run_of, task_of
from tests.adapters.remote import support
from tests.adapters.remote.support import gives, page, run_row, task_row

V3, V211, V29 = dialect_of("v2", (3, 3)), dialect_of("v1", (2, 11)), dialect_of("v1", (2, 9))


@pytest.mark.parametrize(
    ("state", "number", "told"),
    [
        ("running", 1, 1),
        ("success", 2, 1),  # Airflow before 2.10 tells the next try unless it runs
        ("failed", 3, 2),
        ("up_for_retry", 2, 1),
        ("upstream_failed", 1, 0),
        ("skipped", 1, 0),
        ("queued", 1, 1),
        ("scheduled", 2, 2),
        ("deferred", 1, 1),
        ("up_for_reschedule", 1, 1),
        (None, 1, 0),
    ],
)
def test_tries_are_counted_the_same_in_every_release(state: str | None, number: int, told: int) -> None:
    assert task_of(task_row(state=state, number=number), V29, "").try_number == told
    assert task_of(task_row(state=state, number=number), V211, "").try_number == number


@pytest.mark.parametrize(
    ("state", "told"), [("scheduled", "queued"), ("none", None), (None, None), ("deferred", "deferred")]
)
def test_states(state: str | None, told: str | None) -> None:
    assert task_of(task_row(state=state), V3, "").state == told


@pytest.mark.parametrize("row", [task_row(state="sublimated"), {**task_row(), "task_id": None}, {}])
def test_task_rows_that_nobody_understands(row: Any) -> None:
    with pytest.raises(UnexpectedAnswerError):
        task_of(row, V3, "")


@pytest.mark.parametrize("row", [run_row(state="paused"), {**run_row(), "state": None}, run_row(start_date="soon"), {}])
def test_run_rows_that_nobody_understands(row: Any) -> None:
    with pytest.raises(UnexpectedAnswerError):
        run_of(row, V3, "")


def test_a_run_without_a_date() -> None:
    run = run_of(run_row(logical_date=None, run_after="2026-01-01T00:00:00Z", run_type="asset_triggered"), V3, "")
    assert (run.logical_date, run.data_interval, run.clear_number) == (None, None, None)
    assert run.run_after is not None
    assert run_of(run_row(run_type="dataset_triggered"), V211, "").run_type == "asset_triggered"


@pytest.mark.parametrize(
    ("dialect", "task", "mapped", "run"),
    [
        (
            V3,
            "/dags/a%20b/runs/r%2F1%2B/tasks/t?try_number=2",
            "/dags/a%20b/runs/r%2F1%2B/tasks/t/mapped/3?try_number=2",
            "/dags/a%20b/runs/r%2F1%2B",
        ),
        (
            V211,
            "/dags/a%20b/grid?dag_run_id=r%2F1%2B&task_id=t&tab=logs",
            "/dags/a%20b/grid?dag_run_id=r%2F1%2B&task_id=t&map_index=3&tab=logs",
            "/dags/a%20b/grid?dag_run_id=r%2F1%2B",
        ),
    ],
)
def test_pages(dialect: Any, task: str, mapped: str, run: str) -> None:
    assert dialect.log_url("", "a b", "r/1+", "t", -1, 2) == task
    assert dialect.log_url("", "a b", "r/1+", "t", 3, 2) == mapped
    assert dialect.run_url("", "a b", "r/1+") == run


@pytest.mark.parametrize(
    ("row", "schedule"),
    [
        ({"timetable_summary": "0 3 * * *"}, "0 3 * * *"),
        ({"timetable_summary": None}, None),
        ({"schedule_interval": {"__type": "CronExpression", "value": "@daily"}}, "@daily"),
        (
            {"schedule_interval": {"__type": "TimeDelta", "days": 1, "seconds": 30, "microseconds": 0}},
            "1 days, 30 seconds",
        ),
        ({"schedule_interval": None}, None),
        ({}, None),
    ],
)
def test_schedules(row: dict[str, Any], schedule: str | None) -> None:
    assert dag_of({"dag_id": "d", **row}, {}, [], {}, {}, "").schedule == schedule


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ({"v2": gives({"version": "3.0.1"})}, ("v2", (3, 0))),
        ({"v2": gives({}, 404), "v1": gives({"version": "2.11.2+composer"})}, ("v1", (2, 11))),
        ({"v2": page(), "v1": gives({"version": "2.7.0"})}, ("v1", (2, 7))),
        ({"v2": gives({}, 401), "v1": gives({"version": "2.7.0"})}, ("v1", (2, 7))),
        ({"v2": page("", 302, location="/login"), "v1": gives({"version": "2.9.1"})}, ("v1", (2, 9))),
    ],
)
def test_versions(answers: dict[str, httpx2.Response], found: Any) -> None:
    dialect = api_of(answers).dialect
    assert (dialect.name, dialect.release) == found


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ({"v2": gives({}, 404), "v1": gives({}, 404)}, UnexpectedAnswerError),
        ({"v2": page(), "v1": page()}, UnexpectedAnswerError),
        ({"v2": gives({"version": "new"}), "v1": page()}, UnexpectedAnswerError),
        ({"v2": gives({}, 401), "v1": gives({}, 401)}, AuthenticationError),
    ],
)
def test_what_is_no_airflow(answers: dict[str, httpx2.Response], kind: Any) -> None:
    with pytest.raises(kind):
        assert api_of(answers).dialect


def api_of(answers: dict[str, httpx2.Response]) -> Any:
    from dagport_adapters.runners.remote.api import Api

    return Api(support.server(lambda request: answers[request.url.path.split("/")[2]]))
