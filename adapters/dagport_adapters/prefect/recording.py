"""Task runs in Prefect's API for what Airflow runs: one for each task instance, in the state that Airflow gives it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID

import httpx
from prefect import Task
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import TaskRunResult
from prefect.states import State

from dagport.graph import Pipeline
from dagport_adapters.prefect.states import cancelled, lost, state_of
from dagport_adapters.runners.protocol import Event, TaskEvent

log = logging.getLogger(__name__)

WHOLE = -1  # the map index of a task that isn't mapped
ENGINE_TAG = "airflow"

Key = tuple[str, int]


class RecordingError(Exception):
    """Prefect's API doesn't take the states that Airflow's tasks ended in: what it shows isn't what happened."""


@dataclass(slots=True)
class _Recorded:
    """A task run, and what is to be told of it."""

    id: UUID | None = None
    state: State[Any] | None = None  # None: told
    over: bool = False


class Recorder:
    """Creates the task runs of a flow run as they happen, and sets their states; an observer of a runner's events.

    States go to the API as they are (``force``): Airflow has decided. What the API doesn't take at the moment is told
    again with the next event, the last state at the latest by ``finish``.
    """

    def __init__(self, client: SyncPrefectClient, flow_run_id: UUID, pipeline: Pipeline | None, attempt: int) -> None:
        self._client, self._flow_run_id, self._attempt = client, flow_run_id, attempt
        self._upstream: dict[str, list[str]] = {}
        for edge in pipeline.edges if pipeline else ():
            self._upstream.setdefault(edge.downstream, []).append(edge.upstream)
        self._recorded: dict[Key, _Recorded] = {}
        self._ids: dict[str, list[UUID]] = {}  # by task
        self._tasks: dict[str, Task[Any, Any]] = {}

    def __call__(self, event: Event) -> None:
        """Record one more event."""
        if not isinstance(event, TaskEvent):
            return
        key = (event.task_id, event.map_index)
        one = self._recorded.setdefault(key, _Recorded())
        one.state = state_of(event)
        one.over = one.state.is_final()
        if self._catch_up([key]):
            self._catch_up([other for other, waits in self._recorded.items() if waits.state is not None])

    def finish(self, *, error: BaseException | None = None, was_cancelled: bool = False) -> None:
        """The run is over: no task run is left without an end. Raises ``RecordingError``."""
        for one in self._recorded.values():
            if not one.over:
                one.state = cancelled("The Airflow run was cancelled") if was_cancelled else lost(_why(error))
                one.over = True
        waiting = [key for key, one in self._recorded.items() if one.state is not None]
        if waiting and not self._catch_up(waiting):
            raise RecordingError(f"Prefect's API doesn't take the last states of {len(waiting)} task runs")

    def _catch_up(self, keys: Iterable[Key]) -> bool:
        """Tell the API of states; whether it took them."""
        for key in keys:
            try:
                self._tell(key, self._recorded[key])
            except httpx.HTTPError as error:
                log.warning("Prefect's API doesn't take the state of %s: %s", key[0], type(error).__name__)
                return False
        return True

    def _tell(self, key: Key, one: _Recorded) -> None:
        state = one.state
        if state is None:
            return
        if one.id is None:
            one.id = self._create(key)
        self._client.set_task_run_state(one.id, state, force=True)
        one.state = None

    def _create(self, key: Key) -> UUID:
        task_id, index = key
        again = f"~{self._attempt}" if self._attempt > 1 else ""  # an attempt has task runs of its own
        name = task_id if index == WHOLE else f"{task_id}[{index}]"
        upstream = [
            TaskRunResult(id=found) for one in self._upstream.get(task_id, ()) for found in self._ids.get(one, ())
        ]
        made = self._client.create_task_run(
            task=self._task(task_id),
            flow_run_id=self._flow_run_id,
            dynamic_key=f"{index}{again}",
            name=f"{name}{again}",
            task_inputs={"wait_for": upstream} if upstream else None,
        )
        made_id: UUID = made.id
        self._ids.setdefault(task_id, []).append(made_id)
        return made_id

    def _task(self, task_id: str) -> Task[Any, Any]:
        if task_id not in self._tasks:
            task = self._tasks[task_id] = Task(fn=in_airflow, name=task_id, tags={ENGINE_TAG})
            task.task_key = f"airflow-{task_id}"  # else that of the function: Prefect would take all tasks for one
        return self._tasks[task_id]


def in_airflow() -> NoReturn:
    """What stands for an Airflow task in Prefect; its own Airflow runs it."""
    raise NotImplementedError("An Airflow task isn't run by Prefect")


def _why(error: BaseException | None) -> str:
    what = f": {type(error).__name__}" if error is not None else ""
    return f"Nobody said how this task ended{what}"
