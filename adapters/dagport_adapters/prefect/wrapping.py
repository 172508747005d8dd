"""A DAG as a Prefect flow: Airflow runs it and decides, Prefect starts it, shows it and cancels it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from prefect import Flow, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Completed, State

from dagport.graph import Pipeline
from dagport_adapters.lineage import RunLineage, is_on, options_of, parents_of, quieten, read_design
from dagport_adapters.prefect.recording import Recorder, RecordingError
from dagport_adapters.prefect.running import cancelled_with, turn
from dagport_adapters.prefect.schedules import slot_of
from dagport_adapters.prefect.sources import FoundDag, dags_of
from dagport_adapters.prefect.states import message
from dagport_adapters.runners.local import LocalAirflow
from dagport_adapters.runners.observing import Observer, observed
from dagport_adapters.runners.protocol import Event, RunFinished, Runner, RunRequest, RunStarted, TaskEvent
from dagport_lineage.events.run_facets import JobName, RunOf

NOTHING_RAN = "but nothing ran: the DAG has no tasks, or its dates (start_date, end_date) leave out the logical date"
RunnerOf: TypeAlias = Runner | Callable[[], Runner]
"""A runner that flow runs share, one at a time, or a function that makes one for each, which is closed after it."""


class WrapError(ValueError):
    """A DAG can't be wrapped; the message says what to do."""


class DagRunFailedError(Exception):
    """Airflow's run of the DAG has failed, or nobody says how it ended."""


class NameCollisionError(WrapError):
    """Two DAGs would be flows of one name."""


@dataclass(frozen=True, kw_only=True)
class Wrapped:
    """What a flow runs."""

    dag_id: str
    runner: RunnerOf
    name: str
    found: FoundDag | None
    timeout: float | None
    retry_delays: Literal["wait", "skip"]
    lineage: bool

    @property
    def pipeline(self) -> Pipeline | None:
        """The graph as it was read before any run, if it was."""
        return self.found.pipeline if self.found else None


def wrap_dag(
    source: str | Path,
    *,
    runner: RunnerOf,
    dag_id: str | None = None,
    name: str | None = None,
    timeout: float | None = None,
    retry_delays: Literal["wait", "skip"] = "wait",
    lineage: bool = True,
) -> Flow[..., Any]:
    """A flow that runs a DAG of a file, with a task run for each of its task instances.

    ``source`` is the file, or with ``dag_id`` a folder that has it. It is read without being run; a DAG that can't be
    found that way is wrapped by its ``dag_id`` all the same, without the dependencies between its tasks. ``timeout``
    ends a run after so many seconds. Raises ``WrapError`` where the DAG isn't clear.
    """
    found = list(dags_of(Path(source)))
    chosen = [one for one in found if dag_id is None or one.pipeline.id == dag_id]
    if len(chosen) > 1:
        names = ", ".join(sorted(one.pipeline.id for one in chosen))
        raise WrapError(f"{source} has several DAGs: say with dag_id which one of {names}")
    if not chosen and dag_id is None:
        raise WrapError(f"No DAG can be found in {source} without running it: name it with dag_id")
    known = chosen[0] if chosen else None
    named = dag_id or chosen[0].pipeline.id  # Airflow's ids have nothing that names of flows can't
    return _flow(
        Wrapped(
            dag_id=named,
            runner=runner,
            name=name or named,
            found=known,
            timeout=timeout,
            retry_delays=retry_delays,
            lineage=lineage,
        )
    )


def wrap_dags(
    source: str | Path,
    *,
    runner: RunnerOf,
    timeout: float | None = None,
    retry_delays: Literal["wait", "skip"] = "wait",
    lineage: bool = True,
) -> dict[str, Flow[..., Any]]:
    """A flow for each DAG that can be found in a folder, by DAG id; see ``wrap_dag``.

    Raises ``NameCollisionError`` for two DAGs of one id.
    """
    wrapped: dict[str, Wrapped] = {}
    for found in dags_of(Path(source)):
        dag_id = found.pipeline.id
        other = wrapped.get(dag_id)
        if other is not None and other.found is not None:
            raise NameCollisionError(
                f"{found.file.name} and {other.found.file.name} both have a DAG {dag_id}: wrap one of them by "
                "wrap_dag, with a name"
            )
        wrapped[dag_id] = Wrapped(
            dag_id=dag_id,
            runner=runner,
            name=dag_id,
            found=found,
            timeout=timeout,
            retry_delays=retry_delays,
            lineage=lineage,
        )
    return {dag_id: _flow(one) for dag_id, one in wrapped.items()}


def _flow(wrapped: Wrapped) -> Flow[..., Any]:
    def run(
        logical_date: datetime | None = None,
        conf: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None,
        run_id: str | None = None,
    ) -> State[Any]:
        return _run(wrapped, logical_date, conf or {}, params or {}, run_id)

    run.__name__ = re.sub(r"\W", "_", wrapped.dag_id)
    pipeline = wrapped.pipeline
    about = (pipeline.description or pipeline.doc) if pipeline else None
    return Flow(fn=run, name=wrapped.name, description=about or f"The Airflow DAG {wrapped.dag_id}")


