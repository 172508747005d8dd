"""One run of Airflow for one step of Dagster: for the assets that it makes, or for one op of a graph."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar, cast

import dagster as dg

from dagport_adapters.dagster.partitions import data_interval_of, logical_date_of
from dagport_adapters.dagster.resources import AirflowResource, LocalAirflowResource
from dagport_adapters.lineage import RunLineage, is_on, options_of, quieten
from dagport_adapters.runners.handing import RETURN_KEY, HandingError, handed_in, handed_over
from dagport_adapters.runners.local import LocalAirflow
from dagport_adapters.runners.observing import Observer, observed
from dagport_adapters.runners.outcomes import TaskRecord
from dagport_adapters.runners.protocol import RunFinished, Runner, RunRequest, RunStarted, TaskEvent
from dagport_lineage.events.run_facets import JobName, RunOf

LOGICAL_TAG, START_TAG, END_TAG = "airflow/logical_date", "airflow/data_interval_start", "airflow/data_interval_end"
"""Tags by which the sensors of a generated project say the dates of a run."""
RESOURCE = "airflow"
DAG, TASK, VERSION = "airflow/dag_id", "airflow/task_id", "airflow/version"
CHOOSES, NEEDS_SCHEDULER = "airflow/chooses", "airflow/needs_scheduler"
Interval = tuple[datetime, datetime]
Context: TypeAlias = dg.AssetExecutionContext | dg.OpExecutionContext
Results: TypeAlias = Mapping[str, Mapping[str, Any] | None]
Made = TypeVar("Made")
_LOG = logging.getLogger(__name__)


def _observers(context: Context, runner: Runner) -> Sequence[Observer]:
    """What tells of the tasks' lineage, with Dagster's run as their parent, where the environment names a target."""
    try:
        if not is_on():
            return ()
        own = getattr(runner, "runner", runner)
        if isinstance(own, LocalAirflow):
            quieten(own)
        options, run = options_of(), context.run
        job = JobName(options.namespace, run.job_name)
        root = RunOf(job, run.root_run_id) if run.root_run_id else None
        version = partial(getattr, own, "airflow_version", None)  # known once the run has started
        parent = RunOf(job, run.run_id)
        return (RunLineage(parent=parent, root=root, options=options, engine_version=version, whole=False),)
    except Exception:  # noqa: BLE001 - lineage never stops a run
        _LOG.exception("The lineage of this run is left out")
        return ()


class Call(ABC, Generic[Made]):
    """One run of Airflow for one step, which yields what the tasks make."""

    def __init__(
        self,
        context: Context,
        dag_id: str,
        tasks: Sequence[str],
        *,
        version: str,
        choosers: Collection[str] = (),
        needing_scheduler: Collection[str] = (),
    ) -> None:
        """``choosers`` are known to decide which tasks run next; a scheduler has to run what others start."""
        self.context, self.dag_id, self.version = context, dag_id, version
        self.resource: AirflowResource = getattr(context.resources, RESOURCE)
        self.choosers, self.needing_scheduler = choosers, needing_scheduler
        self.records = {task_id: TaskRecord(task_id) for task_id in tasks}
        self.started: RunStarted | None = None
        self.finished: RunFinished | None = None
        self.lost: list[str] = []  # what went wrong

    @property
    def what(self) -> str:
        """The tasks, for messages."""
        return f"{self.dag_id}: {', '.join(self.records)}"

    def run(self, results: Results, params: Mapping[str, Any]) -> Iterator[Made]:
        """Run the tasks. Raises ``dg.Failure``, ``RunnerError`` and ``HandingError``."""
        self._check()
        date, interval = self._dates()
        # Of a task that has handed over nothing no older result is to be found.
        given = {task: {RETURN_KEY: None} if one is None else one for task, one in results.items()}
        request = RunRequest(
            dag_id=self.dag_id,
            logical_date=date,
            data_interval=interval,
            params=params,
            tasks=tuple(self.records),
            again="tasks",
            inputs=tuple(handed_in(given, version=self.version)),
            whole_results=True,
        )
        runner = self.resource.runner()
        told = observed(runner.run(request), _observers(self.context, runner))
        with closing(cast("Any", told)) as events:
            for event in events:
                yield from self._take(event)
        yield from self._end()

    def metadata(self) -> dict[str, Any]:
        """Which run of Airflow it was."""
        if self.started is None:
            return {}
        found: dict[str, Any] = {"airflow/run_id": self.started.run_id}
        if self.started.url:
            found["airflow/run_url"] = dg.MetadataValue.url(self.started.url)
        return found

    def _check(self) -> None:
        if self.needing_scheduler and isinstance(self.resource, LocalAirflowResource):
            raise dg.Failure(
                f"{self.dag_id}.{next(iter(self.needing_scheduler))} starts a DAG that only an Airflow with a "
                f"scheduler runs: make the resource `{RESOURCE}` a RemoteAirflowResource",
                allow_retries=False,
            )

    @abstractmethod
    def _partitions(self) -> dg.PartitionsDefinition | None:
        """What the run's partition is one of."""

    def _dates(self) -> tuple[datetime, Interval | None]:
        partitions = self._partitions()
        if partitions is not None:
            ranged = self.context.has_partition_key or self.context.has_partition_key_range
            keys = self.context.partition_keys if ranged else []
            if len(keys) != 1:
                raise dg.Failure(
                    f"{self.what}: one run handles one partition, and not {len(keys)}", allow_retries=False
                )
            return logical_date_of(partitions, keys[0]), data_interval_of(partitions, keys[0])
        instance, run = self.context.instance, self.context.run
        if LOGICAL_TAG in run.tags:
            date, start, end = (datetime.fromisoformat(run.tags[name]) for name in (LOGICAL_TAG, START_TAG, END_TAG))
            return date, (start, end)
        record = instance.get_run_record_by_id(run.root_run_id or run.run_id)
        record = record or instance.get_run_record_by_id(run.run_id)
        if record is None:
            raise dg.Failure(f"{self.what}: Dagster has no record of the run {run.run_id}", allow_retries=False)
        return record.create_timestamp.astimezone(UTC), None

    def _take(self, event: RunStarted | TaskEvent | RunFinished) -> Iterator[Made]:
        if isinstance(event, RunStarted):
            self.started = event
            self.context.log.info(f"{self.what}: Airflow's run {event.run_id}")
        elif isinstance(event, RunFinished):
            self.finished = event
        elif event.task_id in self.records:
            record = self.records[event.task_id]
            record.take(event)
            self.context.log.info(f"{event.task_id} {event.map_index}: {event.state}, try {event.try_number}")
            if record.is_complete:
                self._settle(record)
                yield from self._release()

    def _end(self) -> Iterator[Made]:
        for record in self.records.values():
            self._settle(record)
        yield from self._release()
        failed = [record for record in self.records.values() if record.ending == "failed"]
        self.lost += [line for record in failed for line in record.describe()]
        if self.finished is None or self.finished.cancelled:
            self.lost.append("the run was ended before its tasks were")
        if self.lost:
            raise dg.Failure(f"{self.dag_id}: {'; '.join(self.lost)}", metadata=self.metadata(), allow_retries=False)

    def _settle(self, record: TaskRecord) -> None:
        """Note what a task that has ended makes, if it makes anything."""
        if record.told:
            return
        record.told = True
        if record.ending == "failed":
            return
        if record.chooses and record.task_id not in self.choosers:
            self.lost.append(f"{record.task_id} decides which tasks run after it, and its class doesn't show that")
        elif record.ending == "skipped":
            self.context.log.info(f"{record.task_id} was skipped: what needs it is skipped, too")
        else:
            self._hold(record)

    def _hold(self, record: TaskRecord) -> None:
        try:
            self._keep(record, handed_over(record.results))
        except HandingError as error:
            self.lost.append(str(error))

    @abstractmethod
    def _keep(self, record: TaskRecord, value: dict[str, Any]) -> None:
        """Keep what a task that has succeeded has handed over, until it is released."""

    @abstractmethod
    def _release(self) -> Iterator[Made]:
        """What is made and waits for nothing any more."""

    def _of(self, record: TaskRecord) -> dict[str, Any]:
        """Metadata about a task that has succeeded."""
        last = record.instances[-1]
        return {
            **self.metadata(),
            "airflow/try_number": last.try_number,
            "airflow/log": str(last.log_url or last.log),
        }


