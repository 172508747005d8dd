"""Generated projects, part of which Airflow runs, against the same DAGs run by Airflow alone, on Airflow 3 and 2."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pytest

from dagport import formats
from dagport.options import AirflowVersion, ReadOptions
from dagport.source import Source
from dagport.translation import Document, Translation, WriteOptions
from dagport_adapters.runners import LocalAirflow, RunFinished, RunRequest, TaskEvent
from tests.cases import PACKAGE, write_project
from tests.engines.environments import Environment, with_dagport

INSIDE = Path(__file__).with_name("inside")
DAGS = Path(__file__).with_name("delegation")
FIRST = datetime(2026, 3, 1, 6, tzinfo=UTC)
SECOND = datetime(2026, 3, 2, 6, tzinfo=UTC)


FLOWS = (
    "branching", "half", "gated", "failing", "failing_alone", "cleaning", "cleaning_up", "mapped", "mapped_none",
    "mapped_skip", "mapped_fail", "mapped_group", "waiting", "merged",
)  # fmt: skip
CHANGED = {"dates__interval_region": {"config": {"rows": 7, "odd_name": "y"}}}
RUNS: Mapping[str, Mapping[str, Any]] = {
    **{name: {"job": name} for name in FLOWS},
    "data": {"job": "data"},
    "data again": {"job": "data"},
    "first day": {"job": "dates", "partition": "2026-03-01"},
    "second day": {"job": "dates", "partition": "2026-03-02", "config": CHANGED},
    "five": {"job": "again", "partition": "2026-03-01"},
    "none": {"job": "again", "partition": "2026-03-01", "config": {"again__give": {"config": {"rows": 0}}}},
    "odd in": {"job": "odd_in", "unread": ["odd_in/give"]},
    "odd out": {"job": "odd_out"},
    "starts": {"job": "starts"},
}
HOST_SECONDS = 900
CHOICE = "skipmixin_key"

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("delegation")]


@dataclass
class Site:
    """One Airflow, its DAGs translated, and both ways to run them."""

    runner: LocalAirflow
    host: Environment
    python: Path
    folder: Path
    version: AirflowVersion

    @cached_property
    def documents(self) -> list[Document]:
        sources = [Source(f"dags/{file.stem}.py", file.read_text("utf-8")) for file in sorted(DAGS.glob("*.txt"))]
        read = formats.reader("airflow")
        return [Document(source, read(source, ReadOptions(airflow_version=self.version))) for source in sources]

    @cached_property
    def translation(self) -> Translation:
        return formats.target("dagster")(self.documents, WriteOptions(package=PACKAGE, style="assets"))

    @property
    def events(self) -> Path:
        """Where the lineage of the runs goes."""
        return self.folder / "events.jsonl"

    def variables(self) -> dict[str, str]:
        """Those of the generated project."""
        return with_dagport(
            {
                "DAGPORT_AIRFLOW_PYTHON": str(self.python),
                "DAGPORT_AIRFLOW_DAGS": str(self.folder / "dags"),
                "DAGPORT_CACHE_DIR": str(self.folder / "cache"),
                "OPENLINEAGE__TRANSPORT__TYPE": "file",
                "OPENLINEAGE__TRANSPORT__LOG_FILE_PATH": str(self.events),
                "OPENLINEAGE__TRANSPORT__APPEND": "true",
                "OPENLINEAGE_NAMESPACE": "shop",
                "DAGPORT_LINEAGE_SPOOL": str(self.folder / "spool"),
            }
        )

    def in_dagster(self, *runs: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Run jobs of the generated project, one after the other in one process."""
        project = write_project(self.translation, self.folder / "project")
        script: list[str | Path] = [INSIDE / "run_delegated.py", str(project), PACKAGE, self.version, json.dumps(runs)]
        done = self.host.run(script, env=self.variables(), timeout=HOST_SECONDS)
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def by_the_command(self, job: str) -> str:
        """Run a job by Dagster's command, which gives each step a new process; what it logs."""
        source = write_project(self.translation, self.folder / "project") / "src"
        variables = self.variables()
        variables["PYTHONPATH"] += os.pathsep + str(source)
        variables["DAGSTER_HOME"] = str(self.folder)
        command: list[str | Path] = ["-m", "dagster", "job", "execute", "-m", f"{PACKAGE}.definitions", "-j", job]
        return self.host.run(command, env=variables, cwd=self.folder, timeout=HOST_SECONDS).stderr

    @cached_property
    def runs(self) -> dict[str, dict[str, Any]]:
        """What became of every run, all of them in one process."""
        return dict(zip(RUNS, self.in_dagster(*RUNS.values()), strict=True))

    def in_airflow(self, dag_id: str, **more: Any) -> Whole:
        """Run the whole DAG where it is."""
        events = list(self.runner.run(RunRequest(dag_id=dag_id, whole_results=True, **more), timeout=100))
        last = {(e.task_id, e.map_index): e for e in events if isinstance(e, TaskEvent)}
        finished = events[-1]
        assert isinstance(finished, RunFinished)
        return Whole(last, finished.state)


