"""Tasks that wait for tasks or runs of another DAG of the project: they look at its runs of the same logical date.

Source: ``ExternalTaskSensor`` of the standard provider (``_get_dttm_filter``, ``get_count``). ``ExternalTaskMarker``
does nothing when it runs: it says what is to be cleared together, which Dagster's lineage does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from dagport.graph import Pipeline, Task
from dagport.semantics.schedules import Fire, UnknownScheduleError, fires
from dagport.values import Call
from dagport.writers.common.dates import DATE
from dagport.writers.common.edges import is_empty
from dagport.writers.common.inputs import Inputs
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import NOTHING, Function, Inspection, Refused
from dagport.writers.common.naming import clean
from dagport.writers.dagster.clocks import changes_of
from dagport.writers.dagster.partitions import DELTA_IMPORT, Partitions, key_format, partitions_of, version_of
from dagport.writers.dagster.scope import Scope
from dagport.writers.dagster.times import delta_text

SENSORS = frozenset(
    {
        "airflow.sensors.external_task.ExternalTaskSensor",
        "airflow.sensors.external_task_sensor.ExternalTaskSensor",
        "airflow.providers.standard.sensors.external_task.ExternalTaskSensor",
    }
)
MARKERS = frozenset(
    {
        "airflow.sensors.external_task.ExternalTaskMarker",
        "airflow.sensors.external_task_sensor.ExternalTaskMarker",
        "airflow.providers.standard.sensors.external_task.ExternalTaskMarker",
    }
)
OPERATORS = SENSORS | MARKERS
DAG_ID, LOGICAL_TAG, PARTITION_TAG = "external_dag_id", "airflow/logical_date", "dagster/partition"
NO_MATTER = frozenset(
    {"mode", "deferrable", "check_existence", "exponential_backoff", "max_wait", "silent_fail", "poll_interval"}
)
DECIDES = frozenset({"soft_fail", "never_fail", "execution_date_fn", "skipped_states"})
ARGUMENTS = frozenset(
    {
        *NO_MATTER, *DECIDES, DAG_ID, "external_task_id", "external_task_ids", "external_task_group_id",
        "allowed_states", "failed_states", "execution_delta", "timeout", "poke_interval", "recursion_depth",
        "logical_date", "execution_date",
    }
)  # fmt: skip
WEEK, MINUTE = 7 * 24 * 3600, 60  # seconds: defaults of a sensor
SINCE, YEAR, MOST = datetime(2026, 1, 1, tzinfo=UTC), 400, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """What a task waits for."""

    job: str
    assets: tuple[str, ...]
    dates: Partitions  # of the other job
    zone: str
    delta: timedelta


def inspect(task: Task, scope: Scope) -> Inspection:
    """It hands over nothing, and needs its own logical date. Raises ``Refused``."""
    if task.operator in MARKERS:
        return Inspection(result=NOTHING)
    _awaited(task, scope)
    return Inspection(result=NOTHING, context=frozenset({"logical_date"}))


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """A function that waits. Raises ``Refused``."""
    inputs, name = scope.inputs(task), scope.names[task.id].function
    if task.operator in MARKERS:
        return inputs, Function(text=f"def {name}() -> None:\n    pass")
    awaited = _awaited(task, scope)
    arguments = {"job": text_literal(awaited.job), "tags": _tags(awaited, inputs)}
    if awaited.assets:
        arguments["assets"] = f"[{', '.join(map(text_literal, awaited.assets))}]"
    arguments["timeout"] = f"{_seconds(task, 'timeout', WEEK):g}"
    if (every := _seconds(task, "poke_interval", MINUTE)) != MINUTE:
        arguments["every"] = f"{every:g}"
    if task.arguments.get("failed_states"):
        arguments["fail_early"] = "True"
    inputs.needs_context = True
    inputs.imports[f"from {scope.project.package}.external_runs import wait_for_run"] = None
    call = ", ".join(f"{key}={text}" for key, text in arguments.items())
    head = f"def {name}({', '.join(inputs.signature())}) -> None:"
    return inputs, Function(text=f"{head}\n    wait_for_run(context, {call})")


def _tags(awaited: Awaited, inputs: Inputs) -> str:
    """The tags of the run that is waited for."""
    date = inputs.context("logical_date")
    if awaited.delta:
        date = f"({date} - {delta_text(awaited.delta)})"
        inputs.imports[DELTA_IMPORT] = None
    if awaited.dates.definition is None:
        return f"{{{text_literal(LOGICAL_TAG)}: {date}.isoformat()}}"
    if awaited.zone != "UTC":
        date = f"{date}.astimezone(ZoneInfo({text_literal(awaited.zone)}))"
        inputs.imports["from zoneinfo import ZoneInfo"] = None
    return f"{{{text_literal(PARTITION_TAG)}: {date}.strftime({text_literal(awaited.dates.format or DATE)})}}"


def awaited_dags(pipelines: Iterable[Pipeline]) -> frozenset[str]:
    """The DAGs that some task waits for: their runs need dates, by which they are found."""
    sensors = [task for pipeline in pipelines for task in pipeline.tasks if task.operator in SENSORS]
    return frozenset(name for task in sensors if isinstance(name := task.arguments.get(DAG_ID), str))


def _awaited(task: Task, scope: Scope) -> Awaited:
    target = _target(task, scope)
    dates = partitions_of(target, scope.project.package)
    if isinstance(dates, str):
        raise Refused(f"it waits for the DAG {target.id!r}: {dates}")
    if target.schedule.kind == "manual":
        raise Refused(f"it waits for the DAG {target.id!r}, which nothing starts at the logical date of this run")
    for name in sorted(DECIDES & task.arguments.keys()):
        if task.arguments[name] not in (None, False, []):
            raise Refused(f"it waits for the DAG {target.id!r} with `{name}`")
    if task.arguments.get("allowed_states") not in (None, [], ["success"]):
        raise Refused(f"it waits for the DAG {target.id!r}, and not for a success")
    job = scope.project.jobs[target.id]
    assets = tuple(_key(task_id, job, scope) for task_id in _task_ids(task, target))
    if assets and scope.graphs.job:
        raise Refused(f"it waits for tasks of the DAG {target.id!r}, and ops make no assets")
    form, zone = key_format(target) or (DATE, "UTC")
    delta = _delta(task)
    if dates.definition is not None and form == DATE and not _keys_tell(scope.pipeline, target, delta, zone):
        raise Refused(f"it waits for a run of the DAG {target.id!r} at another time of the day than any has")
    if dates.definition is not None and form != DATE and changes_of(ZoneInfo(zone)):
        raise Refused(f"it waits for a run of the DAG {target.id!r}, of an hour that may come twice when clocks change")
    return Awaited(job=job, assets=assets, dates=dates, zone=zone, delta=delta)


def _keys_tell(own: Pipeline, target: Pipeline, delta: timedelta, zone: str) -> bool:
    """Whether a day says which run is meant: it may be that of a run at another time."""
    dates = {fire.logical_date for fire in _sample(target)}
    days = {date.astimezone(ZoneInfo(zone)).date() for date in dates}
    wanted = [fire.logical_date - delta for fire in _sample(own)]
    return all(date in dates or date.astimezone(ZoneInfo(zone)).date() not in days for date in wanted)


def _sample(pipeline: Pipeline) -> list[Fire]:
    """Runs of some time, with the changes of the clocks in a year. None, where the times aren't known."""
    bare = replace(pipeline, start_date=None, end_date=None, tasks=())
    try:
        found = fires(bare, version=version_of(pipeline), start=SINCE, until=SINCE + timedelta(days=YEAR))
        return list(islice(found, MOST))
    except UnknownScheduleError:
        return []


