"""Runners: what runs a DAG where it is, and tells of each task as it happens."""

from __future__ import annotations

from dagport_adapters.runners.errors import (
    AirflowError,
    AirflowNotFoundError,
    DagImportError,
    InputError,
    RunCancelledError,
    RunConflictError,
    RunnerBusyError,
    RunnerError,
    RunTimeoutError,
    UnknownDagError,
    UnknownTaskError,
    WorkerDiedError,
)
from dagport_adapters.runners.local import LocalAirflow
from dagport_adapters.runners.protocol import Event, Handed, RunFinished, Runner, RunRequest, RunStarted, TaskEvent

__all__ = [
    "AirflowError",
    "AirflowNotFoundError",
    "DagImportError",
    "Event",
    "Handed",
    "InputError",
    "LocalAirflow",
    "RunCancelledError",
    "RunConflictError",
    "RunFinished",
    "RunRequest",
    "RunStarted",
    "RunTimeoutError",
    "Runner",
    "RunnerBusyError",
    "RunnerError",
    "TaskEvent",
    "UnknownDagError",
    "UnknownTaskError",
    "WorkerDiedError",
]