class AssetCall(Call[dg.MaterializeResult[Any]]):
    """The tasks of the assets that are being made, which their metadata name."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        metadata = {key: context.assets_def.metadata_by_key[key] for key in context.selected_asset_keys}
        self.keys = {str(found[TASK]): key for key, found in metadata.items()}
        said = {str(found[TASK]): found for found in metadata.values()}
        [dag_id] = {str(found[DAG]) for found in metadata.values()}
        [version] = {str(found.get(VERSION, "3")) for found in metadata.values()}
        super().__init__(
            context, dag_id, list(self.keys), version=version,
            choosers=[task_id for task_id, found in said.items() if CHOOSES in found],
            needing_scheduler=[task_id for task_id, found in said.items() if NEEDS_SCHEDULER in found],
        )  # fmt: skip
        names = {key: task_id for task_id, key in self.keys.items()}
        deps = context.assets_def.asset_deps
        self.before = {task_id: {names[one] for one in deps[key] if one in names} for task_id, key in self.keys.items()}
        self.held: dict[str, dg.MaterializeResult[Any]] = {}  # waits for what it depends on: Dagster wants that order

    def _partitions(self) -> dg.PartitionsDefinition | None:
        found: dg.PartitionsDefinition | None = self.context.assets_def.partitions_def
        return found

    def _keep(self, record: TaskRecord, value: dict[str, Any]) -> None:
        key = self.keys[record.task_id]
        self.held[record.task_id] = dg.MaterializeResult(asset_key=key, value=value, metadata=self._of(record))

    def _release(self) -> Iterator[dg.MaterializeResult[Any]]:
        """What is made and waits for nothing any more, each after what it depends on."""
        while True:
            waiting = {task_id for task_id, record in self.records.items() if not record.told} | set(self.held)
            ready = [task_id for task_id in self.held if not self.before[task_id] & waiting]
            if not ready:
                return
            for task_id in ready:
                yield self.held.pop(task_id)


class OpCall(Call[dg.Output[Any]]):
    """The task of one op of a graph."""

    held: dg.Output[Any] | None = None

    def _partitions(self) -> dg.PartitionsDefinition | None:
        found: dg.PartitionsDefinition | None = self.context.job_def.partitions_def
        return found

    def _keep(self, record: TaskRecord, value: dict[str, Any]) -> None:
        self.context.log.info(f"{self.what}: {self._of(record)}")
        self.held = dg.Output(value)

    def _release(self) -> Iterator[dg.Output[Any]]:
        if self.held is not None:
            yield self.held
            self.held = None
