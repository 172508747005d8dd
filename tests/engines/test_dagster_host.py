"""``wrap_dags`` in a real Dagster, with the real Airflow 3 and 2: what Dagster says is what Airflow's database has."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engines.dagster_hosts import Site, airflow_run, make_site, materialized, of_type, results, told
from tests.engines.environments import Environment

DAYS = ("2026-03-01", "2026-03-02")

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("dagster_host")]


def keys(dag: str, *tasks: str) -> list[list[str]]:
    return [[dag, task] for task in tasks]


GOOD = keys(
    "good", "pick", "left", "right", "join", "gate", "behind", "items_0", "double_0", "total_0", "items_1", "double_1",
    "total_1", "items_3", "double_3", "total_3", "flaky", "skipper", "after_skip", "whatever",
)  # fmt: skip
BAD = keys("bad", "boom", "after_boom", "alarm", "clean", "make", "work", "drop", "half")
PARTED = keys("parted", "open_it", "left", "right", "close_it")
DATED = keys("dated", "when", "after")
CSV, PARQUET = ["s3", "a", "x", "part.csv"], ["s3", "b", "y", "part.parquet"]
THERE, BACK = ["s3", "c", "there"], ["s3", "c", "back"]
SINCE = datetime.now(UTC).replace(minute=0, second=30, microsecond=0) - timedelta(hours=3)
ROWS = {"ops": {"parted": {"config": {"params": {"rows": 5}}}}}
RANGE = {"dagster/asset_partition_range_start": DAYS[0], "dagster/asset_partition_range_end": "2026-03-03"}
CONFIGURED = {"ops": {"told": {"config": {"logical_date": "2026-02-01T00:00:00+00:00", "params": {"region": "south"}}}}}


def steps(work: Path) -> dict[str, dict[str, Any]]:
    """What one host process does for all tests that don't need one of their own."""
    dated = {"do": "run", "keys": DATED}
    return {
        "shape": {"do": "shape"},
        "good": {"do": "run", "keys": GOOD},
        "bad": {"do": "run", "keys": BAD},
        "green": {"do": "run", "keys": keys("green", "breaks", "clean")},
        "hurried": {"do": "run", "keys": keys("hurried", "first", "second", "third", "hasty")},
        "waiting": {"do": "run", "keys": keys("waiting", "poked", "patient")},
        "whole": {"do": "run", "keys": PARTED, "config": ROWS},
        "part": {"do": "run", "keys": keys("parted", "right")},
        "configured": {"do": "run", "keys": keys("told", "repeat", "other"), "config": CONFIGURED},
        "day 1": {**dated, "partition": DAYS[0]},
        "day 2": {**dated, "partition": DAYS[1]},
        "day 1 again": {**dated, "partition": DAYS[0]},
        "day 1, a part": {"do": "run", "keys": keys("dated", "after"), "partition": DAYS[0]},
        "three days": {**dated, "tags": RANGE},
        "no day": dated,
        "nothing": {"do": "run", "keys": keys("early", "never")},
        "leaks": {"do": "run", "keys": keys("leaks", "bad", "good")},
        "made": {"do": "run", "keys": [CSV, PARQUET, ["taker", "take"]]},
        "through another": {"do": "run", "keys": [THERE, BACK, ["outer", "back"]]},
        "odd": {"do": "run", "keys": keys("odd", "known")},
        "csv": {"do": "run", "keys": [CSV]},
        "retried": {"do": "retried", "dag": "mended"},
        "broken": {"do": "run", "job": "mending", "name": "broken"},
        "mend": {"do": "touch", "file": str(work / "mended")},
        "mended": {"do": "again", "job": "mending", "name": "broken"},
        "due": {"do": "sensor", "name": "hourly_schedule", "cursor": SINCE.isoformat()},
        "automation": {"do": "automation", "updated": [[], [CSV], [PARQUET], [CSV], []]},
    }


