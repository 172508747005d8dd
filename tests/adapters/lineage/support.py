"""Events of runners, made by hand, and something that takes lineage."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from dagport_adapters.lineage import RunLineage
from dagport_adapters.runners.protocol import Event, RunFinished, RunStarted, TaskEvent, TaskState
from dagport_lineage.events.run_facets import JobName, RunOf
from dagport_lineage.facets import Event as Emitted
from dagport_lineage.runs.emitter import Emitter
from dagport_lineage.scope import LineageOptions

DATE = datetime(2026, 3, 1, tzinfo=UTC)
HOST = RunOf(JobName("hosts", "nightly"), "01a1f910-52a0-7eea-8648-e85df88e8bed")
ORIGIN = RunOf(JobName("hosts", "begin"), "01a1f640-bc00-76e7-b637-d8b8741b33e4")


class Taken:
    """Takes events."""

    def __init__(self) -> None:
        self.events: list[Emitted] = []

    def emit(self, event: Emitted) -> None:
        self.events.append(event)

    def close(self, timeout: float | None = None) -> bool:
        return True

    @property
    def said(self) -> list[str]:
        """Job and state of each."""
        return [f"{event['job']['name']} {event['eventType']}" for event in self.events]


def emitter(taken: Any) -> Emitter:
    return Emitter(taken, engine="Airflow", engine_version="3.3.2", options=LineageOptions(namespace="prod"))


def started(**more: Any) -> RunStarted:
    given = {"logical_date": DATE, "started": DATE, "resumed": False, **more}
    return RunStarted(dag_id="shop", run_id="r", **given)


def task(task_id: str, state: TaskState, number: int = 1, index: int = -1, **more: Any) -> TaskEvent:
    return TaskEvent(
        dag_id="shop", run_id="r", task_id=task_id, map_index=index, try_number=number, state=state, **more
    )


def finished(state: Any = "success", **more: Any) -> RunFinished:
    return RunFinished(dag_id="shop", run_id="r", state=state, ended=DATE + timedelta(hours=1), **more)


def told(events: Iterable[Event], **more: Any) -> Taken:
    """What is emitted of the events."""
    taken = Taken()
    lineage = RunLineage(emitter(taken), **more)
    for event in events:
        lineage(event)
    return taken
