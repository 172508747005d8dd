"""Events of runs: valid by the official schemas, complete, and without secrets."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from dagport_lineage.events import run_facets
from dagport_lineage.events.run_facets import Dependency, JobName, RunOf
from dagport_lineage.events.validation import problems
from dagport_lineage.facets import facet
from dagport_lineage.model import DatasetName, Gap, Read, Sql, TaskLineage, Write
from dagport_lineage.runs.events import MAX_TRACE, Data, RunFacts, State, run_event
from tests.lineage.events.support import plain

DAY = datetime(2026, 11, 20, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 13, 5, 43, 616446, tzinfo=UTC)
DAG = RunOf(JobName("prod", "shop"), "01a1f640-bc00-76e7-b637-d8b8741b33e4")
CALLER = RunOf(JobName("other", "starter"), "01a1f910-52a0-7eea-8648-e85df88e8bed")
TASK = RunOf(JobName("prod", "shop.load"), "01a1f640-bc00-7ac8-bc9b-57225523e321")
RAW, CLEAN = DatasetName("s3://lake", "raw.csv"), DatasetName("postgres://db:5432", "shop.public.orders")
KNOWN = TaskLineage(
    task="load",
    reads=(Read(dataset=RAW, how="operator"),),
    writes=(Write(dataset=CLEAN, how="sql", sources=(RAW,)),),
    sql=(Sql(query="insert into orders select 'x'"),),
)
UNKNOWN = TaskLineage(task="load", gaps=(Gap(side="both", reason="opaque", message="nobody knows"),))


def facts(**more: Any) -> RunFacts:
    return RunFacts(**{"run": TASK, "kind": "TASK", "engine": "Airflow", "engine_version": "3.3.2", **more})


FULL = facts(
    parent=DAG,
    root=CALLER,
    nominal=(DAY, DAY),
    upstream=(Dependency(job=JobName("prod", "shop.extract"), type="DIRECT_INVOCATION"),),
    trigger_rule="all_done",
    tags={"team": "data"},
    job_facets={"ownership": facet("job", "ownership", owners=[{"name": "data"}])},
)


@pytest.mark.parametrize("state", get_args(State))
@pytest.mark.parametrize("known", [facts(), FULL, facts(run=DAG, kind="DAG")])
@pytest.mark.parametrize("data", [None, KNOWN, UNKNOWN, TaskLineage(task="load"), ([RAW], None)])
def test_events_are_valid(state: State, known: RunFacts, data: Data | None) -> None:
    error = ValueError("no such table") if state == "FAIL" else None
    event = run_event(state, known, NOW, data=data, error=error, facets={"tags": run_facets.tags({"a": "b"})})
    assert problems(event) == []
    assert event["eventType"] == state
    assert event == json.loads(json.dumps(event))


def test_what_an_event_says() -> None:
    event = run_event("START", FULL, NOW)
    assert event["eventTime"] == "2026-11-20T13:05:43.616446+00:00"
    assert event["schemaURL"] == "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
    assert event["run"]["runId"] == TASK.run_id
    assert (event["job"]["namespace"], event["job"]["name"]) == ("prod", "shop.load")
    said = {key: plain(one) for key, one in event["run"]["facets"].items()}
    assert set(said) == {"parent", "nominalTime", "processing_engine", "jobDependencies", "tags"}
    assert said["parent"]["run"] == {"runId": DAG.run_id}
    assert said["parent"]["root"]["job"] == {"namespace": "other", "name": "starter"}
    assert said["nominalTime"]["nominalStartTime"] == "2026-11-20T00:00:00+00:00"
    assert (said["processing_engine"]["name"], said["processing_engine"]["version"]) == ("Airflow", "3.3.2")
    assert said["jobDependencies"]["trigger_rule"] == "ALL_DONE"
    job = {key: plain(one) for key, one in event["job"]["facets"].items()}
    assert job == {
        "jobType": {"processingType": "BATCH", "integration": "AIRFLOW", "jobType": "TASK"},
        "ownership": {"owners": [{"name": "data"}]},
    }


def test_what_is_not_known_is_not_said() -> None:
    event = run_event("START", facts(), NOW)
    assert set(event["run"]["facets"]) == {"processing_engine"}
    assert not {"inputs", "outputs"} & set(event)


@pytest.mark.parametrize(
    ("data", "inputs", "outputs"),
    [
        (None, None, None),
        (KNOWN, ["raw.csv"], ["shop.public.orders"]),
        (UNKNOWN, None, None),
        (TaskLineage(task="load"), [], []),
        (
            TaskLineage(
                task="load", reads=KNOWN.reads, gaps=(Gap(side="outputs", reason="opaque", message="nobody knows"),)
            ),
            ["raw.csv"],
            None,
        ),
        (([CLEAN, RAW, RAW], []), ["shop.public.orders", "raw.csv"], []),
        ((None, [RAW]), None, ["raw.csv"]),
    ],
)
def test_sides_are_known_empty_or_absent(
    data: Data | None, inputs: list[str] | None, outputs: list[str] | None
) -> None:
    event = run_event("COMPLETE", facts(), NOW, data=data)
    found = [[one["name"] for one in event[side]] if side in event else None for side in ("inputs", "outputs")]
    assert found == [inputs, outputs]


def test_what_is_known_of_a_task_is_in_the_job_facets() -> None:
    found = run_event("COMPLETE", facts(), NOW, data=KNOWN)["job"]["facets"]
    assert found["sql"]["query"] == "insert into orders select 'x'"
    [entry] = found["lineage"]["entries"]
    assert (entry["name"], entry["inputs"][0]["name"]) == ("shop.public.orders", "raw.csv")


def raised(message: str) -> ValueError:
    try:
        raise ValueError(message)
    except ValueError as error:
        return error


def test_an_error_is_said_with_its_trace() -> None:
    found = run_event("FAIL", facts(), NOW, error=raised("no such table"))["run"]["facets"]["errorMessage"]
    assert (found["message"], found["programmingLanguage"]) == ("no such table", "python")
    assert found["stackTrace"].startswith("Traceback (most recent call last)")
    assert found["stackTrace"].endswith("ValueError: no such table\n")


@pytest.mark.parametrize(
    ("error", "message"), [("it broke", "it broke"), (KeyError(), "KeyError"), (raised(""), "ValueError")]
)
def test_errors_of_all_kinds(error: BaseException | str, message: str) -> None:
    assert run_event("ABORT", facts(), NOW, error=error)["run"]["facets"]["errorMessage"]["message"] == message


def test_secrets_are_in_no_event() -> None:
    error = raised("can't connect to postgres://me:hunter2@db/shop")
    known = facts(tags={"url": "https://me:hunter2@host"})
    task = TaskLineage(task="load", sql=(Sql(query="create user x password 'hunter2'"),))
    assert "hunter2" not in json.dumps(run_event("FAIL", known, NOW, error=error, data=task))
    assert "hunter2" not in json.dumps(run_event("FAIL", known, NOW, error=str(error)))


def test_a_long_trace_keeps_its_end() -> None:
    found = run_event("FAIL", facts(), NOW, error=raised("x" * 10_000 + "y" * MAX_TRACE))
    trace = found["run"]["facets"]["errorMessage"]["stackTrace"]
    assert (len(trace), trace[:4], trace[-2:]) == (MAX_TRACE + 3, "...y", "y\n")


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        run_event("START", facts(), datetime(2026, 1, 1))
