"""Graphs of ops, one op of which Airflow runs: every task and the run end as where Airflow runs the whole DAG."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any, cast

import pytest

from dagport import formats
from dagport.options import AirflowVersion, ReadOptions
from dagport.source import Source
from dagport.translation import Document, Translation, WriteOptions
from dagport.verify.targets.verifying import Target, verify_target
from dagport_adapters.runners import LocalAirflow, RunFinished, RunRequest, TaskEvent
from tests.cases import PACKAGE, write_project
from tests.engines.environments import Environment, with_dagport
from tests.engines.test_dagster_control import state
from tests.engines.test_targets_airflow import HORIZON

INSIDE = Path(__file__).with_name("inside")
HOST_SECONDS = 900
HEAD = """
from datetime import datetime, timedelta

try:
    from airflow.sdk import dag, task
    from airflow.sdk.exceptions import AirflowSkipException
except ImportError:
    from airflow.decorators import dag, task
    from airflow.exceptions import AirflowSkipException

"""
DAG = """
@dag(schedule={schedule!r}, start_date=datetime(2026, 1, 1), catchup=False)
def {name}():
    @task.branch
    def choose():
        return {chosen!r}

    @task
    def rows():
        {before}
        return [1, 2]

    @task(retries=1, retry_delay=timedelta(seconds=0))
    def publish(found, **context):
        names = sorted(context)  # which functions of Dagster have no form of
        date, tries = context["ti"].xcom_pull(task_ids="quick"), context["ti"].try_number
        {does}
        return {{"found": found, "quick": date, "names": len(names) > 5, "tries": tries}}

    @task
    def quick():
        return 7

    @task(trigger_rule="none_failed_min_one_success")
    def join(one, other):
        return [one, other]

    @task(trigger_rule="one_failed")
    def alarm():
        return "alarm"

    @task(trigger_rule="all_done")
    def clean():
        return "clean"

    @task(trigger_rule="all_done")
    def last(one, **context):
        return {{"one": one, "names": len(sorted(context)) > 5}}

    chosen, found = choose(), rows()
    published, fast = publish(found), quick()
    chosen >> [published, fast]
    joined = join(published, fast)
    published >> alarm()
    {end}


