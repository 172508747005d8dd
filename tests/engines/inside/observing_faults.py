"""The sensor of observed runs with an Airflow that fails at the worst moments; prints what was told, by case.

    DAGSTER_PYTHON observing_faults.py

The Airflow is a stand-in, since a real one can't be made to fail between two requests of one tick.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import dagster as dg

from dagport_adapters.dagster.observe import ObservedDag, events, observe_airflow
from dagport_adapters.dagster.partitions import partition_of
from dagport_adapters.runners.remote.errors import UnreachableError
from dagport_adapters.runners.remote.model import Cursor, LiveRun, LiveTask, Page

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
KEY = dg.AssetKey("a")
DAILY = dg.DailyPartitionsDefinition(start_date="2026-01-01", end_offset=1)


def live_run(number: int, state: str = "success", run_id: str | None = None) -> LiveRun:
    when = BEGIN + timedelta(minutes=number)
    return LiveRun(
        dag_id="d", run_id=run_id or f"r{number}", run_type="manual", state=state, logical_date=when,  # type: ignore[arg-type]
        data_interval=(when, when), run_after=when, start=when, end=when if state in ("success", "failed") else None,
    )  # fmt: skip


def live_task(run: LiveRun, state: str = "success", name: str = "t") -> LiveTask:
    return LiveTask(
        dag_id="d", run_id=run.run_id, task_id=name, map_index=-1, try_number=1, state=state, start=run.start,  # type: ignore[arg-type]
        end=run.logical_date, duration=1.0, operator=None, log_url=None,
    )  # fmt: skip


class StandIn:
    """Runs by their end; ``fail(run_id)`` may raise when the tasks of a run are asked for."""

    def __init__(self, runs: list[LiveRun], fail: Callable[[str], None] = lambda run_id: None, task: str = "t") -> None:
        self.runs, self.fail, self.task, self.asked = runs, fail, task, 0
        self.gone: set[str] = set()

    def remote(self, *, patience: float) -> StandIn:
        return self

    def runs_changed(self, since: Cursor, *, dag_ids: list[str], limit: int) -> Page:
        place = int(since) if since.isdigit() else 0
        ended = [run for run in self.runs if run.ended]
        page = ended[place : place + limit]
        under_way = tuple(run for run in self.runs if not run.ended)
        cursor = Cursor(str(place + len(page)))
        return Page(runs=tuple(page), cursor=cursor, more=place + limit < len(ended), under_way=under_way)

    def task_instances_of(self, keys: list[tuple[str, str]]) -> dict[tuple[str, str], list[LiveTask]]:
        found: dict[tuple[str, str], list[LiveTask]] = {key: [] for key in keys}
        for key in keys:
            self.asked += 1
            self.fail(key[1])
            run = next((run for run in self.runs if run.run_id == key[1]), None)
            found[key] = [live_task(run, name=self.task)] if run and run.run_id not in self.gone else []
        return found


class Daemon:
    """What Dagster's daemon does with a sensor."""

    def __init__(self, source: StandIn, partitions: Any = None, **options: Any) -> None:
        dag = ObservedDag(dag_id="d", assets={"t": [KEY]}, partitions=partitions)
        self.sensor = observe_airflow([dag], start_from=BEGIN, runs_per_tick=50, **options)
        self.source, self.cursor = source, None
        self.instance = dg.DagsterInstance.ephemeral()

    def tick(self, *, keep_cursor: bool = True) -> Any:
        with dg.build_sensor_context(self.instance, cursor=self.cursor, resources={"airflow": self.source}) as context:
            try:
                found = self.sensor.evaluate_tick(context)
            except UnreachableError as error:
                return str(error)
        for event in found.asset_events:
            self.instance.report_runless_asset_event(event)
        self.cursor = found.cursor if keep_cursor else self.cursor
        return len(found.asset_events)

    def made(self) -> list[Any]:
        records = self.instance.fetch_materializations(KEY, limit=5000, ascending=True).records
        return [record.asset_materialization for record in records]


def raising(error: Exception, *run_ids: str) -> Callable[[str], None]:
    def fail(run_id: str) -> None:
        if run_id in run_ids:
            raise error

    return fail


