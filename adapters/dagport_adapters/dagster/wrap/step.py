"""The step that runs a wrapped DAG, or some of its tasks, and tells Dagster what Airflow says of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import chain
from typing import Any, cast

import dagster as dg

from dagport_adapters.dagster.resources import AirflowResource
from dagport_adapters.dagster.wrap import asking, told
from dagport_adapters.dagster.wrap.keys import Key, task_key
from dagport_adapters.dagster.wrap.parts import tasks_to_repeat, with_setups
from dagport_adapters.dagster.wrap.plan import PlannedDag
from dagport_adapters.dagster.wrap.telling import (
    Materialized,
    NeverRan,
    Observed,
    Said,
    Summed,
    Telling,
    Told,
    line,
    named,
)
from dagport_adapters.runners.errors import LogicalDateTakenError, RunConflictError, RunnerError
from dagport_adapters.runners.observing import Observer, observed
from dagport_adapters.runners.protocol import Event, RunFinished, Runner, RunRequest, RunStarted, TaskEvent

Dates = Callable[[str], tuple[datetime, tuple[datetime, datetime] | None]]
Observers = Callable[[Any, Runner, PlannedDag, RunRequest], Collection[Observer]]
LEVELS = {"failed": logging.ERROR, "upstream_failed": logging.WARNING, "up_for_retry": logging.WARNING}
LIVE = frozenset({"queued", "running", "deferred", "up_for_reschedule", "restarting"})


@dataclass(frozen=True)
class WrappedStep:
    """How one DAG is run: what its op needs."""

    dag: PlannedDag
    resource: str  # key of the resource that has the runner
    dates: Dates | None = None  # of a partition; None: there are no partitions
    observers: Observers | None = None
    timeout: float | None = None

    def run(self, context: Any) -> Iterator[Any]:
        """Run it. Raises ``Failure`` when Airflow says that the run has failed."""
        return Step(self, context).go()

    @cached_property
    def edges(self) -> list[tuple[str, str]]:
        """Upstream and downstream tasks."""
        return [(edge.upstream, edge.downstream) for edge in self.dag.pipeline.edges]

    @cached_property
    def upstream(self) -> dict[str, set[str]]:
        """What Airflow runs before each task."""
        found: dict[str, set[str]] = {}
        for upstream, downstream in self.edges:
            found.setdefault(downstream, set()).add(upstream)
        return found

    @cached_property
    def before(self) -> dict[str, set[str]]:
        """What Dagster wants to hear of before each task."""
        makers = {asset.key: asset.task_id for asset in self.dag.assets}
        found: dict[str, set[str]] = {}
        for asset in self.dag.assets:
            found.setdefault(asset.task_id, set()).update(makers[dep] for dep in asset.deps if dep in makers)
        return {task: before - {task} for task, before in found.items()}

    def telling(self, chosen: Collection[str]) -> Telling:
        """A new account of a run."""
        tasks = self.dag.pipeline.tasks
        return Telling(
            chosen,
            before=self.before,
            upstream=self.upstream,
            rules={task.id: task.trigger_rule for task in tasks},
            mapped=[task.id for task in tasks if task.mapped],
        )


class Step:
    """One execution of the step."""

    def __init__(self, wrapped: WrappedStep, context: Any) -> None:
        self.wrapped, self.context, self.dag = wrapped, context, wrapped.dag
        self.airflow: AirflowResource = getattr(context.resources, wrapped.resource)
        self.runner = self.airflow.runner()
        self.keys_of = self.dag.keys_of
        self.selected = {tuple(key.path) for key in context.selected_asset_keys}
        self.chosen = [task for task, keys in self.keys_of.items() if self.selected.intersection(keys)]
        self.is_whole = len(self.chosen) == len(self.keys_of)
        self.yielded: set[Key] = set()
        self.telling = wrapped.telling(self.chosen)
        self.config: Mapping[str, Any] = context.op_execution_context.op_config or {}

    def go(self) -> Iterator[Any]:
        """Run, tell, and fail if Airflow says so, or if the runner gives up."""
        attempt = asking.attempt_of(self.context, self.dag.name)
        try:
            if attempt.recorded and attempt.again:
                yield from self.go_on(self.request(attempt), attempt.recorded)
            else:
                yield from self.start(self.request(attempt))
        except RunnerError as error:
            yield from self.tell_of(self.telling.finish(ended=False))
            text = f"{self.dag.dag_id}: {type(error).__name__}: {error}"
            raise dg.Failure(text, metadata=self.run()) from None
        yield from self.end()

    def start(self, request: RunRequest) -> Iterator[Any]:
        """The first attempt: a run that is ours, or the run that the date has already."""
        try:
            yield from self.follow(request)
        except LogicalDateTakenError as taken:
            self.context.log.info(f"{self.dag.dag_id} has a run of {request.logical_date}: it is done again")
            yield from self.follow(self.done_again(request, taken.run_id))

    def done_again(self, request: RunRequest, run_id: str | None) -> RunRequest:
        """The whole DAG again in a run that is there. A runner that names it has it locked: it may be under way."""
        if run_id is None:
            return replace(request, run_id=None)
        if request.conf or request.params:
            raise RunConflictError(
                f"The run {run_id} of that date has a conf of its own. Leave conf and params out, or delete that run"
            )
        return replace(request, run_id=run_id, tasks=self.chosen, again="tasks")

    def go_on(self, request: RunRequest, run_id: str) -> Iterator[Any]:
        """A later attempt: follow the run that there is; if it has ended as failed, do again what has failed."""
        request = replace(request, run_id=run_id, again="run")
        if not self.airflow.takes_up_parts:
            request = replace(request, tasks=None)
        states = self.wrapped.telling(self.chosen)
        kept: list[Event] = []
        with closing(cast("Any", self.events(request))) as events:
            for event in self.asked_for(events):
                kept.append(event)
                if isinstance(event, TaskEvent):
                    list(states.take(event))
                    if event.state in LIVE:  # it isn't over: there is nothing to do again yet
                        yield from self.tell_all(chain(kept, self.asked_for(events)))
                        return
        ending = kept[-1] if kept else None
        failed = isinstance(ending, RunFinished) and ending.state == "failed"
        undone = (states.unsuccessful() or states.undone()) if failed else states.unsuccessful()
        repeat = tasks_to_repeat(undone, self.chosen, self.dag.pipeline)
        if not repeat:
            yield from self.tell_all(kept)
            return
        self.context.log.info(f"{self.dag.dag_id} has failed: done again are {', '.join(repeat)}")
        again = set(repeat)
        before = [one for one in kept if not isinstance(one, TaskEvent) or one.task_id not in again]
        yield from self.tell_all(before[:-1])
        yield from self.follow(replace(request, tasks=with_setups(repeat, self.dag.pipeline), again="tasks"))

    def asked_for(self, events: Iterable[Event]) -> Iterator[Event]:
        """The events without those of tasks that weren't asked for, and that this step didn't run."""
        asked = None if self.is_whole else set(with_setups(self.chosen, self.dag.pipeline))
        for event in events:
            if asked is None or not isinstance(event, TaskEvent) or event.task_id in asked:
                yield event

    def request(self, attempt: asking.Attempt) -> RunRequest:
        """What the run's configuration, partition and selection ask for."""
        request = RunRequest(
            dag_id=self.dag.dag_id,
            file=self.dag.file,
            run_id=attempt.run_id,
            conf=self.config.get("conf") or {},
            params=self.config.get("params") or {},
        )
        if self.wrapped.dates:
            date, interval = self.wrapped.dates(self.one_partition())
            request = replace(request, logical_date=date, data_interval=interval)
        elif self.config.get("logical_date"):
            interval = self.config.get("data_interval")
            request = replace(
                request,
                logical_date=_moment(self.config["logical_date"]),
                data_interval=(_moment(interval[0]), _moment(interval[1])) if interval else None,
            )
        if self.is_whole:
            return request
        request = replace(request, tasks=with_setups(self.chosen, self.dag.pipeline), again="tasks")
        if request.logical_date is not None:
            return replace(request, run_id=None)
        return self.of_latest_run(request)

    def one_partition(self) -> str:
        """The partition that is made. Raises ``Failure`` for none or several: Dagster would call all of them made."""
        context = self.context
        ranged = context.has_partition_key or context.has_partition_key_range
        keys = list(context.partition_keys) if ranged else []
        if len(keys) != 1:
            raise dg.Failure(
                f"{self.dag.dag_id}: a run of Airflow is one partition, and this run of Dagster has {len(keys)}. Start "
                "one for each partition, as a backfill does",
                allow_retries=False,
            )
        return str(keys[0])

    def of_latest_run(self, request: RunRequest) -> RunRequest:
        """Some tasks of a DAG without dates run in the run that has made what they depend on."""
        chosen = set(self.chosen)
        upstream = {one for task in chosen for one in self.wrapped.upstream.get(task, ())} - chosen
        if not upstream:
            return request
        keys = [key for one in sorted(upstream) for key in self.keys_of[one]]
        latest = asking.latest_run(self.context.instance, keys)
        if latest is None:
            missing = ", ".join(sorted(upstream))
            self.context.log.warning(f"{missing}: never materialised, so nothing of theirs can be read")
            return request
        return replace(request, run_id=latest[0], logical_date=latest[1])

    def events(self, request: RunRequest) -> Iterator[Event]:
        """The events of a run, shown to the observers. What the runner can't do is a failure of the step."""
        make = self.wrapped.observers
        observers = make(self.context, self.runner, self.dag, request) if make else ()
        run = cast("Any", self.runner.run(request, timeout=self.wrapped.timeout))
        with closing(run) as events:
            yield from observed(events, observers)

    def follow(self, request: RunRequest) -> Iterator[Any]:
        """Run, and tell of each event as it comes."""
        with closing(cast("Any", self.events(request))) as events:
            yield from self.tell_all(events)

    def tell_all(self, events: Iterable[Event]) -> Iterator[Any]:
        """What Dagster is told of some events."""
        for event in events:
            yield from self.tell(event)

    def tell(self, event: Event) -> Iterator[Any]:
        """What Dagster is told of one event."""
        if isinstance(event, TaskEvent):
            yield from self.tell_of(self.telling.take(event))
        elif isinstance(event, RunStarted):
            self.telling.started = event
            self.context.instance.add_run_tags(self.context.run.run_id, {asking.tag(self.dag.name): event.run_id})
            verb = "goes on with" if event.resumed else "starts"
            self.context.log.info(f"{self.dag.dag_id}: Airflow {verb} the run {event.run_id}")
        else:
            self.telling.finished = event

    def tell_of(self, items: Iterator[Told]) -> Iterator[Any]:
        """Events of Dagster."""
        for item in items:
            match item:
                case Said(text, level):
                    getattr(self.context.log, level)(text)
                case Observed(event):
                    self.context.log.log(LEVELS.get(event.state, logging.INFO), line(event))
                    yield from self.observe(event.task_id, told.try_metadata(event), told.description(event))
                case Summed(task_id, state, instances):
                    text = f"Airflow: {state}, {len(instances)} instances"
                    yield from self.observe(task_id, told.instances_metadata(instances, state), text)
                case Materialized(task_id, events):
                    yield from self.materialize(task_id, events)
                case NeverRan(task_id):
                    self.context.log.warning(f"{task_id}: Airflow has no state of it, it didn't run")
                    yield from self.observe(task_id, {told.STATE: told.NONE}, "Airflow: it has no state, it didn't run")

    def observe(self, task_id: str, metadata: Mapping[str, Any], text: str) -> Iterator[dg.AssetObservation]:
        """A state in which nothing is made."""
        for key in self.keys(task_id):
            yield dg.AssetObservation(
                dg.AssetKey(list(key)), description=text, metadata={**self.run(), **metadata}, partition=self.partition
            )

    def materialize(self, task_id: str, events: tuple[TaskEvent, ...]) -> Iterator[Any]:
        """What a task makes is made."""
        if len(events) == 1 and events[0].map_index < 0:
            metadata = told.try_metadata(events[0], result=True)
        else:
            metadata = told.instances_metadata(events, "success")
        metadata = {**self.run(), **metadata}
        for key in self.keys(task_id):
            asset_key = dg.AssetKey(list(key))
            if self.may_yield(key, task_id):
                self.yielded.add(key)
                yield dg.MaterializeResult(asset_key=asset_key, metadata=metadata)
            else:
                yield dg.AssetMaterialization(asset_key, metadata=metadata, partition=self.partition)

    def may_yield(self, key: Key, task_id: str) -> bool:
        """Whether it is an output that Dagster still takes: it wants each once, in the order of its graph."""
        if key not in self.selected or key in self.yielded:
            return False
        later = {one for one, before in self.wrapped.before.items() if task_id in before}
        return not any(self.yielded.intersection(self.keys_of[one]) for one in later)

    def keys(self, task_id: str) -> tuple[Key, ...]:
        """The assets of a task; one that the file doesn't show gets the key that it would have."""
        return self.keys_of.get(task_id) or (task_key(self.dag.dag_id, task_id, self.dag.key_prefix),)

    @property
    def partition(self) -> str | None:
        """The partition that is made."""
        return self.context.partition_key if self.context.has_partition_key else None

    def run(self) -> dict[str, Any]:
        """Which run of Airflow it is."""
        return told.run_metadata(self.telling.started)

    def end(self) -> Iterator[Any]:
        """Tell what is left. Raises ``Failure`` unless Airflow says that the run is a success."""
        finished = self.telling.finished
        yield from self.tell_of(self.telling.finish(ended=finished is not None))
        failed = self.telling.failed()
        names = [named(event) for event in failed]
        if finished and not self.telling.states():
            raise dg.Failure(
                f"{self.dag.dag_id}: the run of Airflow has none of these tasks, and so nothing ran. Airflow makes no "
                "task for a logical date before its start_date",
                metadata=self.run(),
                allow_retries=False,
            )
        if finished and finished.state == "success" and not self.failed_leaf():
            if failed:
                self.context.log.warning(f"Airflow counts the run as a success, although {', '.join(names)} failed")
            return
        cancelled = finished is not None and finished.cancelled
        why = "was cancelled" if cancelled else "failed"
        tail = f" in {', '.join(names)}" if names else ""
        raise dg.Failure(
            f"{self.dag.dag_id}: the run of Airflow {why}{tail}",
            metadata=told.failure_metadata(failed, self.run(), names),
            allow_retries=not cancelled,
        )

    def failed_leaf(self) -> bool:
        """Of a part of a DAG: whether a task failed that nothing of the part depends on, which fails a whole run."""
        if self.is_whole:
            return False
        chosen = set(self.chosen)
        inner = {upstream for upstream, downstream in self.wrapped.edges if downstream in chosen}
        return bool(self.telling.unsuccessful() & (chosen - inner))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
