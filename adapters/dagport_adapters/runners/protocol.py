"""What a runner takes and what it tells: the types that every host builds on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

TaskState: TypeAlias = Literal[
    "queued",  # also what Airflow calls scheduled
    "running",
    "success",
    "failed",
    "skipped",
    "upstream_failed",
    "up_for_retry",
    "up_for_reschedule",
    "deferred",
    "restarting",
    "awaiting_input",
    "removed",
]
RunState: TypeAlias = Literal["success", "failed"]
FINISHED_STATES: frozenset[TaskState] = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A result that one task hands to others (an XCom)."""

    task_id: str
    value: Any = field(repr=False)  # what JSON can hold
    key: str = "return_value"
    map_index: int = -1  # -1: not mapped
    serialized_from: str | None = None  # the class that Airflow has made this value of; only Airflow can read it again
    unreadable: str | None = None  # why there is no value: it isn't JSON, or too large


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """Which DAG to run, and as what."""

    dag_id: str | None = None  # may be left out where the file has one DAG only
    file: Path | None = None  # may be left out where the runner knows a folder of DAGs
    logical_date: datetime | None = None  # None: the moment at which the run starts
    data_interval: tuple[datetime, datetime] | None = None  # None: what the timetable infers for a manual run
    run_id: str | None = None  # an existing run of this id is taken up; None: the run of the date is done again
    conf: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)  # Airflow takes them from the conf
    tasks: Sequence[str] | None = None  # None: all
    again: Literal["run", "tasks"] = "run"  # "tasks": what the date's run has of other tasks stays as it is
    inputs: Sequence[Handed] = field(default=(), repr=False)  # results of tasks that aren't run, put there before
    whole_results: bool = False  # all that each task hands over, and not only a preview of its return value
    retry_delays: Literal["wait", "skip"] = "wait"  # a skipped delay is a try without waiting, not a try less


@dataclass(frozen=True, slots=True)
class Result:
    """The beginning of what a task returned, as JSON with secrets masked."""

    preview: str
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """Airflow's database has the run."""

    dag_id: str
    run_id: str
    logical_date: datetime | None
    started: datetime | None
    resumed: bool  # it was there before
    run_after: datetime | None = None  # what stands for the logical date where a run has none (Airflow 3)
    data_interval: tuple[datetime, datetime] | None = None
    clear_number: int = 0  # how often it was cleared
    url: str | None = None  # of its page, where there is a server


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEvent:
    """A task instance has got into a state, which is the one that Airflow's database has."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int  # -1: not mapped
    try_number: int
    state: TaskState
    started: datetime | None = None
    ended: datetime | None = None
    log: Path | None = None  # of this try
    log_url: str | None = None  # of this try, where there is a server
    result: Result | None = None
    results: tuple[Handed, ...] | None = field(default=None, repr=False)  # of a success, if asked for
    error: str | None = None  # of a failed try: the exception's class and message, where the engine tells it

    @property
    def duration(self) -> float | None:
        """Seconds that it ran."""
        return (self.ended - self.started).total_seconds() if self.ended and self.started else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """The run has ended in the state that Airflow's database has. Always the last event."""

    dag_id: str
    run_id: str
    state: RunState
    ended: datetime | None
    cancelled: bool = False


Event: TypeAlias = RunStarted | TaskEvent | RunFinished


class Runner(Protocol):
    """Runs DAGs where they are."""

    def run(self, request: RunRequest, *, timeout: float | None = None) -> Iterator[Event]:
        """The events of a run as they happen. Raises ``RunnerError``; closing the iterator cancels the run."""

    def cancel(self) -> None:
        """End the run that is under way; may be called from another thread, and when there is none."""

    def close(self) -> None:
        """End the run that is under way, and everything that the runner has started."""