def an_error_in_the_middle() -> list[Any]:
    daemon = Daemon(StandIn([live_run(number) for number in range(5)], raising(UnreachableError("500"), "r3")))
    first, there, cursor = daemon.tick(), len(daemon.made()), daemon.cursor
    daemon.source.fail = lambda run_id: None
    return [first, there, cursor, daemon.tick(), daemon.tick()]


def a_crash_before_the_cursor_is_kept() -> list[Any]:
    daemon = Daemon(StandIn([live_run(number) for number in range(5)]))
    return [daemon.tick(keep_cursor=False), daemon.tick(), daemon.tick(), len(daemon.made())]


def many_runs() -> list[Any]:
    daemon = Daemon(StandIn([live_run(number) for number in range(320)]))
    ticks = [daemon.tick() for _ in range(8)]
    return [ticks, daemon.source.asked, len({str(one.metadata["airflow/run_id"].value) for one in daemon.made()})]


def a_deleted_run() -> list[Any]:
    daemon = Daemon(StandIn([live_run(number) for number in range(3)]))
    daemon.source.gone = {"r1"}
    return [daemon.tick(), daemon.tick()]


def a_run_that_fits_nowhere() -> list[Any]:
    """Whatever finding the partition of one run raises, the others land."""

    def odd(partitions: Any, logical_date: datetime, interval: Any) -> str | None:
        if logical_date == BEGIN + timedelta(days=1):
            raise OverflowError("date value out of range")
        return partition_of(partitions, logical_date, interval)

    daemon = Daemon(StandIn([live_run(1440 * number) for number in range(3)]), DAILY)
    with patch.object(events, "partition_of", odd):
        count = daemon.tick()
    return [count, [[one.partition, one.metadata.get(events.NO_PARTITION) is not None] for one in daemon.made()]]


def tasks_under_way() -> list[Any]:
    run = live_run(0, "running")
    daemon = Daemon(StandIn([run]))
    seen = [daemon.tick(), daemon.tick()]
    daemon.source.runs = [live_run(0)]
    return [*seen, daemon.tick(), len(daemon.made())]


def runs_of_dagster_itself() -> list[Any]:
    daemon = Daemon(StandIn([]))
    with_step = dg.DagsterRun(job_name="j", run_id=str(uuid4()), status=dg.DagsterRunStatus.STARTED)
    died = dg.DagsterRun(job_name="j", run_id=str(uuid4()), status=dg.DagsterRunStatus.FAILURE)
    for one in (with_step, died):
        daemon.instance.add_run(one)
    daemon.source.runs = [
        live_run(index, run_id=f"dagster__{one.run_id}") for index, one in enumerate((with_step, died))
    ]
    return [
        daemon.tick(),
        [str(one.metadata["airflow/run_id"].value) == f"dagster__{died.run_id}" for one in daemon.made()],
    ]


def a_task_without_an_asset() -> list[Any]:
    return [Daemon(StandIn([live_run(0)], task="renamed")).tick()]


def observers() -> list[Any]:
    """They are shown each run that has ended, once; one that raises is left out."""
    shown: list[str] = []

    def broken(event: Any) -> None:
        raise RuntimeError("not the run's fault")

    runs = [live_run(0), live_run(1, "failed"), live_run(2, "running")]
    show = lambda event: shown.append(f"{event.run_id} {type(event).__name__}")  # noqa: E731
    daemon = Daemon(StandIn(runs), observers=lambda run: [broken, show])
    return [daemon.tick(), daemon.tick(), shown]


def another_resource() -> list[Any]:
    daemon = Daemon(object())  # type: ignore[arg-type]
    try:
        return [daemon.tick()]
    except TypeError as error:
        return [str(error)]


CASES = (
    an_error_in_the_middle, a_crash_before_the_cursor_is_kept, many_runs, a_deleted_run, tasks_under_way,
    runs_of_dagster_itself, a_task_without_an_asset, a_run_that_fits_nowhere, observers,
    another_resource,
)  # fmt: skip

if __name__ == "__main__":
    json.dump({case.__name__: case() for case in CASES}, sys.stdout)
