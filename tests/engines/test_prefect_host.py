"""Wrapped DAGs in a real Prefect: every task run is in the state that Airflow's own database has."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dagport_lineage.delivery.spool import Spool
from dagport_lineage.events.validation import problems
from tests.engines.environments import Environment, clean_variables, with_dagport

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("prefect_host")]

HERE = Path(__file__).parent
MOST_SECONDS = 540
PROGRAM = HERE / "inside" / "prefect_flows.py"
SHOWN = {
    "success": ("COMPLETED", "Completed"),
    "failed": ("FAILED", "Failed"),
    "skipped": ("CANCELLED", "Skipped"),
    "upstream_failed": ("FAILED", "UpstreamFailed"),
}
CLOCKS = {
    "daily": "30 6 * * 1-5 UTC",
    "often": "2:00:00 UTC",
    "ends": "it ends at 2026-02-01",
    "once": "none of the kind once",
    "by_hand": "none",
}


@dataclass
class Ran:
    """What Prefect's API has of each case, and where Airflow's database and the events are."""

    cases: Mapping[str, Any]
    folder: Path

    def database(self, dag_id: str) -> dict[str, tuple[str, int]]:
        """State and try of each task instance."""
        with sqlite3.connect(self.folder / "home" / "airflow.db") as connection:
            rows = connection.execute(
                "select task_id, map_index, state, try_number from task_instance where dag_id = ?", (dag_id,)
            ).fetchall()
        return {task if index < 0 else f"{task}[{index}]": (state, number) for task, index, state, number in rows}


@pytest.fixture(scope="module", params=["airflow3", "airflow2"])
def ran(request: pytest.FixtureRequest, prefect_host: Environment, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    engine: Environment = request.getfixturevalue(request.param)
    folder = tmp_path_factory.mktemp(f"prefect-{request.param}")
    for name in ("dags", "work", "prefect"):
        (folder / name).mkdir()
    for source in (*(HERE / "local_airflow").glob("f*.txt"), HERE / "prefect_host" / "clocks.txt"):
        shutil.copyfile(source, folder / "dags" / f"{source.stem}.py")
    (folder / "dags" / "empty.py").write_text("import airflow\n")
    env = with_dagport({
        "PREFECT_HOME": str(folder / "prefect"), "DAGPORT_CACHE_DIR": str(folder / "cache"), "HOME": str(folder),
        "DAGPORT_SPOOL_DIR": str(folder / "spool"), "OPENLINEAGE_NAMESPACE": "prod",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1",
    })  # fmt: skip
    out = folder / "told.jsonl"
    chosen: list[str | Path] = ["--airflow", engine.python, "--folder", folder, "--out", out]
    run([prefect_host.python, PROGRAM, *chosen], env, folder)
    told = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    return Ran({one["case"]: one for one in told}, folder)


def run(command: Sequence[str | Path], env: Mapping[str, str], folder: Path) -> None:
    """Run a program, and end it with the servers that it starts."""
    said = folder / "said.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(
            command, env={**clean_variables(), **env}, cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        status = process.wait(MOST_SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert status == 0, said.read_text("utf-8", "replace")[-6000:]


@pytest.mark.parametrize(
    ("name", "final"), [("good", "COMPLETED"), ("bad", "FAILED"), ("waiting", "COMPLETED"), ("dying", "FAILED")]
)
def test_every_state_is_airflows(ran: Ran, name: str, final: str) -> None:
    told = ran.cases[name]
    shown = {task: (one["type"], one["name"]) for task, one in told["tasks"].items() if "~" not in task}
    assert shown == {task: SHOWN[state] for task, (state, _) in ran.database(name).items()}
    assert told["state"][0] == final


def test_nothing_but_a_success_is_green(ran: Ran) -> None:
    for name in ("good", "bad", "waiting", "dying", "terminated"):
        states = ran.database("stuck" if name == "terminated" else name)
        for task, one in ran.cases[name]["tasks"].items():
            assert (one["type"] == "COMPLETED") == (states[task][0] == "success"), (name, task)


def test_a_run_in_which_nothing_ran_is_not_green(ran: Ran) -> None:
    told = ran.cases["early"]
    assert told["state"][:2] == ["CANCELLED", "NothingRan"]
    assert "start_date" in told["state"][2]
    assert told["tasks"] == ran.database("early") == {}


def test_how_a_task_got_there(ran: Ran) -> None:
    flaky = ran.cases["good"]["tasks"]["flaky"]
    assert flaky["states"][-4:] == ["AwaitingRetry", "Queued", "Retrying", "Completed"]
    assert flaky["runs"] == 2
    assert "UpForReschedule" in ran.cases["waiting"]["tasks"]["poked"]["states"]
    boom = ran.cases["bad"]["tasks"]["boom"]["message"]
    assert "broken on purpose" in boom
    assert Path(boom.rpartition("log: ")[2]).is_file()
    assert ran.cases["good"]["tasks"]["join"]["upstream"] == 2
    assert ran.cases["good"]["tasks"]["total_3"]["upstream"] == 3  # the mapped ones
    assert ran.cases["good"]["tasks"]["pick"]["upstream"] == 0


def test_params_reach_the_run(ran: Ran) -> None:
    assert ran.cases["params"]["state"][0] == "COMPLETED"
    [log] = (ran.folder / "home" / "logs").glob("**/*2026-03-01*/task_id=repeat/attempt=1*")
    assert "south" in log.read_text("utf-8")


def test_a_retry_of_the_flow_runs_the_dag_again_and_shows_both(ran: Ran) -> None:
    tasks = ran.cases["again"]["tasks"]
    assert ran.cases["again"]["state"][0] == "FAILED"
    first = {name: one["name"] for name, one in tasks.items() if "~" not in name}
    assert {f"{name}~2": state for name, state in first.items()} == {
        name: one["name"] for name, one in tasks.items() if name.endswith("~2")
    }
    assert len(tasks) == 2 * len(first)


def test_cancelling_the_flow_cancels_the_run(ran: Ran) -> None:
    told = ran.cases["cancelled"]
    assert told["state"][0] == "CANCELLED"
    assert {one["type"] for one in told["tasks"].values()} <= {"FAILED", "CANCELLED"}
    assert "AwaitingRetry" in told["tasks"]["sleep"]["states"]  # it was killed; the next try is skipped


def test_ending_the_process_cancels_the_run(ran: Ran) -> None:
    told = ran.cases["terminated"]
    assert told["state"][0] in ("CRASHED", "CANCELLED")
    assert {one["type"] for one in told["tasks"].values()} <= {"FAILED", "CANCELLED"}
    assert set(told["tasks"]) >= {"sleep"}
    for pid in (ran.folder / "work" / "pids").read_text().split():
        assert not Path("/proc", pid).exists()


def test_runs_that_share_a_runner_take_turns(ran: Ran) -> None:
    assert ran.cases["turns"]["states"] == ["COMPLETED", "COMPLETED"]


def test_an_api_that_does_not_listen_for_a_while_loses_no_end(ran: Ran) -> None:
    told = ran.cases["hiccups"]
    shown = {task: (one["type"], one["name"]) for task, one in told["tasks"].items()}
    assert shown == {task: SHOWN[state] for task, (state, _) in ran.database("good").items()}
    assert told["state"][0] == "COMPLETED"


def test_an_api_that_does_not_listen_at_all_shows_nothing_green(ran: Ran) -> None:
    told = ran.cases["mute"]
    assert told["state"][0] == "FAILED"
    assert "RecordingError" in told["state"][2]
    assert "COMPLETED" not in {one["type"] for one in told["tasks"].values()}
    assert {state for state, _ in ran.database("told").values()} == {"success"}


def test_a_dag_that_is_not_there(ran: Ran) -> None:
    told = ran.cases["unknown"]
    assert told["state"][0] == "FAILED"
    assert "nobody" in told["state"][2]
    assert told["tasks"] == {}


def test_what_needs_no_run(ran: Ran) -> None:
    facts = ran.cases["facts"]
    assert facts["unmapped"] == []
    assert facts["slots"] == {"2": "2026-03-02T06:30:00+00:00", "3": "2026-03-03T06:30:00+00:00"}
    assert facts["another"] == "2026-03-03T06:31:00+00:00"  # nothing is scheduled then
    several, none, lost, twice = facts["refusals"]
    assert "several DAGs: say with dag_id which one of bad, batch, " in several
    assert "name it with dag_id" in none
    assert lost.startswith("FileNotFoundError")
    assert twice.startswith("NameCollisionError: twice.py and clocks.py both have a DAG daily")


def test_schedules(ran: Ran) -> None:
    found = ran.cases["schedules"]["schedules"]
    assert {name: text for name, text in CLOCKS.items() if text not in found[name]} == {}


def test_lineage_has_the_flow_run_as_parent(ran: Ran) -> None:
    events = [json.loads(one.record.line) for one in Spool(ran.folder / "spool").pending(grows=False) if one.record]
    assert [text for event in events for text in problems(event)] == []
    of_flows = {}
    for event in events:
        parent = event["run"]["facets"]["parent"]
        assert parent["root"]["job"]["namespace"] == "prod"
        if "." not in event["job"]["name"]:
            of_flows[parent["run"]["runId"]] = (parent["job"]["name"], event["eventType"])
    expected = {
        told["id"]: (
            told["flow"],
            {"COMPLETED": "COMPLETE", "FAILED": "FAIL", "CANCELLED": "ABORT", "CRASHED": "ABORT"}[told["state"][0]],
        )
        for name, told in ran.cases.items()
        if name not in ("unknown", "schedules", "mute", "facts", "turns", "early")
    }
    assert of_flows.pop(ran.cases["mute"]["id"]) == ("told", "COMPLETE")
    assert of_flows.pop(ran.cases["early"]["id"]) == ("early", "COMPLETE")  # as Airflow's provider tells of it
    assert expected.items() <= of_flows.items()
    assert len(of_flows) == len(expected) + 2  # those that took turns
