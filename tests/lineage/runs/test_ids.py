"""Ids of runs: those of all events that a real Airflow emitted for the reference DAGs, and of the official client."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openlineage.client.uuid import generate_static_uuid

from dagport_lineage.runs.ids import dag_run_id, static_uuid, task_run_id

REFERENCE: list[dict[str, Any]] = json.loads(Path(__file__).with_name("reference_runs.json").read_text("utf-8"))


def test_there_are_all_reference_events() -> None:
    assert len(REFERENCE) == 57


@pytest.mark.parametrize("event", REFERENCE, ids=lambda event: f"{event['job']}-{event['type']}")
def test_the_ids_are_those_of_airflow(event: dict[str, Any]) -> None:
    moment = datetime.fromisoformat(event["logical_date"] or event["run_after"])
    if "try_number" not in event:
        assert dag_run_id("refns", event["job"], moment, event["clear_number"]) == event["run"]
        return
    task = event["job"].removeprefix(event["dag_id"] + ".")
    found = task_run_id("refns", event["dag_id"], task, moment, event["try_number"], event.get("map_index", -1))
    assert found == event["run"]
    assert dag_run_id("refns", event["dag_id"], moment) == event["parent"]


offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1970, 1, 2), datetime(9998, 1, 1), timezones=offsets)


@given(moments, st.text(st.characters(exclude_categories=["Cs"])))
def test_the_ids_are_those_of_the_client(moment: datetime, name: str) -> None:
    assert static_uuid(moment, name) == str(generate_static_uuid(moment, name.encode()))


def test_the_same_moment_elsewhere_is_the_same_id() -> None:
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    there = moment.astimezone(timezone(timedelta(hours=9)))
    assert dag_run_id("n", "d", moment) == dag_run_id("n", "d", there)


def test_runs_have_ids_of_their_own() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    found = [
        dag_run_id("n", "d", moment),
        dag_run_id("n", "d", moment, 1),
        dag_run_id("m", "d", moment),
        dag_run_id("n", "d", moment + timedelta(microseconds=1)),
        task_run_id("n", "d", "t", moment),
        task_run_id("n", "d", "t", moment, 2),
        task_run_id("n", "d", "t", moment, 1, 0),
    ]
    assert len(set(found)) == len(found)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        dag_run_id("n", "d", datetime(2026, 1, 1))
