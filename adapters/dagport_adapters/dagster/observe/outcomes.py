"""What is to be told of a run: how its tasks and their tries ended. Without Dagster.

Every outcome is one of Airflow's own states. Only ``success`` makes anything; a mapped task has made what it makes when
all of its instances have ended and Airflow would count them as a success.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dagport_adapters.dagster.wrap.telling import summed
from dagport_adapters.runners.protocol import RunStarted, TaskEvent
from dagport_adapters.runners.remote.model import LiveRun, LiveTask

UNMAPPED = -1
NEVER_RAN = "none"  # how Airflow shows a task instance without a state
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task, one of its mapped instances, or one of its tries ended."""

    task_id: str
    state: str  # of Airflow, or "none" for a task that the run ended without
    tasks: tuple[LiveTask, ...]  # one, or all instances of a mapped task

    @property
    def made(self) -> bool:
        """Whether it is a success: what the task makes is made."""
        return self.state == "success" and (self.whole or self.tasks[0].map_index == UNMAPPED)

    @property
    def whole(self) -> bool:
        """Whether it is about the whole of a mapped task, even if that has one instance; a retry is one instance's."""
        mapped = self.tasks[0].map_index != UNMAPPED
        return mapped and self.state != "up_for_retry" and all(task.latest for task in self.tasks)

    @property
    def try_number(self) -> int:
        """The highest of its tries."""
        return max(task.try_number for task in self.tasks)

    @property
    def map_index(self) -> int | None:
        """The index, where it is about one mapped instance only."""
        return self.tasks[0].map_index if not self.whole and self.tasks[0].map_index != UNMAPPED else None

    @property
    def end(self) -> datetime:
        """When the last of them ended."""
        return max((task.end for task in self.tasks if task.end), default=BEGINNING)

    @property
    def mark(self) -> str:
        """What it is told as once for each run: the same try in the same state is the same outcome."""
        index = "" if self.map_index is None else self.map_index
        return f"{self.try_number}|{index}|{'failed' if self.state == 'up_for_retry' else self.state}"


def outcomes_of(run: LiveRun, tasks: Iterable[LiveTask]) -> list[Outcome]:
    """All outcomes of a run so far, by the time of their end."""
    by_task: defaultdict[str, list[LiveTask]] = defaultdict(list)
    for task in tasks:
        by_task[task.task_id].append(task)
    found = [outcome for task_id, several in by_task.items() for outcome in _of_task(run, task_id, several)]
    return sorted(found, key=lambda outcome: (outcome.end, outcome.task_id, outcome.try_number))


def _of_task(run: LiveRun, task_id: str, tasks: Sequence[LiveTask]) -> Iterator[Outcome]:
    last = tuple(task for task in tasks if task.latest)
    mapped = any(task.map_index != UNMAPPED for task in last)
    for task in tasks:
        retried = task.state == "up_for_retry"
        if task.state is not None and (not task.latest or retried) and (task.ended or retried):
            yield Outcome(task_id, task.state, (task,))
    settled = [task for task in last if task.ended or run.ended]
    if last and len(settled) == len(last) and not any(task.state == "up_for_retry" for task in last):
        state = summed([task.state for task in last]) if mapped else last[0].state
        yield Outcome(task_id, state or NEVER_RAN, last)


def digest(outcomes: Iterable[Outcome]) -> str:
    """A few characters that change when there is another outcome."""
    text = "\n".join(f"{outcome.task_id}|{outcome.mark}" for outcome in outcomes)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def started(run: LiveRun) -> RunStarted:
    """The run as the runners tell of it."""
    return RunStarted(
        dag_id=run.dag_id, run_id=run.run_id, logical_date=run.logical_date, started=run.start, resumed=False,
        run_after=run.run_after, data_interval=run.data_interval, clear_number=run.clear_number or 0, url=run.url,
    )  # fmt: skip


def event(task: LiveTask) -> TaskEvent:
    """A task instance, as the runners tell of it. Raises ``ValueError`` for one without a state."""
    if task.state is None:
        raise ValueError(f"{task.task_id} has no state")
    return TaskEvent(
        dag_id=task.dag_id, run_id=task.run_id, task_id=task.task_id, map_index=task.map_index,
        try_number=task.try_number, state=task.state, started=task.start, ended=task.end, log_url=task.log_url,
    )  # fmt: skip
