"""From rows of the REST API to the model. A row that lacks what every version has is an ``UnexpectedAnswerError``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast, get_args

from dagport_adapters.runners.protocol import FINISHED_STATES, TaskState
from dagport_adapters.runners.remote.dialect import Dialect
from dagport_adapters.runners.remote.errors import UnexpectedAnswerError
from dagport_adapters.runners.remote.model import LiveDag, LiveRun, LiveRunState, LiveTask, LiveTaskDef

_TASK_STATES: frozenset[str] = frozenset(get_args(TaskState))
_RUN_STATES: frozenset[str] = frozenset(get_args(LiveRunState))
_OTHER_NAMES: Mapping[str, str] = {"scheduled": "queued", "shutdown": "running"}
_RUN_TYPES: Mapping[str, str] = {"dataset_triggered": "asset_triggered"}
_BEFORE_NEXT = frozenset({*FINISHED_STATES, "up_for_retry"})  # states in which Airflow before 2.10 counts one too many


def run_of(row: Mapping[str, Any], dialect: Dialect, server: str) -> LiveRun:
    """A DAG run."""
    dag_id, run_id = _text(row, "dag_id"), _text(row, "dag_run_id")
    start, end = date_of(row.get("data_interval_start")), date_of(row.get("data_interval_end"))
    run_type = _text(row, "run_type")
    return LiveRun(
        dag_id=dag_id,
        run_id=run_id,
        run_type=_RUN_TYPES.get(run_type, run_type),
        state=_run_state(row),
        logical_date=date_of(row.get("logical_date") or row.get("execution_date")),
        data_interval=(start, end) if start and end else None,
        run_after=date_of(row.get("run_after")),
        start=date_of(row.get("start_date")),
        end=date_of(row.get("end_date")),
        conf=row.get("conf") or {},
        url=dialect.run_url(server, dag_id, run_id),
    )


def task_of(row: Mapping[str, Any], dialect: Dialect, server: str, *, latest: bool = True) -> LiveTask:
    """A try of a task instance."""
    dag_id, run_id, task_id = _text(row, "dag_id"), _text(row, "dag_run_id"), _text(row, "task_id")
    map_index, state = int(row.get("map_index", -1)), _task_state(row)
    number = int(row.get("try_number") or 0)
    if dialect.counts_next_try and (state in _BEFORE_NEXT or state is None):
        number = max(0, number - 1)
    return LiveTask(
        dag_id=dag_id,
        run_id=run_id,
        task_id=task_id,
        map_index=map_index,
        try_number=number,
        state=state,
        start=date_of(row.get("start_date")),
        end=date_of(row.get("end_date")),
        duration=row.get("duration"),
        operator=row.get("operator"),
        log_url=dialect.log_url(server, dag_id, run_id, task_id, map_index, number) if number else None,
        max_tries=row.get("max_tries"),
        latest=latest,
    )


def dag_of(
    row: Mapping[str, Any],
    details: Mapping[str, Any],
    tasks: Iterable[Mapping[str, Any]],
    outlets: Mapping[tuple[str, str], tuple[str, ...]],
    inlets: Mapping[tuple[str, str], tuple[str, ...]],
    server: str,
) -> LiveDag:
    """A DAG: its row in the list, its details, its tasks, and the assets of (DAG id, task id)."""
    dag_id = _text(row, "dag_id")
    found = [_task_def(dag_id, task, outlets, inlets) for task in tasks]
    return LiveDag(
        dag_id=dag_id,
        file_loc=row.get("fileloc"),
        paused=bool(row.get("is_paused")),
        schedule=_schedule(row),
        timetable_description=row.get("timetable_description"),
        timezone=details.get("timezone"),
        start_date=date_of(details.get("start_date")),
        end_date=date_of(details.get("end_date")),
        tags=tuple(sorted(tag["name"] for tag in row.get("tags") or ())),
        owners=tuple(sorted({owner.strip() for owner in row.get("owners") or ()})),
        tasks=tuple(sorted(found, key=lambda task: task.task_id)),
        description=row.get("description"),
        catchup=details.get("catchup"),
        has_import_errors=bool(row.get("has_import_errors")),
        url=f"{server}/dags/{dag_id}",
    )


def date_of(text: Any) -> datetime | None:
    """An ISO 8601 date with its zone."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        raise UnexpectedAnswerError(f"{str(text)[:40]!r} in the answer is no date") from None


def _task_def(
    dag_id: str,
    row: Mapping[str, Any],
    outlets: Mapping[tuple[str, str], tuple[str, ...]],
    inlets: Mapping[tuple[str, str], tuple[str, ...]],
) -> LiveTaskDef:
    task_id, kind = _text(row, "task_id"), row.get("class_ref") or {}
    return LiveTaskDef(
        task_id=task_id,
        operator=kind.get("class_name") or row.get("operator_name"),
        operator_module=kind.get("module_path"),
        downstream=tuple(sorted(row.get("downstream_task_ids") or ())),
        trigger_rule=row.get("trigger_rule") or "all_success",
        retries=int(row.get("retries") or 0),
        is_mapped=bool(row.get("is_mapped")),
        owner=row.get("owner"),
        outlets=outlets.get((dag_id, task_id), ()),
        inlets=inlets.get((dag_id, task_id), ()),
    )


def _schedule(row: Mapping[str, Any]) -> str | None:
    """The schedule as text: Airflow 3 summarises its timetable; 2 gives a cron expression or the parts of a delta."""
    if "timetable_summary" in row:
        return cast("str | None", row["timetable_summary"])
    interval = row.get("schedule_interval")
    if not isinstance(interval, dict):
        return None
    if interval.get("__type") == "CronExpression":
        return cast("str | None", interval.get("value"))
    parts = {name: value for name, value in interval.items() if name != "__type" and value}
    return ", ".join(f"{value} {name}" for name, value in parts.items())


def _task_state(row: Mapping[str, Any]) -> TaskState | None:
    state = row.get("state")
    if state is None or state in ("none", "no_status"):
        return None
    state = _OTHER_NAMES.get(state, state)
    if state not in _TASK_STATES:
        raise UnexpectedAnswerError(
            f"Airflow has a task in the state {state!r}, which this version of dagport doesn't know"
        )
    return cast("TaskState", state)


def _run_state(row: Mapping[str, Any]) -> LiveRunState:
    state = row.get("state")
    if state not in _RUN_STATES:
        raise UnexpectedAnswerError(
            f"Airflow has a run in the state {state!r}, which this version of dagport doesn't know"
        )
    return cast("LiveRunState", state)


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise UnexpectedAnswerError(f"The answer lacks {name}. Is this address Airflow's API?")
    return value
