"""Tasks of real Airflow DAGs that run in a real Dagster and a real Prefect, moved there by the switch file."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dagport_adapters.migration.edits import with_line, without_line
from dagport_adapters.migration.files import vendor
from dagport_adapters.runners import (
    DagImportError,
    LocalAirflow,
    RunRequest,
    TaskEvent,
    UnknownDagError,
    WorkerDiedError,
)
from tests.engines.airflow_side_sites import (
    HERE,
    DagsterSite,
    PrefectSite,
    dagster_site,
    prefect_site,
    waited,
)
from tests.engines.environments import Environment
from tests.engines.live_airflow import LiveAirflow, live_airflow

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("airflow_side")]

DATE = datetime(2026, 3, 1, tzinfo=UTC)
STATES = {
    "start": "success", "extract": "success", "each[0]": "success", "each[1]": "success", "load": "success",
    "total": "success", "pick": "success", "inner.sent": "success", "inner.other": "skipped", "maybe": "skipped",
    "after_maybe": "skipped", "boom": "failed", "broken": "failed", "cleanup": "success", "nightly": "success",
    "stop": "success",
}  # fmt: skip
POLICY = "from dagport_airflow import dag_policy\n"
LINE = "\nfrom dagport_airflow import switch\nswitch(globals())\n"


@dataclass
class Site:
    """An Airflow, and where its tasks move to."""

    runner: LocalAirflow
    folder: Path
    dagster: DagsterSite
    prefect: PrefectSite
    month: int  # of its runs: the Airflows share a Dagster, where run ids tell them apart

    @property
    def switch(self) -> Path:
        return self.folder / "dags" / "dagport_switch.yaml"

    def run(self, dag_id: str, day: int = 1, run_id: str | None = None) -> dict[str, TaskEvent]:
        """The last event of each task."""
        request = RunRequest(dag_id=dag_id, logical_date=DATE.replace(month=self.month, day=day), run_id=run_id)
        events = [event for event in self.runner.run(request, timeout=200) if isinstance(event, TaskEvent)]
        return {named(event): event for event in events}

    def legacy(self) -> list[str]:
        """The tasks that ran in Airflow, since it was asked last."""
        file = self.folder / "work" / "legacy"
        found = file.read_text().split() if file.exists() else []
        file.unlink(missing_ok=True)
        return sorted(found)


def named(event: TaskEvent) -> str:
    return event.task_id if event.map_index < 0 else f"{event.task_id}[{event.map_index}]"


@pytest.fixture(scope="module")
def dagster_home(dagster_host: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterSite]:
    with dagster_site(dagster_host, tmp_path_factory.mktemp("dagster")) as site:
        yield site


@pytest.fixture(scope="module")
def prefect_home(prefect_host: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectSite]:
    with prefect_site(prefect_host, tmp_path_factory.mktemp("prefect") / "site") as site:
        yield site


def laid_out(folder: Path, prefect: PrefectSite) -> None:
    """The DAGs and the switch file, and Airflow's home with what goes into it."""
    for name in ("dags", "work", "home", "home/plugins", "home/config"):
        (folder / name).mkdir()
    vendor(folder / "home" / "plugins")
    shutil.copyfile(HERE / "shop.txt", folder / "dags" / "shop.py")
    text = (HERE / "switch.txt").read_text().replace("PREFECT", prefect.url)
    (folder / "dags" / "dagport_switch.yaml").write_text(text)


def variables(folder: Path, dagster: DagsterSite) -> dict[str, str]:
    return {
        "WORK_FOLDER": str(folder / "work"),
        "AIRFLOW_CONN_DAGSTER": dagster.url.replace("http://", "http://:pass-word@"),
    }


