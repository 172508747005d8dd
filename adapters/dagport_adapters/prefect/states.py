"""Airflow's states in Prefect's terms.

Prefect shows a state by its type: ``COMPLETED`` is green. So only a success has it. Every other state has Airflow's own
name beside a type that says whether it is over, and how.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from prefect.client.schemas.objects import StateType
from prefect.states import State

from dagport_adapters.runners.protocol import TaskEvent, TaskState
from dagport_lineage.secrets import redact

STATES: Mapping[TaskState, tuple[StateType, str]] = {
    "queued": (StateType.PENDING, "Queued"),
    "running": (StateType.RUNNING, "Running"),
    "success": (StateType.COMPLETED, "Completed"),
    "failed": (StateType.FAILED, "Failed"),
    "skipped": (StateType.CANCELLED, "Skipped"),
    "upstream_failed": (StateType.FAILED, "UpstreamFailed"),
    "up_for_retry": (StateType.SCHEDULED, "AwaitingRetry"),
    "up_for_reschedule": (StateType.SCHEDULED, "UpForReschedule"),
    "deferred": (StateType.PENDING, "Deferred"),
    "restarting": (StateType.PENDING, "Restarting"),
    "awaiting_input": (StateType.PAUSED, "AwaitingInput"),
    "removed": (StateType.CANCELLED, "Removed"),
}
RETRYING = "Retrying"  # what Prefect calls a running task after the first try


def state_of(event: TaskEvent) -> State[Any]:
    """The state of a task run. Its message has the try, the error and the place of the log."""
    kind, name = STATES[event.state]
    if event.state == "running" and event.try_number > 1:
        name = RETRYING
    moment = event.started if kind == StateType.RUNNING else event.ended if _is_over(kind) else None
    return _state(kind, name, message(event), moment)


def cancelled(why: str) -> State[Any]:
    """A task run that was ended from outside."""
    return _state(StateType.CANCELLED, "Cancelled", why)


def lost(why: str) -> State[Any]:
    """A task run of which nobody said how it ended."""
    return _state(StateType.CRASHED, "Lost", why)


def message(event: TaskEvent) -> str:
    """What there is to say of a state."""
    said = [f"Airflow: {event.state}"]
    if event.try_number > 1:
        said.append(f"try {event.try_number}")
    if event.error:
        said.append(redact(event.error))
    log = event.log_url or (str(event.log) if event.log else None)
    if log:
        said.append(f"log: {log}")
    return "; ".join(said)


def _is_over(kind: StateType) -> bool:
    return kind in (StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED)


def _state(kind: StateType, name: str, text: str, moment: datetime | None = None) -> State[Any]:
    if moment is None:
        return State(type=kind, name=name, message=text)
    return State(type=kind, name=name, message=text, timestamp=moment)