{name}()
"""
FAILS, SKIPS = 'raise ValueError(f"no {names[0]}")', 'raise AirflowSkipException("not today")'
RETRIED = 'if tries < 2: raise ValueError("once more")'
ALL_DONE, NONE, BY_AIRFLOW = "joined >> clean()", "pass", "last(joined)"
CASES = {
    "returns": ("publish", "pass", "pass", ALL_DONE),
    "fails": ("publish", "pass", FAILS, ALL_DONE),
    "fails_at_last": ("publish", "pass", FAILS, NONE),
    "skips": ("publish", "pass", SKIPS, ALL_DONE),
    "skips_at_last": ("publish", "pass", SKIPS, NONE),
    "ends_by_airflow": ("publish", "pass", FAILS, BY_AIRFLOW),
    "retried": ("publish", "pass", RETRIED, ALL_DONE),
    "not_chosen": ("quick", "pass", FAILS, ALL_DONE),
    "not_run": ("publish", FAILS.replace("names[0]", "1"), "pass", ALL_DONE),
}
DAILY = "daily"
PARTITION = "2026-03-01"
SITES = {
    ("airflow3", "auto"): (*CASES, DAILY),
    ("airflow3", "ops"): ("fails", "skips", DAILY),
    ("airflow2", "auto"): ("fails", "skips", "ends_by_airflow", DAILY),
}
"""The Airflow, how it is translated, and what is run there."""

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("delegated_ops")]


def dag_file() -> str:
    """All DAGs."""
    dags = [
        DAG.format(name=name, schedule=None, chosen=chosen, before=before, does=does, end=end)
        for name, (chosen, before, does, end) in CASES.items()
    ]
    where = 'assert str(context["logical_date"])[:10] == "2026-03-01"'
    dags.append(DAG.format(name=DAILY, schedule="@daily", chosen="publish", before="pass", does=where, end=ALL_DONE))
    return HEAD + "".join(dags)


@dataclass
class Site:
    """One Airflow, its DAGs translated, and both ways to run them."""

    runner: LocalAirflow
    host: Environment
    python: Path
    folder: Path
    version: AirflowVersion
    style: Any
    dags: tuple[str, ...]

    @cached_property
    def document(self) -> Document:
        source = Source("dags/several.py", dag_file())
        return Document(source, formats.reader("airflow")(source, ReadOptions(airflow_version=self.version)))

    @cached_property
    def translation(self) -> Translation:
        return formats.target("dagster")([self.document], WriteOptions(package=PACKAGE, style=self.style))

    @cached_property
    def runs(self) -> dict[str, dict[str, Any]]:
        """What became of every DAG in Dagster, all in one process."""
        project = write_project(self.translation, self.folder / "project")
        runs = [{"job": name, "partition": PARTITION if name == DAILY else None} for name in self.dags]
        variables = with_dagport(
            {
                "DAGPORT_AIRFLOW_PYTHON": str(self.python),
                "DAGPORT_AIRFLOW_DAGS": str(self.folder / "dags"),
                "DAGPORT_CACHE_DIR": str(self.folder / "cache"),
            }
        )
        script: list[str | Path] = [INSIDE / "run_delegated_ops.py", str(project), PACKAGE, json.dumps(runs)]
        printed = self.host.run(script, env=variables, timeout=HOST_SECONDS).stdout
        return dict(zip(self.dags, json.loads(printed), strict=True))

    def in_airflow(self, dag_id: str) -> tuple[dict[str, str], str, dict[str, Any]]:
        """How the tasks and the run end where Airflow runs it all, and the results."""
        date = datetime(2026, 3, 1, tzinfo=UTC) if dag_id == DAILY else None
        request = RunRequest(dag_id=dag_id, whole_results=True, logical_date=date)
        events = list(self.runner.run(request, timeout=100))
        last = {event.task_id: event for event in events if isinstance(event, TaskEvent)}
        finished = events[-1]
        assert isinstance(finished, RunFinished)
        results = {name: event.results[0].value for name, event in last.items() if event.results}
        return {name: event.state for name, event in last.items()}, finished.state, results


@pytest.fixture(scope="module")
def site_of(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Site]]:
    """Each site, made once."""
    with ExitStack() as stack:

        @cache
        def made(name: str, style: str) -> Site:
            engine: Environment = request.getfixturevalue(name)
            folder = tmp_path_factory.mktemp(f"delegated_ops_{name}")
            (folder / "dags").mkdir()
            (folder / "dags" / "several.py").write_text(dag_file(), "utf-8")
            runner = stack.enter_context(LocalAirflow(engine.python, folder / "dags", home=folder / "home"))
            return Site(
                runner, request.getfixturevalue("dagster_host"), engine.python, folder,
                cast("AirflowVersion", name[-1]), style, SITES[name, style],
            )  # fmt: skip

        yield made


@pytest.mark.parametrize(("site", "dag_id"), [(site, dag_id) for site, dags in SITES.items() for dag_id in dags])
def test_all_tasks_end_as_in_airflow(site: tuple[str, str], dag_id: str, site_of: Callable[..., Site]) -> None:
    here = site_of(*site)
    tasks = {one.task: one for one in here.translation.outcomes if one.pipeline == dag_id}
    assert {name for name, one in tasks.items() if one.fidelity == "delegated"} == {"publish", "last"} & tasks.keys()
    found = here.runs[dag_id]
    states, run, results = here.in_airflow(dag_id)
    steps = {name: state(found["steps"].get(f"{dag_id}__{name}", {})) for name in tasks}
    assert steps == states
    assert ("success" if found["success"] else "failed") == run
    made = {name: value for name, value in found["made"].items() if name != "run_ends"}
    assert made == {name: {"return_value": results[name]} if name == "last" else results.get(name) for name in made}
    assert made or here.style == "ops" or "success" not in {states[name] for name in ("alarm", "join")}


@pytest.mark.parametrize("site", SITES)
def test_verify_reads_them(site: tuple[str, str], site_of: Callable[..., Site]) -> None:
    """The structure is proved; how a task ends that Airflow runs is reported."""
    here = site_of(*site)
    compared = Target(orchestrator="dagster", translation=here.translation, files=here.translation.files)
    verdicts = list(verify_target([here.document], compared, HORIZON, limit=200))
    assert {item.state for item in verdicts} <= {"same", "reported"}, [str(item) for item in verdicts]
    assert {item.pipeline for item in verdicts if item.check == "outcomes"} == {*CASES, DAILY}