@pytest.fixture(scope="module", params=["airflow3", "airflow2"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Site:
    engine: Environment = request.getfixturevalue(request.param)
    site = make_site(request.getfixturevalue("dagster_host"), engine, tmp_path_factory.mktemp(request.param))
    target = {"type": "file", "log_file_path": str(site.folder / "lineage.jsonl"), "append": True}
    site.answers = site.ask("all", steps(site.work), OPENLINEAGE__TRANSPORT=json.dumps(target))
    return site


@pytest.mark.parametrize("name", ["good", "bad", "green", "hurried", "waiting", "whole", "configured", "mended"])
def test_every_state_is_airflows_own(site: Site, name: str) -> None:
    events = site.answers[name]["events"]
    run_id = airflow_run(events)
    assert told(events) == site.database(run_id)
    assert site.answers[name]["success"] == (site.run_state(run_id) == "success")
    assert len(of_type(events, "STEP_SUCCESS")) == site.answers[name]["success"]


@pytest.mark.parametrize("name", ["good", "bad", "green", "hurried", "waiting", "whole", "mended"])
def test_only_successes_are_materialised(site: Site, name: str) -> None:
    events = site.answers[name]["events"]
    states: dict[str, set[str]] = {}
    for (task, _), state in site.database(airflow_run(events)).items():
        states.setdefault(task, set()).add(state)
    made = [key[-1] for key in materialized(events)]
    assert sorted(made) == sorted(task for task, found in states.items() if found == {"success"})


def test_a_failed_step_says_which_tasks_failed_and_where_their_logs_are(site: Site) -> None:
    [failure] = of_type(site.answers["bad"]["events"], "STEP_FAILURE")
    assert sorted(failure["metadata"]["airflow/failed_tasks"]) == ["boom", "half[1]", "work"]
    logs = [Path(value) for name, value in failure["metadata"].items() if name.startswith("airflow/log/")]
    assert len(logs) == 3
    assert any("broken on purpose" in log.read_text() for log in logs)


def test_mapped_tasks_are_told_one_by_one_and_together(site: Site) -> None:
    events = site.answers["good"]["events"]
    three = [event for event in events if event.get("key") == ["good", "double_3"]]
    assert [event["metadata"].get("airflow/map_index") for event in three] == [0, 1, 2, None]
    assert three[-1]["type"] == "ASSET_MATERIALIZATION"
    assert three[-1]["metadata"]["airflow/instances"] == {"success": 3}
    half = [event for event in site.answers["bad"]["events"] if event.get("key") == ["bad", "half"]]
    assert half[-1]["metadata"]["airflow/instances"] == {"success": 2, "failed": 1}
    assert {event["type"] for event in half} == {"ASSET_OBSERVATION"}


def test_retries_are_visible(site: Site) -> None:
    flaky = [event for event in site.answers["good"]["events"] if event.get("key") == ["good", "flaky"]]
    told = [(one["metadata"]["airflow/state"], one["metadata"]["airflow/try_number"]) for one in flaky]
    assert told == [("up_for_retry", 1), ("success", 2)]


def test_events_come_as_they_happen(site: Site) -> None:
    times = [event["time"] for event in of_type(site.answers["good"]["events"], "ASSET_MATERIALIZATION")]
    assert times == sorted(times)
    assert times[-1] - times[0] > 1  # the retry alone waits for a second


def test_a_success_waits_for_what_dagster_wants_first(site: Site) -> None:
    made = [key[-1] for key in materialized(site.answers["hurried"]["events"])]
    assert made.index("hasty") > made.index("third")


def test_a_part_runs_with_its_setups_in_the_run_that_made_what_it_needs(site: Site) -> None:
    whole, part = site.answers["whole"]["events"], site.answers["part"]["events"]
    assert airflow_run(part) == airflow_run(whole)
    assert set(told(part)) == {("open_it", -1), ("right", -1), ("close_it", -1)}
    assert results(part)["right"] == results(whole)["right"] == "50"
    tries = {event["key"][-1]: event["metadata"]["airflow/try_number"] for event in part if event.get("key")}
    assert tries == {"open_it": 2, "right": 2, "close_it": 2}


def test_run_configuration_gives_params_and_the_logical_date(site: Site) -> None:
    region, *_ = json.loads(results(site.answers["configured"]["events"])["repeat"])
    assert region == "south"
    dates = {e["metadata"]["airflow/logical_date"] for e in site.answers["configured"]["events"] if e.get("key")}
    assert dates == {"2026-02-01T00:00:00+00:00"}


def test_partitions_are_logical_dates_with_the_intervals_of_scheduled_runs(site: Site) -> None:
    for name, day in (("day 1", DAYS[0]), ("day 2", DAYS[1]), ("day 1 again", DAYS[0])):
        events = site.answers[name]["events"]
        assert site.answers[name]["success"]
        assert {event["partition"] for event in events if event.get("key")} == {day}
        logical, start, end = json.loads(results(events)["when"])
        assert logical == start == f"{day} 09:00:00+00:00"
        assert end == (start if site.version == "3" else f"{day[:-1]}{int(day[-1]) + 1} 09:00:00+00:00")
    again = site.answers["day 1, a part"]["events"]
    assert set(told(again)) == {("after", -1)}
    assert results(again)["after"] == results(site.answers["day 1"]["events"])["after"]


@pytest.mark.parametrize(("name", "count"), [("three days", 3), ("no day", 0)])
def test_a_run_of_airflow_is_one_partition(site: Site, name: str, count: int) -> None:
    """Dagster would call each partition made by a run of one date."""
    answer = site.answers[name]
    assert not answer["success"]
    assert not materialized(answer["events"])
    [failure] = of_type(answer["events"], "STEP_FAILURE")
    assert f"this run of Dagster has {count}. Start one for each partition" in failure["message"]


def test_a_run_in_which_nothing_ran_is_no_success(site: Site) -> None:
    """Airflow itself calls it a success: the DAG's start_date is after the date."""
    answer = site.answers["nothing"]
    run_id = airflow_run(answer["events"])
    assert (site.run_state(run_id), site.database(run_id)) == ("success", {})
    assert not answer["success"]
    assert told(answer["events"]) == {("never", -1): "none"}
    [failure] = of_type(answer["events"], "STEP_FAILURE")
    assert "none of these tasks, and so nothing ran" in failure["message"]


def test_secrets_are_hidden(site: Site) -> None:
    assert "can't reach" in str(site.answers["leaks"])
    assert "hunter2" not in str(site.answers["leaks"])


def test_outlets_have_the_keys_of_their_uris(site: Site) -> None:
    assert materialized(site.answers["made"]["events"]) == [CSV, PARQUET, ["taker", "take"]]
    assert materialized(site.answers["csv"]["events"]) == [CSV]
    specs = site.answers["shape"]["specs"]
    assert specs["s3/a/x/part.csv"]["metadata"]["dagster/uri"] == "s3://a/x/part.csv"
    assert specs["taker/take"]["deps"] == ["s3/a/x/part.csv", "s3/b/y/part.parquet"]


def test_a_dag_that_another_one_interrupts_goes_on_in_the_same_run(site: Site) -> None:
    events = site.answers["through another"]["events"]
    assert site.answers["through another"]["success"]
    assert materialized(events) == [THERE, BACK, ["outer", "back"]]
    made = {"/".join(event["key"]): event["metadata"] for event in of_type(events, "ASSET_MATERIALIZATION")}
    assert made["s3/c/there"]["airflow/run_id"] == made["outer/back"]["airflow/run_id"]
    assert made["outer/back"]["airflow/result"] == "6"


def test_tasks_that_the_file_doesnt_show_are_told_of(site: Site) -> None:
    events = site.answers["odd"]["events"]
    assert told(events) == site.database(airflow_run(events)) == {("known", -1): "success", ("unknown", -1): "success"}
    assert ["odd", "unknown"] in materialized(events)
    assert "odd/unknown" not in site.answers["shape"]["specs"]


def test_executing_again_from_the_failure_does_only_what_failed(site: Site) -> None:
    before, after = site.answers["broken"]["events"], site.answers["mended"]["events"]
    assert not site.answers["broken"]["success"]
    assert site.answers["mended"]["success"]
    assert airflow_run(before) == airflow_run(after)
    assert (
        told(after) == site.database(airflow_run(after)) == {(t, -1): "success" for t in ("before", "broken", "after")}
    )
    assert (site.work / "before").read_text() == "xx"  # once here, once by ``retried``


def test_a_step_that_is_retried_does_again_only_what_failed(site: Site) -> None:
    events = site.answers["retried"]["events"]
    assert not site.answers["retried"]["success"]
    assert [e["type"] for e in events if e["type"].startswith("STEP")] == ["STEP_UP_FOR_RETRY", "STEP_FAILURE"]
    broken = [e["metadata"] for e in events if e.get("key") == ["mended", "broken"]]
    assert [(one["airflow/state"], one["airflow/try_number"]) for one in broken] == [("failed", 1), ("failed", 2)]
    assert told(events) == site.database(airflow_run(events))


def test_lineage_has_dagsters_run_as_its_parent(site: Site) -> None:
    emitted = [json.loads(line) for line in (site.folder / "lineage.jsonl").read_text().splitlines()]
    own = [event for event in emitted if event["job"]["name"] == "green"]
    assert [event["eventType"] for event in own] == ["START", "COMPLETE"]
    for event in own:
        assert event["run"]["facets"]["processing_engine"]["version"].startswith(f"{site.version}.")
        assert event["run"]["facets"]["parent"]["run"]["runId"] == site.answers["green"]["run_id"]
    tasks = [(e["job"]["name"], e["eventType"]) for e in emitted if e["job"]["name"].startswith("green.")]
    assert tasks == [
        ("green.breaks", "START"),
        ("green.breaks", "FAIL"),
        ("green.clean", "START"),
        ("green.clean", "COMPLETE"),
    ]


def test_the_definitions(site: Site) -> None:
    shape = site.answers["shape"]
    assert {shape["specs"][key]["group"] for key in ("a-b/one", "a_b/one")} == {"a_b", "a_b_d44362d6"}
    assert shape["specs"]["good/join"]["deps"] == ["good/left", "good/right"]
    assert shape["specs"]["good/pick"]["kinds"] == ["airflow", "python"]
    assert shape["specs"]["dated/when"]["partitions"] == ["2026-01-01", "2026-01-02"]
    assert shape["schedules"] == ["dated_schedule"]


def test_a_schedule_by_assets_is_a_condition_that_wants_all_of_them(site: Site) -> None:
    assert site.answers["automation"]["asked"] == [[], [], [["taker", "take"]], [], []]


def test_another_schedule_by_the_clock_is_a_sensor_that_asks_for_airflows_runs(site: Site) -> None:
    due = site.answers["due"]["requests"]
    first = 1 if site.version == "3" else 0  # a run of Airflow 2 starts at the end of its interval
    expected = [(SINCE + timedelta(hours=first + hours)).replace(second=0) for hours in range(3)]
    assert [datetime.fromisoformat(key) for key, _ in due[:3]] == expected
    config = due[0][1]["ops"]["hourly"]["config"]
    start, end = map(datetime.fromisoformat, config["data_interval"])
    assert datetime.fromisoformat(config["logical_date"]) == start == end - timedelta(hours=1 - first)
    assert "hourly_schedule" in site.answers["shape"]["sensors"]
