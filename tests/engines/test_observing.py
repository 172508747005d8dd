"""Runs that a live Airflow 3 and 2 started itself, as Dagster sees them: compared with Airflow's own database."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.engines.environments import Environment, clean_variables, with_dagport
from tests.engines.live_airflow import LiveAirflow, live_airflow

HERE = Path(__file__).parent
DAG_IDS = ("endings", "slow", "by_hand", "days", "hours", "at_half_past_two", "many")
FAST = {
    "AIRFLOW__SCHEDULER__MAX_DAGRUNS_TO_CREATE_PER_LOOP": "300",
    "AIRFLOW__SCHEDULER__MAX_DAGRUNS_PER_LOOP_TO_SCHEDULE": "300",
}
MANY = {3: 250, 2: 50}
END_SECONDS = 200


class Host:
    """The program that evaluates the sensor in Dagster's environment."""

    def __init__(self, environment: Environment, live: LiveAirflow, folder: Path) -> None:
        command = [
            str(environment.python), str(HERE / "inside" / "observing.py"),
            live.url, str(live.major), live.username, str(folder),
        ]  # fmt: skip
        self.output = (folder / "err.txt").open("w")
        self.process = subprocess.Popen(
            command, env=with_dagport({**clean_variables(), "OBSERVED_PASSWORD": live.password}), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.output,
        )  # fmt: skip

    def ask(self, command: str) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("@"):
                return json.loads(line[1:])
        raise AssertionError(Path(self.output.name).read_text()[-3000:])

    def tick(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.ask("tick")
        assert "error" not in answer, answer["error"]
        return answer

    def settle(self) -> int:
        """Ticks until there is nothing more to see; how many events were told."""
        told: int = 0
        while True:
            answer = self.tick()
            told += int(answer["events"])
            if not answer["events"] and "more" not in answer["said"]:
                return told

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.output.close()


@pytest.fixture(scope="module", params=["airflow3", "airflow2"])
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveAirflow]:
    engine: Environment = request.getfixturevalue(request.param)
    home = tmp_path_factory.mktemp("observed")
    (home / "dags").mkdir()
    shutil.copy(HERE / "observing" / "dags.txt", home / "dags" / "observed_dags.py")
    with live_airflow(engine, home / "dags", home, dag_ids=DAG_IDS, env=FAST) as running:
        yield running


def trigger(live: LiveAirflow, dag_id: str, run_id: str, **body: Any) -> None:
    base = f"/api/v{2 if live.major == 3 else 1}"
    body = {"logical_date": None, **body} if live.major == 3 else body
    live.call("POST", f"{base}/dags/{dag_id}/dagRuns", {"dag_run_id": run_id, **body})


def wait_for_runs(live: LiveAirflow, at_least: int) -> None:
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline:
        rows = live.query("select state, count(*) as n from dag_run group by state")
        states = {row["state"]: row["n"] for row in rows}
        if sum(states.values()) >= at_least and not {"queued", "running"} & set(states):
            return
        time.sleep(0.5)
    raise AssertionError(f"still under way: {states}")