@dataclass(frozen=True)
class Whole:
    """What Airflow's database has of a run."""

    last: dict[tuple[str, int], TaskEvent]
    state: str

    def states(self, task_id: str) -> set[str]:
        return {event.state for (task, _), event in self.last.items() if task == task_id}

    def results(self, task_id: str) -> dict[str, Any]:
        """By key: the value and the classes in it; of a mapped task, the values in the order of the instances."""
        found: dict[str, Any] = {}
        for (task, index), event in sorted(self.last.items()):
            for one in event.results or () if task == task_id else ():
                if one.key == CHOICE:
                    continue
                if index < 0:
                    found[one.key] = [one.value, one.serialized_from]
                else:
                    found.setdefault(one.key, [[], None])[0].append(one.value)
        return found


@pytest.fixture(scope="module", params=["airflow3", "airflow2"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    engine: Environment = request.getfixturevalue(request.param)
    host: Environment = request.getfixturevalue("dagster_host")
    folder = tmp_path_factory.mktemp(f"delegation_{request.param}")
    (folder / "dags").mkdir()
    for file in DAGS.glob("*.txt"):
        (folder / "dags" / f"{file.stem}.py").write_text(file.read_text("utf-8"), "utf-8")
    with LocalAirflow(engine.python, folder / "dags", home=folder / "home") as runner:
        yield Site(runner, host, engine.python, folder, cast("AirflowVersion", request.param[-1]))


def compare(site: Site, dag_id: str, found: dict[str, Any], whole: Whole) -> None:
    """Every task has the same end and the same results; what failed is a failure, what was skipped is nothing."""
    outcomes = [outcome for outcome in site.translation.outcomes if outcome.pipeline == dag_id]
    assert {outcome.fidelity for outcome in outcomes} <= {"native", "approximate", "delegated"}
    states = {outcome.task: whole.states(outcome.task) for outcome in outcomes}
    assert all(states.values())
    # One skipped instance of a mapped task skips what comes after it.
    wanted = {str(o.target): whole.results(o.task) for o in outcomes if states[o.task] == {"success"}}
    assert found["made"] == wanted
    is_bad = any(state in ("failed", "upstream_failed") for task in states.values() for state in task)
    assert found["success"] == (not is_bad)
    assert bool(found["failed"]) == is_bad
    lost = {task for task, state in states.items() if "failed" in state}
    said = " ".join(found["failed"].values())
    delegated = {outcome.task for outcome in outcomes if outcome.fidelity == "delegated"}
    assert {task for task in lost & delegated if f"{task} is failed" not in said and f"{task}[" not in said} == set()


@pytest.mark.parametrize("dag_id", FLOWS)
def test_every_task_ends_as_in_airflow(dag_id: str, site: Site) -> None:
    compare(site, dag_id, site.runs[dag_id], site.in_airflow(dag_id))


def test_retries_are_airflows(site: Site) -> None:
    [said] = site.runs["failing_alone"]["failed"].values()
    assert "boom is failed after try 2: ValueError: no 3 (log: /" in said


def test_data_go_in_and_out_unchanged(site: Site) -> None:
    """Nested JSON, None, tuples, keys that aren't texts, other scripts, two million characters; twice."""
    first, second = site.runs["data"], site.runs["data again"]
    whole = site.in_airflow("data")
    compare(site, "data", first, whole)
    compare(site, "data", second, whole)
    assert first["run_id"] != second["run_id"]
    made = first["made"]["data/enrich"]["return_value"]
    assert made[1] == ("builtins.tuple" if site.version == "3" else None)
    assert made[0]["kinds"] == ["tuple" if site.version == "3" else "list", "dict"]


def test_partitions_have_airflows_dates(site: Site) -> None:
    first, second = site.runs["first day"], site.runs["second day"]
    dates = [(FIRST, SECOND), (SECOND, datetime(2026, 3, 3, 6, tzinfo=UTC))]
    whole = []
    for (start, end), params in zip(dates, ({}, {"rows": 7, "odd-name": "y"}), strict=True):
        interval = (start, start if site.version == "3" else end)
        whole.append(site.in_airflow("dates", logical_date=start, data_interval=interval, params=params))
    compare(site, "dates", first, whole[0])
    compare(site, "dates", second, whole[1])
    assert first["made"]["dates/day"] == {"return_value": ["2026-03-01", None]}
    assert second["made"]["dates/interval"]["return_value"][0][3:] == [7, "y"]


def test_a_result_that_is_gone_is_gone_in_airflow(site: Site) -> None:
    """The same partition is the same run of Airflow, which has the result of the first time."""
    for name, rows in (("five", 5), ("none", 0)):
        whole = site.in_airflow("again", logical_date=FIRST, params={"rows": rows})
        compare(site, "again", site.runs[name], whole)
        assert site.runs[name]["made"]["again/count"]["return_value"][0] == [rows or None]


def test_what_cannot_be_handed_over_fails(site: Site) -> None:
    into, out = site.runs["odd in"], site.runs["odd out"]
    [said] = into["failed"].values()
    assert "Can't hand the result 'return_value' of 'give' to Airflow: it holds a datetime.date" in said
    assert into["made"] == {}
    assert out["made"]["odd_out/give"] == {
        "return_value": "<datetime.datetime: a result of 'give' that only Airflow can read>"
    }
    [said] = out["failed"].values()
    assert "A result of 'give' holds datetime.datetime, which only Airflow can read" in said
    read = site.in_airflow("odd_out").results("read")
    assert out["made"]["odd_out/read"] == read
    assert read["return_value"][0].startswith("2026-01-01 00:00:00")


@pytest.mark.parametrize("site", ["airflow3"], indirect=True)
def test_without_airflow_nothing_is_made(site: Site, tmp_path: Path) -> None:
    lost = Site(site.runner, site.host, tmp_path / "no" / "python", site.folder, site.version)
    [found] = lost.in_dagster({"job": "branching"})
    assert set(found["made"]) == {"branching/start"}
    [said] = found["failed"].values()
    assert "AirflowNotFoundError" in said


def test_a_task_that_starts_another_dag_needs_a_scheduler(site: Site) -> None:
    found = site.runs["starts"]
    assert not found["made"]
    assert "starts a DAG that only an Airflow with a scheduler runs" in " ".join(found["failed"].values())


@pytest.mark.parametrize("site", ["airflow3"], indirect=True)
def test_steps_in_processes_of_their_own_share_one_run_of_airflow(site: Site) -> None:
    said = site.by_the_command("beside")
    assert sorted(re.findall(r"Materialized value beside (\w+)", said)) == ["give", "left", "right"]
    runs = dict(re.findall(r"beside: (\w+): Airflow's run (\S+)", said))
    assert set(runs) == {"left", "right"}
    assert runs["left"] == runs["right"]


def test_lineage_has_airflows_jobs_below_dagsters_run(site: Site) -> None:
    run_id = site.runs["branching"]["run_id"]
    for _ in range(400):  # events are delivered by a process of its own
        events = [json.loads(line) for line in site.events.read_text("utf-8").splitlines()]
        ended = [event for event in events if event["eventType"] == "COMPLETE" and "parent" in event["run"]["facets"]]
        mine = [one for one in ended if one["run"]["facets"]["parent"].get("root", {}).get("run") == {"runId": run_id}]
        if len(mine) == 3:
            break
        time.sleep(0.5)
    names = sorted(f"{one['job']['namespace']} {one['job']['name']}" for one in mine)
    assert names == ["shop branching.choose", "shop branching.join", "shop branching.many"]
    assert {one["run"]["facets"]["processing_engine"]["version"][0] for one in mine} == {site.version}
