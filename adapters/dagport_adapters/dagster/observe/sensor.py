"""The sensor that sees the runs that Airflow starts itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from dagport_adapters.dagster.observe.events import Landing, Log, events_of, landing_of
from dagport_adapters.dagster.observe.mapping import ObservedDag, observed_dags
from dagport_adapters.dagster.observe.memory import Memory
from dagport_adapters.dagster.observe.outcomes import digest, event, outcomes_of, started
from dagport_adapters.runners.observing import Observer, observed
from dagport_adapters.runners.protocol import Event, RunFinished
from dagport_adapters.runners.remote.changes import cursor_at
from dagport_adapters.runners.remote.model import LiveRun, LiveTask, Page

OURS = "dagster__"  # run ids of runs that Dagster has started: the step tells of them
PATIENCE = 15.0  # seconds: Dagster gives a tick a minute
Observers = Callable[[LiveRun], Collection[Observer]]


def observe_airflow(
    dags: dg.Definitions | Sequence[ObservedDag],
    *,
    airflow: str = "airflow",
    name: str = "observe_airflow",
    interval: int = 30,
    start_from: datetime | None = None,
    runs_per_tick: int = 50,
    under_way: int = 25,
    observers: Observers | None = None,
    running: bool = True,
) -> dg.SensorDefinition:
    """A sensor that tells of runs that Airflow started itself, by the resource ``airflow`` (``RemoteAirflowResource``).

    ``dags``: the definitions of ``wrap_dags``, or which assets the tasks of each DAG make. A task's success is a
    materialisation of its assets; every other end of a task or a try (failed, retried, skipped, upstream failed,
    removed, never run) is an observation with the state. A run that is no partition lands without one, and says why.

    It begins with what ends after ``start_from``, or after its first tick. A tick takes at most ``runs_per_tick`` runs
    that have ended, and looks into ``under_way`` runs that haven't. When Airflow can't be asked the tick fails, and the
    next one goes on at the same place. ``observers`` are shown each run that has ended: lineage of these runs is
    emitted by Airflow's own provider, unless there is none. ``running``: whether the sensor starts turned on.

    Raises ``ValueError`` for two entries of the same DAG.
    """
    chosen = _by_id(observed_dags(dags) if isinstance(dags, dg.Definitions) else dags)
    limits = (runs_per_tick, under_way)

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        source = _remote(getattr(context.resources, airflow), airflow)
        tick = Tick(source, chosen, Log(context.instance), Memory.from_text(context.cursor), observers)
        return tick.result(start_from or datetime.now(UTC), *limits, context.log.warning)

    return dg.SensorDefinition(
        name=name,
        evaluation_fn=evaluate,
        minimum_interval_seconds=interval,
        default_status=dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED,
        required_resource_keys={airflow},
        description="Sees the runs that Airflow has started itself.",
    )


def _remote(resource: Any, key: str) -> Any:
    """The ``RemoteAirflow`` of a resource, which asks no longer than a tick may last."""
    if not hasattr(resource, "remote"):
        kind = type(resource).__name__
        raise TypeError(
            f"The resource {key!r} must be a RemoteAirflowResource: only a live Airflow runs DAGs, not {kind}"
        )
    return resource.remote(patience=PATIENCE)


def _by_id(dags: Sequence[ObservedDag]) -> dict[str, ObservedDag]:
    found = {dag.dag_id: dag for dag in dags}
    if len(found) < len(dags):
        raise ValueError("A DAG is there twice: give each DAG one ObservedDag, with all of its tasks")
    return found


@dataclass
class Tick:
    """One look at Airflow: asks first, tells then, so that an error leaves nothing half told."""

    source: Any  # RemoteAirflow
    dags: dict[str, ObservedDag]
    log: Log
    memory: Memory
    observers: Observers | None = None
    empty: list[tuple[str, str]] = field(default_factory=list)  # runs without task instances
    unknown: set[tuple[str, str]] = field(default_factory=set)
    partitions: dict[Any, set[str]] = field(default_factory=dict)  # dynamic ones, and their keys

    def result(
        self, start_from: datetime, runs_per_tick: int, most: int, warn: Callable[[str], None]
    ) -> dg.SensorResult:
        """The events and the next cursor. Raises ``RemoteError`` when Airflow can't be asked."""
        since = self.memory.runs or cursor_at(start_from)
        page: Page = self.source.runs_changed(since, dag_ids=sorted(self.dags), limit=runs_per_tick)
        ended = [run for run in page.runs if not self._told_by_step(run)]
        running = [run for run in page.under_way if run.state == "running" and not run.run_id.startswith(OURS)]
        looked = [*ended, *running[:most]]
        tasks = self._tasks(looked)
        events, digests = self._tell((run, tasks[run.dag_id, run.run_id]) for run in looked)
        for run in ended if self.observers else ():
            self._show(run, tasks[run.dag_id, run.run_id])
        for text in self._warnings():
            warn(text)
        counted = f"{len(page.runs)} runs have ended, {len(page.under_way)} are under way"
        return dg.SensorResult(
            asset_events=events,
            cursor=Memory(page.cursor, digests).to_text(),
            dynamic_partitions_requests=self._additions(),
            skip_reason=f"{counted}; {len(events)} events{', and there is more' if page.more else ''}",
        )

    def _tasks(self, runs: Sequence[LiveRun]) -> dict[tuple[str, str], list[LiveTask]]:
        """The task instances of each run; none of one that was deleted meanwhile."""
        keys = [(run.dag_id, run.run_id) for run in runs]
        found: dict[tuple[str, str], list[LiveTask]] = self.source.task_instances_of(keys) if keys else {}
        self.empty = [key for key in keys if not found[key]]
        return found

    def _told_by_step(self, run: LiveRun) -> bool:
        """Whether Dagster has started the run, and the step is there to tell of it."""
        if not run.run_id.startswith(OURS):
            return False
        found = self.log.instance.get_run_by_id(run.run_id.removeprefix(OURS)[:36])
        return found is not None and not found.is_finished

    def _tell(self, runs: Iterable[tuple[LiveRun, list[LiveTask]]]) -> tuple[list[Any], dict[str, str]]:
        events: list[Any] = []
        digests: dict[str, str] = {}
        for run, tasks in runs:
            outcomes = outcomes_of(run, tasks)
            if not run.ended:
                key = json.dumps([run.dag_id, run.run_id])
                digests[key] = digest(outcomes)
                if self.memory.under_way.get(key) == digests[key]:
                    continue
            dag = self.dags[run.dag_id]
            landing = landing_of(run, dag.partitions)
            self._add_partition(dag, landing)
            self.unknown |= {(run.dag_id, one.task_id) for one in outcomes if one.task_id not in dag.assets}
            events += [one for outcome in outcomes for one in events_of(run, outcome, dag, landing, self.log)]
        return events, digests

    def _add_partition(self, dag: ObservedDag, landing: Landing) -> None:
        if isinstance(dag.partitions, dg.DynamicPartitionsDefinition) and landing.partition:
            self.partitions.setdefault(dag.partitions, set()).add(landing.partition)

    def _additions(self) -> list[Any]:
        return [partitions.build_add_request(sorted(keys)) for partitions, keys in self.partitions.items()]

    def _show(self, run: LiveRun, tasks: Sequence[LiveTask]) -> None:
        """Show the observers a run as if it were told by a runner."""
        if self.observers is not None:
            for _ in observed(_events(run, tasks), list(self.observers(run))):
                pass

    def _warnings(self) -> Iterator[str]:
        if self.empty:
            yield f"runs without tasks, or deleted in Airflow before they were looked at: {self.empty}"
        if self.unknown:
            yield f"tasks that have no asset here (the DAG has changed): {sorted(self.unknown)}"


def _events(run: LiveRun, tasks: Sequence[LiveTask]) -> Iterator[Event]:
    yield started(run)
    known = [task for task in tasks if task.state is not None and (task.ended or task.state == "up_for_retry")]
    for task in sorted(known, key=lambda one: (one.end or datetime.max.replace(tzinfo=UTC), one.task_id)):
        yield event(task)
    if run.state in ("success", "failed"):
        yield RunFinished(dag_id=run.dag_id, run_id=run.run_id, state=run.state, ended=run.end)