def _run(
    wrapped: Wrapped,
    logical_date: datetime | None,
    conf: Mapping[str, Any],
    params: Mapping[str, Any],
    run_id: str | None,
) -> State[Any]:
    """Run the DAG; the final state of the flow is that of Airflow's run.

    Raises ``DagRunFailedError`` and ``RunnerError``.
    """
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise WrapError("A wrapped DAG is run as a flow")
    flow_run = context.flow_run
    with _runner(wrapped) as runner, get_client(sync_client=True) as client:
        request = _request(wrapped, runner, flow_run, logical_date, conf, params, run_id)
        recorder = Recorder(client, flow_run.id, wrapped.pipeline, flow_run.run_count)
        observers: list[Observer] = [_Log(), *_lineage(wrapped, flow_run, runner, conf)]
        with cancelled_with(runner, flow_run):
            return _follow(runner, request, recorder, observers, wrapped.timeout)


def _follow(
    runner: Runner, request: RunRequest, recorder: Recorder, observers: list[Observer], timeout: float | None
) -> State[Any]:
    end: RunFinished | None = None
    has_tasks = False
    try:
        with (
            closing(runner.run(request, timeout=timeout)) as events,  # type: ignore[type-var] # it is a generator
            closing(observed(events, observers)) as shown,  # type: ignore[type-var] # as above
        ):
            for event in shown:
                recorder(event)
                has_tasks = has_tasks or isinstance(event, TaskEvent)
                end = event if isinstance(event, RunFinished) else end
    except BaseException as error:
        try:
            recorder.finish(error=error, was_cancelled=not isinstance(error, Exception))
        except RecordingError as problem:  # the run's own error says more
            get_run_logger().warning("%s", problem)
        raise
    recorder.finish(was_cancelled=end is not None and end.cancelled)
    return _final(request, end, has_tasks=has_tasks)


def _final(request: RunRequest, end: RunFinished | None, *, has_tasks: bool) -> State[Any]:
    """The final state of the flow. A failure is raised: Prefect retries only what raises.

    Raises ``DagRunFailedError``.
    """
    if end is None:
        raise DagRunFailedError(f"Nobody said how the Airflow run of {request.dag_id} ended")
    said = f"Airflow run {end.run_id} of {end.dag_id}: {end.state}"
    if end.state == "success" and not has_tasks:
        return Cancelled(name="NothingRan", message=f"{said}, {NOTHING_RAN}")
    if end.state == "success":
        return Completed(message=said)
    if end.cancelled:
        return Cancelled(message=f"{said}, cancelled")
    raise DagRunFailedError(said)


@contextmanager
def _runner(wrapped: Wrapped) -> Iterator[Runner]:
    given = wrapped.runner
    made: Runner = cast("Runner", given) if hasattr(given, "run") else given()
    if wrapped.lineage and isinstance(made, LocalAirflow):
        quieten(made)
    try:
        with turn(made):
            yield made
    finally:
        if made is not given:
            made.close()


def _request(
    wrapped: Wrapped, runner: Runner, flow_run: FlowRun, logical_date: datetime | None, conf: Mapping[str, Any],
    params: Mapping[str, Any], run_id: str | None,
) -> RunRequest:  # fmt: skip
    """The moment that the flow run is of stays the same when Prefect retries it, and so does the run in a live Airflow.

    A run in an Airflow of our own has no id of ours: then a retry does the date's run again.
    """
    moment = flow_run.expected_start_time or datetime.now(UTC)
    slot = slot_of(wrapped.pipeline if flow_run.auto_scheduled else None, moment)
    own = None if isinstance(runner, LocalAirflow) else f"prefect__{flow_run.id}"
    return RunRequest(
        dag_id=wrapped.dag_id,
        file=wrapped.found.file if wrapped.found and isinstance(runner, LocalAirflow) else None,
        logical_date=logical_date or slot.logical_date,
        data_interval=slot.data_interval if logical_date is None else None,
        run_id=run_id or own,
        conf=conf,
        params=params,
        retry_delays=wrapped.retry_delays,
    )


def _lineage(wrapped: Wrapped, flow_run: FlowRun, runner: Runner, conf: Mapping[str, Any]) -> list[Observer]:
    if not wrapped.lineage or not is_on():
        return []
    options = options_of()
    flow = RunOf(JobName(options.namespace, wrapped.name), str(flow_run.id))
    above = parents_of(conf)
    design = read_design(wrapped.found.file, wrapped.found.root, options=options) if wrapped.found else None
    return [
        RunLineage(
            parent=flow,
            root=above.root or above.parent,
            design=design,
            options=options,
            engine_version=lambda: getattr(runner, "airflow_version", None),
        )
    ]


class _Log:
    """Writes the events to the log of the flow run."""

    def __init__(self) -> None:
        self._log = get_run_logger()

    def __call__(self, event: Event) -> None:
        """Write one more."""
        if isinstance(event, RunStarted):
            where = f": {event.url}" if event.url else ""
            self._log.info("Airflow run %s of %s%s", event.run_id, event.dag_id, where)
        elif isinstance(event, TaskEvent):
            name = event.task_id if event.map_index < 0 else f"{event.task_id}[{event.map_index}]"
            self._log.info("%s: %s", name, message(event))