def _target(task: Task, scope: Scope) -> Pipeline:
    dag_id = task.arguments.get(DAG_ID)
    if not isinstance(dag_id, str):
        raise Refused("which DAG it waits for is known only when it runs")
    target = scope.project.pipelines.get(dag_id)
    if target is None:
        raise Refused(f"it waits for the DAG {dag_id!r}, which isn't one that is translated along with it")
    return target


def _task_ids(task: Task, target: Pipeline) -> list[str]:
    """The tasks that are waited for; none: the whole run."""
    one, several = task.arguments.get("external_task_id"), task.arguments.get("external_task_ids")
    group = task.arguments.get("external_task_group_id")
    ids = [one] if one is not None else list(several) if isinstance(several, list | tuple) else []
    if isinstance(group, str):
        ids = [item.id for item in target.tasks if item.id.startswith(f"{group}.")]
    known = {item.id: item for item in target.tasks}
    for task_id in ids:
        if not isinstance(task_id, str) or task_id not in known:
            raise Refused(f"it waits for {task_id!r} of the DAG {target.id!r}, which has no such task")
        if is_empty(known[task_id]) or known[task_id].mapped is not None:
            raise Refused(f"it waits for {task_id!r} of the DAG {target.id!r}, which has no asset of its own")
    if group is not None and not ids:
        raise Refused(f"it waits for the group {group!r} of the DAG {target.id!r}, which has no tasks")
    return [str(task_id) for task_id in ids]


def _key(task_id: str, job: str, scope: Scope) -> str:
    op_name = scope.project.op(f"{job}__{clean(task_id)}", job, task_id)
    return f"{job}/{op_name.removeprefix(f'{job}__')}"


def _delta(task: Task) -> timedelta:
    value = task.arguments.get("execution_delta")
    if value is None:
        return timedelta()
    if isinstance(value, Call) and value.name == "datetime.timedelta" and not value.args:
        parts = {name: part for name, part in value.kwargs.items() if isinstance(part, int | float)}
        if len(parts) == len(value.kwargs):
            return timedelta(**parts)
    raise Refused("how far back the run is that it waits for is known only when it runs")


def _seconds(task: Task, name: str, default: float) -> float:
    value = task.arguments.get(name)
    if value is None:
        return default
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, Call) and value.name == "datetime.timedelta" and not value.args:
        parts = {key: part for key, part in value.kwargs.items() if isinstance(part, int | float)}
        return timedelta(**parts).total_seconds()
    raise Refused(f"its `{name}` is known only when it runs")
