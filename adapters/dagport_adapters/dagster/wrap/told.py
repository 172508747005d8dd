"""What is told of tasks, as events of Dagster and their metadata."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import dagster as dg

from dagport_adapters.dagster.wrap.telling import UNMAPPED
from dagport_adapters.runners.protocol import RunStarted, TaskEvent

RUN_ID, LOGICAL_DATE, STATE, TRY = "airflow/run_id", "airflow/logical_date", "airflow/state", "airflow/try_number"
NONE = "none"  # how Airflow shows a task instance without a state
LISTED = 100  # instances of a mapped task in one event


def run_metadata(run: RunStarted | None) -> dict[str, Any]:
    """Which run of Airflow it was."""
    if run is None:
        return {}
    found: dict[str, Any] = {RUN_ID: run.run_id}
    if run.logical_date:
        found[LOGICAL_DATE] = run.logical_date.isoformat()
    if run.url:
        found["airflow/run_url"] = dg.MetadataValue.url(run.url)
    return found


def try_metadata(event: TaskEvent, *, result: bool = False) -> dict[str, Any]:
    """One try of a task instance."""
    found: dict[str, Any] = {STATE: event.state, TRY: event.try_number}
    if event.map_index != UNMAPPED:
        found["airflow/map_index"] = event.map_index
    if event.started:
        found["airflow/started"] = _moment(event.started)
    if event.duration is not None:
        found["airflow/duration"] = round(event.duration, 3)
    if event.error:
        found["airflow/error"] = event.error
    if event.log:
        found["airflow/log"] = dg.MetadataValue.path(str(event.log))
    if event.log_url:
        found["airflow/log_url"] = dg.MetadataValue.url(event.log_url)
    if result and event.result:
        shown = event.result.preview if event.result.whole else f"{event.result.preview}..."
        found["airflow/result"] = dg.MetadataValue.text(shown)
    return found


def instances_metadata(events: Sequence[TaskEvent], state: str) -> dict[str, Any]:
    """All instances of a mapped task together."""
    durations = [event.duration for event in events if event.duration is not None]
    rows = [
        {"map_index": one.map_index, "state": one.state, "try_number": one.try_number, "duration": one.duration}
        for one in events[:LISTED]
    ]
    found: dict[str, Any] = {
        STATE: state,
        TRY: max(event.try_number for event in events),
        "airflow/instances": dg.MetadataValue.json(dict(Counter(event.state for event in events))),
        "airflow/map_indices": dg.MetadataValue.json(rows),
    }
    if durations:
        found["airflow/duration"] = round(sum(durations), 3)
    return found


def description(event: TaskEvent) -> str:
    """One line for people."""
    parts = [f"Airflow: {event.state}"]
    if event.map_index != UNMAPPED:
        parts.append(f"map index {event.map_index}")
    if event.try_number > 1 or event.state == "up_for_retry":
        parts.append(f"try {event.try_number}")
    if event.error:
        parts.append(event.error)
    return ", ".join(parts)


def failure_metadata(failed: Sequence[TaskEvent], run: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """What a failed step says."""
    found: dict[str, Any] = {**run, "airflow/failed_tasks": dg.MetadataValue.json(list(names))}
    for name, event in list(zip(names, failed, strict=True))[:LISTED]:
        if event.log:
            found[f"airflow/log/{name}"] = dg.MetadataValue.path(str(event.log))
        elif event.log_url:
            found[f"airflow/log/{name}"] = dg.MetadataValue.url(event.log_url)
    return found


def _moment(moment: datetime) -> Any:
    return dg.MetadataValue.timestamp(moment)