@pytest.fixture(scope="module")
def host(live: LiveAirflow, dagster_host: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """All that happens: the runs, with ticks in between, and what is seen in the end."""
    running = Host(dagster_host, live, tmp_path_factory.mktemp("dagster"))
    try:
        trigger(live, "slow", "long", conf={"seconds": 12})
        trigger(live, "slow", "short")
        trigger(live, "endings", "first")
        trigger(live, "by_hand", "aligned", logical_date="2024-03-10T00:00:00Z")
        trigger(live, "by_hand", "odd", logical_date="2024-03-10T07:08:09.123456Z")
        trigger(live, "by_hand", "before", logical_date="1999-12-31T00:00:00Z")
        trigger(live, "by_hand", "without") if live.major == 3 else None
        for _ in range(3):
            running.tick()
            time.sleep(1)
        wait_for_runs(live, MANY[live.major])
        running.settle()
        yield running
    finally:
        running.close()


def test_every_state_is_airflows(live: LiveAirflow, host: Host, record_property: Callable[[str, object], None]) -> None:
    """Each task instance's final state, told once for each run; failures and skips are never materialised."""
    events = host.ask("events")
    told: defaultdict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        told[event["dag"], event["airflow/run_id"], event["task"]].append(event)
    rows = live.query("select dag_id, run_id, task_id, map_index, state, try_number from task_instance")
    instances: defaultdict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        instances[row["dag_id"], row["run_id"], row["task_id"]].append(row)
    assert set(told) == set(instances)
    kinds: Counter[str] = Counter()
    for key, several in instances.items():
        state = several[0]["state"] if several[0]["map_index"] == -1 else summed([row["state"] for row in several])
        made = [event for event in told[key] if event["kind"] == "made"]
        last = [event for event in told[key] if event["airflow/state"] == state and "airflow/map_index" not in event]
        assert len(last) == 1, (key, state, told[key])
        assert len(made) == (state == "success"), (key, state)
        kinds[str(state)] += 1
    runs = len(live.query("select id from dag_run"))
    record_property("figures", f"Airflow {live.major}: {runs} runs observed, {len(events)} events: {dict(kinds)}")
    assert runs > MANY[live.major]
    assert {"success", "failed", "skipped", "upstream_failed"} <= set(kinds)


def test_retries_and_mapped_tasks(host: Host) -> None:
    events = [event for event in host.ask("events") if event["dag"] == "endings"]
    flaky = [(event["kind"], event["airflow/try_number"]) for event in events if event["task"] == "flaky"]
    assert sorted(flaky) == [("made", 2), ("seen", 1)]
    halves = [event for event in events if event["task"] == "halves"]
    assert [event["airflow/instances"] for event in halves] == [{"success": 2, "failed": 1}]
    assert halves[0]["kind"] == "seen"
    once = [event for event in events if event["task"] in ("mapped", "mapped_once")]
    assert [event["kind"] for event in once] == ["made", "made"]


def test_partitions_are_the_runs_own(live: LiveAirflow, host: Host) -> None:
    events = [event for event in host.ask("events") if event["dag"] in ("days", "hours", "at_half_past_two", "many")]
    for dag_id in ("days", "hours", "at_half_past_two", "many"):
        dates = {
            datetime.fromisoformat(row["logical_date"]).replace(tzinfo=UTC).isoformat()
            for row in live.query(
                f"select {date_column(live)} as logical_date from dag_run where dag_id = ?", (dag_id,)
            )
        }
        own = [event for event in events if event["dag"] == dag_id]
        assert {datetime.fromisoformat(event["airflow/logical_date"]).isoformat() for event in own} == dates
        keys = [event["partition"] for event in own]
        assert None not in keys, own
        assert len(set(keys)) == len(keys) == len(dates)
        if dag_id == "days":
            assert {"2024-03-30", "2024-03-31", "2024-04-01"} <= set(keys)
        if dag_id == "hours":
            assert len([key for key in keys if key.startswith("2024-10-27-02:00")]) == 2
        if dag_id == "at_half_past_two":  # dynamic: the key is the logical date, also on the day without that hour
            assert "2024-03-31T01:30:00+00:00" in keys


def summed(states: list[str]) -> str:
    """How a mapped task stands: what failed counts first, then any success."""
    return next(state for state in ("failed", "upstream_failed", "success", "skipped", "removed") if state in states)


def date_column(live: LiveAirflow) -> str:
    return "logical_date" if live.major == 3 else "execution_date"


def test_runs_by_hand_land_where_they_belong_or_nowhere(live: LiveAirflow, host: Host) -> None:
    found = {event["airflow/run_id"]: event for event in host.ask("events") if event["dag"] == "by_hand"}
    # In Airflow 2 a run by hand has the interval before its date: it isn't the run of that date's partition.
    assert found["aligned"]["partition"] == ("2024-03-10" if live.major == 3 else None)
    for run_id in {"odd", "before", "without"} & set(found):
        assert found[run_id]["partition"] is None
        assert found[run_id]["dagport/no_partition"]
    assert live.major == 2 or "without" in found


def test_what_is_cleared_is_told_again_and_nothing_else(live: LiveAirflow, host: Host) -> None:
    before = host.ask("events")
    base = f"/api/v{2 if live.major == 3 else 1}"
    body = {
        "dry_run": False,
        "dag_run_id": "first",
        "task_ids": ["made", "bad"],
        "only_failed": False,
        "reset_dag_runs": True,
    }
    live.call("POST", f"{base}/dags/endings/clearTaskInstances", body)
    wait_for_runs(live, MANY[live.major])
    host.settle()
    new = host.ask("events")
    added = Counter((event["kind"], event["task"]) for event in new) - Counter(
        (event["kind"], event["task"]) for event in before
    )
    assert added == {
        ("made", "made"): 1,
        ("seen", "bad"): 1,
        **({("seen", "after_bad"): 1} if ("seen", "after_bad") in added else {}),
    }
    again = [event["airflow/try_number"] for event in new if event["task"] == "bad"]
    assert sorted(again) == [1, 2]


def test_nothing_is_told_twice_after_a_reset(host: Host) -> None:
    before = host.ask("events")
    host.ask("reset")
    assert host.settle() == 0
    assert host.ask("events") == before


def test_a_deleted_run_and_a_server_that_is_down(live: LiveAirflow, host: Host) -> None:
    trigger(live, "slow", "to-be-deleted")
    trigger(live, "slow", "last")
    wait_for_runs(live, MANY[live.major])
    live.call("DELETE", f"/api/v{2 if live.major == 3 else 1}/dags/slow/dagRuns/to-be-deleted")
    live.stop_part("server")
    answer = host.ask("tick")
    assert "Unreachable" in answer["error"]
    assert live.password not in answer["error"]
    live.start_part("server")
    live.wait_until_ready(DAG_IDS)
    host.settle()
    assert Counter(event["airflow/run_id"] for event in host.ask("events") if event["dag"] == "slow")["last"] == 2


pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("observing")]
