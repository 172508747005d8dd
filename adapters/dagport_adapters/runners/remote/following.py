"""From what a run's task instances are now to the events that haven't been told yet.

What is told is what Airflow's database has, or had: a state that came and went between two looks is left out, except
the end of a try, which Airflow keeps. Each try of a task instance is told at most one final state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from dagport_adapters.runners.protocol import FINISHED_STATES, TaskEvent, TaskState
from dagport_adapters.runners.remote.model import LiveTask, RunHandle

_TRY_ENDED: frozenset[TaskState] = FINISHED_STATES | {"up_for_retry"}
_LATE = datetime.max.replace(tzinfo=UTC)


def new_states(
    handle: RunHandle, tasks: Iterable[LiveTask], tries: Callable[[LiveTask], list[LiveTask]]
) -> list[LiveTask]:
    """The tries that are in another state than was told, in the order in which they got there.

    ``tries`` gives all tries of a task instance; it is asked only where one may have been missed.
    """
    found: list[tuple[datetime, int, LiveTask]] = []
    for order, task in enumerate(sorted(tasks, key=lambda each: (each.task_id, each.map_index))):
        if handle.tasks is not None and task.task_id not in handle.tasks:
            continue
        at = datetime.min.replace(tzinfo=UTC)
        for each in _changed(handle, task, tries):
            at = max(at, _moment(each))  # tries of one task instance stay in their order, whatever clocks say
            found.append((at, order, each))
    return [each for _, _, each in sorted(found, key=lambda row: row[:2])]


def told(handle: RunHandle, task: LiveTask, state: TaskState) -> None:
    """Remember that a state was told."""
    handle.told[task.task_id, task.map_index, task.try_number] = state


def event_of(task: LiveTask, state: TaskState) -> TaskEvent:
    """The event of a try's state."""
    return TaskEvent(
        dag_id=task.dag_id,
        run_id=task.run_id,
        task_id=task.task_id,
        map_index=task.map_index,
        try_number=task.try_number,
        state=state,
        started=task.start,
        ended=task.end if state in _TRY_ENDED else None,
        log_url=task.log_url,
    )


def state_to_tell(task: LiveTask) -> TaskState | None:
    """The state of a try. Airflow keeps one that was followed by a retry as failed; it was up for retry then."""
    retried = not task.latest and task.state == "failed" and (task.max_tries or 0) >= task.try_number
    return "up_for_retry" if retried else task.state


def _changed(handle: RunHandle, task: LiveTask, tries: Callable[[LiveTask], list[LiveTask]]) -> Iterator[LiveTask]:
    for each in [*_earlier(handle, task, tries), task]:
        state = state_to_tell(each)
        before = handle.told.get((each.task_id, each.map_index, each.try_number))
        if state is not None and before not in FINISHED_STATES and before != state:
            yield each


def _earlier(handle: RunHandle, task: LiveTask, tries: Callable[[LiveTask], list[LiveTask]]) -> list[LiveTask]:
    """Earlier tries whose end wasn't told."""
    key = (task.task_id, task.map_index)
    first = handle.since.get(key, 0) + 1
    missed = {number for number in range(first, task.try_number) if handle.told.get((*key, number)) not in _TRY_ENDED}
    return [each for each in tries(task) if each.try_number in missed] if missed else []


def _moment(task: LiveTask) -> datetime:
    ended = task.end if task.state in _TRY_ENDED else None
    return ended or task.start or _LATE
