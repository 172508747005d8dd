"""What the generated code of delegated tasks calls: Airflow runs them, with their data in and out.

They run in one run of Airflow, by Airflow's own rules, retries included; that is why a delegated task has no retries of
its own. How each of them has ended is handed to the tasks of the flow that stand for them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias, cast

from prefect import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.context import TaskRunContext
from prefect.logging import get_run_logger
from prefect.runtime import flow_run as runtime

from dagport_adapters.lineage import RunLineage, is_on, options_of, quieten
from dagport_adapters.prefect.running import cancelled_with, turn
from dagport_adapters.runners.handing import HandingError, handed_in, handed_over
from dagport_adapters.runners.local import LocalAirflow
from dagport_adapters.runners.observing import Observer, observed
from dagport_adapters.runners.outcomes import TaskRecord
from dagport_adapters.runners.protocol import RunFinished, Runner, RunRequest, RunStarted, TaskEvent
from dagport_lineage.events.run_facets import JobName, RunOf

State: TypeAlias = Literal["success", "skipped", "failed", "upstream_failed"]


class DelegationError(Exception):
    """Airflow can't be asked to run the tasks, or nobody says how its run has ended."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a task has ended in Airflow."""

    state: State
    results: Mapping[str, Any] = field(default_factory=dict)  # by key; of a mapped task, lists
    message: str = ""


def run_tasks(
    runner: Runner,
    dag_id: str,
    task_ids: Sequence[str],
    *,
    results: Mapping[str, Mapping[str, Any] | None] | None = None,
    params: Mapping[str, Any] | None = None,
    logical_date: datetime | None = None,
    data_interval: tuple[datetime, datetime] | None = None,
    choosers: Collection[str] = (),
    needs_scheduler: bool = False,
    airflow_version: Literal["2", "3"] = "3",
) -> dict[str, Ended]:
    """Have Airflow run some tasks in one run, and tell how each of them has ended.

    ``results`` are those of other tasks, by task and key, which these tasks may read; ``choosers`` the tasks that are
    known to decide which others run. The run has the ``logical_date``, by default the moment for which the flow run is
    scheduled. Raises ``DelegationError``, ``RunnerError`` when Airflow can't be asked, and ``HandingError`` when a
    result can't be handed in.
    """
    if needs_scheduler and isinstance(runner, LocalAirflow):
        raise DelegationError(
            f"{dag_id}.{task_ids[0]} starts a DAG that only an Airflow with a scheduler runs: have airflow() return a "
            "RemoteAirflow"
        )
    flow_run = _flow_run()
    request = RunRequest(
        dag_id=dag_id,
        logical_date=logical_date or flow_run.expected_start_time or datetime.now(UTC),
        data_interval=data_interval,
        params=params or {},
        tasks=tuple(task_ids),
        again="tasks",
        inputs=tuple(handed_in({task: given for task, given in (results or {}).items() if given is not None},
                               version=airflow_version)),
        whole_results=True,
    )  # fmt: skip
    records = {task_id: TaskRecord(task_id) for task_id in task_ids}
    with turn(runner), cancelled_with(runner, flow_run):
        finished = _follow(runner, request, records, _observers(runner, flow_run))
    if finished is None or finished.cancelled:
        raise DelegationError(f"{dag_id}: {', '.join(task_ids)}: the run was ended before its tasks were")
    return {task_id: _ended(record, choosers) for task_id, record in records.items()}


def _flow_run() -> FlowRun:
    context = TaskRunContext.get()
    found = context.task_run.flow_run_id if context is not None else None
    if found is None:
        raise DelegationError("A delegated task is run by a flow")
    with get_client(sync_client=True) as client:
        return client.read_flow_run(found)


def _follow(
    runner: Runner, request: RunRequest, records: Mapping[str, TaskRecord], observers: Sequence[Observer]
) -> RunFinished | None:
    """Take what Airflow tells of the tasks; returns how the run has ended."""
    log, finished = get_run_logger(), None
    with closing(cast("Any", observed(runner.run(request), observers))) as events:
        for event in events:
            if isinstance(event, RunStarted):
                log.info("Airflow run %s of %s%s", event.run_id, event.dag_id, f": {event.url}" if event.url else "")
            elif isinstance(event, RunFinished):
                finished = event
            elif isinstance(event, TaskEvent) and event.task_id in records:
                records[event.task_id].take(event)
                log.info("%s %s: %s, try %s", event.task_id, event.map_index, event.state, event.try_number)
    return finished


def _ended(record: TaskRecord, choosers: Collection[str]) -> Ended:
    """How a task has ended. A result that can't be read is a failure of the task: its work can't be used."""
    if record.ending == "failed":
        states = {event.state for event in record.instances}
        state: State = "upstream_failed" if states == {"upstream_failed"} else "failed"
        return Ended(state, message="; ".join(record.describe()))
    if record.chooses and record.task_id not in choosers:
        told = f"{record.task_id} decides which tasks run after it, and its class doesn't show that"
        return Ended("failed", message=told)
    if record.ending == "skipped":
        return Ended("skipped", message="Airflow has skipped it")
    try:
        return Ended("success", results=handed_over(record.results), message=_where(record.instances))
    except HandingError as error:
        return Ended("failed", message=str(error))


def _where(instances: Iterable[TaskEvent]) -> str:
    return "; ".join(f"try {one.try_number}, log: {one.log_url or one.log}" for one in instances)


def _observers(runner: Runner, flow_run: FlowRun) -> Sequence[Observer]:
    """What tells of the tasks' lineage, with the flow run as their parent, where the environment names a target."""
    if not is_on():
        return ()
    if isinstance(runner, LocalAirflow):
        quieten(runner)
    options = options_of()
    parent = RunOf(JobName(options.namespace, runtime.flow_name), str(flow_run.id))

    def version() -> str | None:
        return getattr(runner, "airflow_version", None)

    return (RunLineage(parent=parent, options=options, engine_version=version, whole=False),)