@pytest.fixture(scope="module", params=["airflow3", "airflow2"])
def site(
    request: pytest.FixtureRequest,
    dagster_home: DagsterSite,
    prefect_home: PrefectSite,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    engine: Environment = request.getfixturevalue(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    laid_out(folder, prefect_home)
    (folder / "home" / "config" / "airflow_local_settings.py").write_text(POLICY)
    env = variables(folder, dagster_home)
    with LocalAirflow(engine.python, folder / "dags", home=folder / "home", env=env, cancel_grace=8.0) as runner:
        yield Site(runner, folder, dagster_home, prefect_home, month=3 if request.param == "airflow3" else 4)


def test_moved_tasks_among_others(site: Site) -> None:
    """States, data in and out, branch, mapping, groups, setup, trigger rules and retries; then a rollback by a line."""
    last = site.run("shop")
    assert {name: event.state for name, event in last.items()} == STATES
    assert site.legacy() == ["cleanup", "start", "stop"]
    assert last["load"].result is not None
    assert last["load"].result.preview == "6"  # what the asset has told: twice what extract has handed over
    assert (site.folder / "work" / "total").read_text() == "6"
    assert last["inner.sent"].result is not None
    assert last["inner.sent"].result.preview == '{"sent": 6}'
    run_id = last["load"].run_id
    assert [site.dagster.runs(name, run_id) for name in ("load", "maybe", "nightly")] == [["SUCCESS"]] * 3
    assert site.dagster.runs("boom", run_id) == ["FAILURE", "FAILURE"]  # each try of a failed one is a run
    assert last["boom"].try_number == 2
    log = last["boom"].log.read_text() if last["boom"].log else ""
    assert "step shop__boom: ValueError: no such table" in log
    assert site.dagster.url + "/runs/" in log
    assert "pass-word" not in log
    assert "no printer" in (last["broken"].log.read_text() if last["broken"].log else "")

    text = site.switch.read_text()
    for name in ("load", "boom", "maybe", "inner.sent", "broken"):
        text = without_line(text, ("shop", name))
    before = site.switch.read_text()
    site.switch.write_text(text)
    try:
        back = site.run("shop", day=2)
    finally:
        site.switch.write_text(before)
    assert back["boom"].state == back["broken"].state == "success"
    assert site.legacy() == ["after_maybe", "boom", "broken", "load", "maybe", "sent", "start", "stop"]
    assert site.dagster.runs("load", back["load"].run_id) == []
    assert site.dagster.runs("nightly", back["nightly"].run_id) == ["SUCCESS"]  # that one is still away


def test_a_run_that_takes_too_long_is_ended(site: Site) -> None:
    last = site.run("late")
    assert {name: event.state for name, event in last.items()} == {"late": "failed", "later": "failed"}
    site.dagster.wait("late", "CANCELED", run_id=last["late"].run_id)
    waited(lambda: set(site.prefect.runs("endless")) == {"CANCELLED"}, "the flow run isn't cancelled")
    assert "takes too long; its end is asked for" in (last["later"].log.read_text() if last["later"].log else "")
    assert site.legacy() == []


def test_cancelling_ends_the_run(site: Site) -> None:
    request = RunRequest(dag_id="slow", logical_date=DATE.replace(day=3))
    for event in site.runner.run(request, timeout=100):
        if isinstance(event, TaskEvent) and event.state == "running":
            threading.Thread(target=cancel_when_started, args=(site,)).start()
    site.dagster.wait("slow", "CANCELED")
    assert site.legacy() == []


def cancel_when_started(site: Site) -> None:
    site.dagster.wait("slow", "STARTED")
    site.runner.cancel()


def test_a_worker_that_died_leaves_a_run_that_is_found_again(site: Site) -> None:
    """The task's process is killed while its run goes on: the next try follows that run."""
    run_id = f"dies-{site.folder.name}"
    request = RunRequest(dag_id="slow", logical_date=DATE.replace(day=4), run_id=run_id)
    with pytest.raises(WorkerDiedError):
        kill_when_started(site, request)
    go = site.dagster.folder / "go"
    go.touch()
    try:
        last = site.run("slow", day=4, run_id=run_id)
    finally:
        go.unlink()
    assert (last["slow"].state, last["slow"].try_number) == ("success", 2)
    assert site.dagster.runs("slow", run_id) == ["SUCCESS"]
    assert "An earlier try has started a run" in (last["slow"].log.read_text() if last["slow"].log else "")


def kill_when_started(site: Site, request: RunRequest) -> None:
    for event in site.runner.run(request, timeout=100):
        if isinstance(event, TaskEvent) and event.state == "running":
            site.dagster.wait("slow", "STARTED", run_id=request.run_id)
            os.kill(site.runner.worker_pid or 0, signal.SIGKILL)


BROKEN = [
    ("shop/lod: dagster\n", "shop/lod: the DAG has no such task. Did you mean 'load'?"),
    ("shop/pick: dagster\n", "shop/pick: a task that chooses what runs after it can't be moved"),
    ("shop/each: dagster\n", "shop/each: a mapped task can't be moved"),
    ("shop/load: dagstr\n", "there is no target 'dagstr'"),
    (None, "There is no switch file"),
]


@pytest.mark.parametrize(("text", "said"), BROKEN)
def test_a_switch_file_that_cannot_be_obeyed_stops_the_dag(site: Site, text: str | None, said: str) -> None:
    before = site.switch.read_text()
    site.switch.write_text(text or "")
    if text is None:
        site.switch.unlink()
    try:
        with pytest.raises((DagImportError, UnknownDagError)) as error:
            site.run("shop", day=9)
    finally:
        site.switch.write_text(before)
    assert said in str(error.value)
    assert site.legacy() == []


def test_the_line_in_the_dag_file_does_the_same(site: Site) -> None:
    policy = site.folder / "home" / "config" / "airflow_local_settings.py"
    file, before = site.folder / "dags" / "shop.py", site.switch.read_text()
    policy.unlink()
    site.runner.close()  # a worker has the policy in memory
    try:
        assert site.run("waits", day=6)["fast"].state == "success"
        assert site.legacy() == ["fast", "waits"]  # nothing switches any more
        file.write_text(file.read_text() + LINE)
        site.switch.write_text(without_line(before, ("waits", "waits")))
        assert site.run("waits", day=7)["fast"].state == "success"
        assert site.legacy() == ["waits"]
        site.switch.write_text(with_line(before, ("waits", "gone"), "waits/gone: dagster"))
        with pytest.raises(DagImportError, match="waits/gone: the DAG has no such task"):
            site.run("waits", day=8)
    finally:
        site.switch.write_text(before)
        shutil.copyfile(HERE / "shop.txt", file)
        policy.write_text(POLICY)
        site.runner.close()


@pytest.mark.parametrize("name", ["airflow3", "airflow2"])
def test_the_scheduler_and_the_triggerer_see_it_too(
    name: str,
    request: pytest.FixtureRequest,
    dagster_home: DagsterSite,
    prefect_home: PrefectSite,
    tmp_path: Path,
) -> None:
    """A deferred task goes on in the triggerer; one that a user marks as failed meanwhile ends its run."""
    laid_out(tmp_path, prefect_home)
    config = tmp_path / "home" / "config"
    (config / "airflow_local_settings.py").write_text(POLICY)
    env = {
        **variables(tmp_path, dagster_home),
        "PYTHONPATH": str(config),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(tmp_path / "home" / "plugins"),
    }
    engine: Environment = request.getfixturevalue(name)
    with live_airflow(engine, tmp_path / "dags", tmp_path / "live", env=env, dag_ids=["waits"]) as live:
        version = "v2" if live.major == 3 else "v1"
        base = f"/api/{version}/dags/waits/dagRuns"
        date = {"logical_date": "2026-03-01T00:00:00Z"}
        more = {} if live.major == 3 else {"dry_run": False}
        live.call("POST", base, {"dag_run_id": "r", **date})
        dagster_home.wait("waits", "STARTED", run_id="r")
        waited(lambda: states(live) == {"waits": "deferred", "fast": "success"}, f"not deferred: {states(live)}")
        live.call("PATCH", f"{base}/r/taskInstances/waits", {"new_state": "failed", **more})
        dagster_home.wait("waits", "CANCELED", run_id="r")
        waited(lambda: states(live) == {"waits": "failed", "fast": "success"}, f"not failed: {states(live)}")
    legacy = tmp_path / "work" / "legacy"
    assert not legacy.exists() or not {"waits", "fast"} & set(legacy.read_text().split())


@pytest.mark.parametrize("name", ["airflow3", "airflow2"])
def test_every_kind_of_task_keeps_what_it_is(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Nothing but the class changes, also in what the scheduler gets."""
    vendor(tmp_path)
    shutil.copyfile(HERE / "kinds.txt", tmp_path / "kinds.py")
    engine: Environment = request.getfixturevalue(name)
    done = engine.run(["kinds.py"], cwd=tmp_path, env={"AIRFLOW_HOME": str(tmp_path / "home")})
    told = json.loads(done.stdout[done.stdout.index("{") :])
    assert told["after"] == told["before"]
    assert len(told["after"]) == 7
    assert told["classes"] == told["served"] == ["DagsterAssetsOperator"]
    assert told["edges"] == {task: values["downstream_task_ids"] for task, values in told["before"].items()}


def states(live: LiveAirflow) -> dict[str, str]:
    rows = live.query("select task_id, state from task_instance where dag_id = 'waits' and run_id = 'r'")
    return {row["task_id"]: row["state"] for row in rows}
