"""What the generated code of a delegated task calls: Airflow runs the task, with its data in and out.

The assets of the function that is being run say by their metadata which tasks they are. Those run in one run of
Airflow, by Airflow's own rules, retries included; that is why a delegated asset has no retries of its own. A failed
task is a failed step, a skipped one makes nothing, and Dagster skips what comes after it, as Airflow would.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import dagster as dg

from dagport_adapters.dagster.partitions import data_interval_of, logical_date_of
from dagport_adapters.dagster.resources import AirflowResource, LocalAirflowResource
from dagport_adapters.lineage import RunLineage, is_on, options_of, quieten
from dagport_adapters.runners.errors import RunnerError
from dagport_adapters.runners.handing import HandingError, handed_in, handed_over
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
_LOG = logging.getLogger(__name__)


def run_in_airflow(
    context: dg.AssetExecutionContext,
    *,
    results: Mapping[str, Mapping[str, Any]] | None = None,
    params: dg.Config | None = None,
    param_names: Mapping[str, str] | None = None,
) -> Iterator[dg.MaterializeResult[Any]]:
    """Have the resource ``airflow`` run the tasks of the assets that are being made, and yield what they hand over.

    ``results`` are those of other tasks, by task and key, which these tasks may read. Of ``params`` those are handed on
    that aren't the default; ``param_names`` has Airflow's names of those that are called otherwise in the config. The
    value of an asset is a dict of the task's results by key, ``return_value`` among them; of a mapped task, of lists.

    The run of Airflow has the partition's logical date and data interval. Without partitions it has the moment at which
    the Dagster run was made, or the first of the runs that it repeats. Raises ``dg.Failure`` when a task didn't succeed
    and wasn't skipped, when Airflow can't be asked, and when a result can't be handed over.
    """
    call = _Call(context)
    try:
        yield from call.run(results or {}, _changed(params, param_names or {}))
    except (RunnerError, HandingError) as error:
        description = f"{call.what}: {type(error).__name__}: {error}"
        raise dg.Failure(description, metadata=call.metadata(), allow_retries=False) from None


def _observers(context: dg.AssetExecutionContext, runner: Runner) -> Sequence[Observer]:
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


def _changed(params: dg.Config | None, names: Mapping[str, str]) -> dict[str, Any]:
    """The params that aren't what the DAG says anyway: a default keeps its exact type that way."""
    if params is None:
        return {}
    fields = type(params).model_fields
    values = {name: getattr(params, name) for name in fields}
    return {
        names.get(name, name): value
        for name, value in values.items()
        if fields[name].is_required() or value != fields[name].default
    }


class _Call:
    """One run of Airflow for one step."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self.context = context
        self.resource: AirflowResource = getattr(context.resources, RESOURCE)
        metadata = {key: context.assets_def.metadata_by_key[key] for key in context.selected_asset_keys}
        self.keys = {str(found[TASK]): key for key, found in metadata.items()}
        self.records = {task_id: TaskRecord(task_id) for task_id in self.keys}
        self.said = {str(found[TASK]): found for found in metadata.values()}
        [self.dag_id] = {str(found[DAG]) for found in metadata.values()}
        [self.version] = {str(found.get(VERSION, "3")) for found in metadata.values()}
        self.started: RunStarted | None = None
        self.finished: RunFinished | None = None
        self.lost: list[str] = []  # what went wrong
        names = {key: task_id for task_id, key in self.keys.items()}
        deps = context.assets_def.asset_deps
        self.before = {task_id: {names[one] for one in deps[key] if one in names} for task_id, key in self.keys.items()}
        self.held: dict[str, dg.MaterializeResult[Any]] = {}  # waits for what it depends on: Dagster wants that order

    @property
    def what(self) -> str:
        """The tasks, for messages."""
        return f"{self.dag_id}: {', '.join(self.keys)}"

    def run(
        self, results: Mapping[str, Mapping[str, Any]], params: Mapping[str, Any]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        self._check()
        date, interval = self._dates()
        request = RunRequest(
            dag_id=self.dag_id,
            logical_date=date,
            data_interval=interval,
            params=params,
            tasks=tuple(self.keys),
            again="tasks",
            inputs=tuple(handed_in(results, version=self.version)),
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
        lonely = [task_id for task_id, found in self.said.items() if NEEDS_SCHEDULER in found]
        if lonely and isinstance(self.resource, LocalAirflowResource):
            raise dg.Failure(
                f"{self.dag_id}.{lonely[0]} starts a DAG that only an Airflow with a scheduler runs: make the resource "
                f"`{RESOURCE}` a RemoteAirflowResource",
                allow_retries=False,
            )

    def _dates(self) -> tuple[datetime, Interval | None]:
        partitions = self.context.assets_def.partitions_def
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

    def _take(self, event: RunStarted | TaskEvent | RunFinished) -> Iterator[dg.MaterializeResult[Any]]:
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

    def _end(self) -> Iterator[dg.MaterializeResult[Any]]:
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
        if record.chooses and CHOOSES not in self.said[record.task_id]:
            self.lost.append(f"{record.task_id} decides which tasks run after it, and its class doesn't show that")
        elif record.ending == "skipped":
            self.context.log.info(f"{record.task_id} was skipped: what needs it is skipped, too")
        else:
            self._hold(record)

    def _hold(self, record: TaskRecord) -> None:
        try:
            value = handed_over(record.results)
        except HandingError as error:
            self.lost.append(str(error))
            return
        last = record.instances[-1]
        metadata = {
            **self.metadata(),
            "airflow/try_number": last.try_number,
            "airflow/log": str(last.log_url or last.log),
        }
        key = self.keys[record.task_id]
        self.held[record.task_id] = dg.MaterializeResult(asset_key=key, value=value, metadata=metadata)

    def _release(self) -> Iterator[dg.MaterializeResult[Any]]:
        """What is made and waits for nothing any more, each after what it depends on."""
        while True:
            waiting = {task_id for task_id, record in self.records.items() if not record.told} | set(self.held)
            ready = [task_id for task_id in self.held if not self.before[task_id] & waiting]
            if not ready:
                return
            for task_id in ready:
                yield self.held.pop(task_id)
