"""``wrap_dags`` of a live Airflow 3 and 2, by REST: what Dagster says is what Airflow's database has."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engines.dagster_hosts import PROGRAM, SECONDS, airflow_run, told
from tests.engines.environments import Environment, with_dagport
from tests.engines.live_airflow import LiveAirflow, live_airflow

HERE = Path(__file__).parent
DAG_IDS = ("green", "parted", "mended", "hurried", "maker", "taker")
TASKS = "select task_id, map_index, state from task_instance where run_id = ?"
RUN = "select state from dag_run where run_id = ?"

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("dagster_host_live")]


@dataclass
class Site:
    """A live Airflow, and what Dagster said of it."""

    live: LiveAirflow
    answers: dict[str, dict[str, Any]]

    def database(self, run_id: str) -> dict[tuple[str, int], str]:
        return {(row["task_id"], row["map_index"]): row["state"] or "none" for row in self.live.query(TASKS, (run_id,))}


def steps(work: Path) -> dict[str, dict[str, Any]]:
    part = {"do": "run", "keys": [["parted", "right"]]}
    return {
        "shape": {"do": "shape"},
        "green": {"do": "run", "keys": [["green", "breaks"], ["green", "clean"]]},
        "hurried": {"do": "run", "keys": [["hurried", task] for task in ("first", "second", "third", "hasty")]},
        "whole": {"do": "run", "keys": [["parted", task] for task in ("open_it", "left", "right", "close_it")]},
        "part": part,
        "broken": {"do": "run", "job": "mending", "name": "broken"},
        "mend": {"do": "touch", "file": str(work / "mended")},
        "mended": {"do": "again", "job": "mending", "name": "broken"},
    }


@pytest.fixture(scope="module", params=["airflow3", "airflow2"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    engine: Environment = request.getfixturevalue(request.param)
    host: Environment = request.getfixturevalue("dagster_host")
    folder = tmp_path_factory.mktemp(request.param)
    for name in ("dags", "work", "dagster"):
        (folder / name).mkdir()
    shutil.copyfile(HERE / "dagster_host" / "wrapped.txt", folder / "dags" / "wrapped.py")
    asked = steps(folder / "work")
    env = {"WRAPPED_FOLDER": str(folder / "work")}
    with live_airflow(engine, folder / "dags", folder, dag_ids=DAG_IDS, env=env) as live:
        remote = {
            "url": live.url,
            "username": live.username,
            "basic": live.major == 2,
            "slowest_poll": 1.0,
        }
        options = {"select": list(DAG_IDS)}
        file = folder / "work.json"
        file.write_text(json.dumps({"remote": remote, "options": options, "steps": list(asked.values())}))
        home = {
            "DAGSTER_HOME": str(folder / "dagster"),
            "WRAPPED_WORK": str(file),
            "LIVE_PASSWORD": live.password,
        }
        host.run([PROGRAM], env=with_dagport(home), cwd=folder, timeout=SECONDS)
        answers = json.loads(file.with_suffix(".out").read_text())
        yield Site(live, dict(zip(asked, answers, strict=True)))


@pytest.mark.parametrize("name", ["green", "hurried", "whole", "mended"])
def test_every_state_is_airflows_own(site: Site, name: str) -> None:
    answer = site.answers[name]
    run_id = airflow_run(answer["events"])
    assert told(answer["events"]) == site.database(run_id)
    [row] = site.live.query(RUN, (run_id,))
    assert answer["success"] == (row["state"] == "success")
    made = {event["key"][-1] for event in answer["events"] if event["type"] == "ASSET_MATERIALIZATION"}
    assert made == {task for (task, _), state in site.database(run_id).items() if state == "success"}


def test_a_part_is_done_again_in_the_run_that_made_what_it_needs(site: Site) -> None:
    whole, part = site.answers["whole"]["events"], site.answers["part"]["events"]
    assert site.answers["part"]["success"]
    assert airflow_run(part) == airflow_run(whole)
    assert told(part) == {("right", -1): "success"}
    notes = site.answers["shape"]["notes"]
    assert "parted: a live Airflow doesn't tell which tasks are setups: a part of it runs without them" in notes


def test_executing_again_from_the_failure_does_only_what_failed(site: Site) -> None:
    assert not site.answers["broken"]["success"]
    assert site.answers["mended"]["success"]
    assert airflow_run(site.answers["broken"]["events"]) == airflow_run(site.answers["mended"]["events"])


def test_the_definitions_are_those_of_the_live_dags(site: Site) -> None:
    specs = site.answers["shape"]["specs"]
    assert specs["hurried/hasty"]["deps"] == ["hurried/first", "hurried/third"]
    assert specs["hurried/hasty"]["metadata"]["airflow/trigger_rule"] == "one_success"
    assert "s3/a/x/part.csv" in specs or "maker/csv" in specs  # before 3.1 tasks tell of no outlets
