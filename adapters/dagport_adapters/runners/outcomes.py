"""What some tasks of one Airflow run came to, all their instances taken together. Without an orchestrator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dagport_adapters.runners.handing import CHOICE_KEY, UNMAPPED
from dagport_adapters.runners.protocol import FINISHED_STATES, Handed, TaskEvent

Ending: TypeAlias = Literal["success", "skipped", "failed"]


@dataclass(slots=True)
class TaskRecord:
    """The last event of each instance of a task."""

    task_id: str
    last: dict[int, TaskEvent] = field(default_factory=dict)  # by map index
    told: bool = False

    def take(self, event: TaskEvent) -> None:
        """Note an event. The row of a mapped task goes when its instances come."""
        if event.map_index != UNMAPPED:
            self.last.pop(UNMAPPED, None)
        self.last[event.map_index] = event

    @property
    def instances(self) -> list[TaskEvent]:
        """The instances that there are at last: a removed one doesn't count where others are left."""
        left = [self.last[index] for index in sorted(self.last) if self.last[index].state != "removed"]
        return left or list(self.last.values())

    @property
    def ending(self) -> Ending:
        """How the task ended, as the tasks after it see it by the rule ``all_success``.

        One skipped instance of a mapped task skips what comes after it, so the whole counts as skipped. What has no
        final state, or was never heard of, has failed: nothing says that it did its work.
        """
        states = {event.state for event in self.instances}
        if not states or not states <= FINISHED_STATES or states & {"failed", "upstream_failed", "removed"}:
            return "failed"
        return "skipped" if "skipped" in states else "success"

    @property
    def is_complete(self) -> bool:
        """Whether it has ended for good while the run goes on: a mapped task may get more instances."""
        return UNMAPPED in self.last and self.last[UNMAPPED].state in FINISHED_STATES

    @property
    def results(self) -> tuple[Handed, ...]:
        """All that its instances have handed over."""
        return tuple(handed for event in self.instances for handed in event.results or ())

    @property
    def chooses(self) -> bool:
        """Whether it has decided which tasks run after it."""
        return any(handed.key == CHOICE_KEY for handed in self.results)

    def describe(self) -> Iterable[str]:
        """A line for each instance that didn't succeed."""
        if not self.last:
            yield f"{self.task_id} never ran"
        for event in self.instances:
            if event.state not in ("success", "skipped"):
                index = "" if event.map_index == UNMAPPED else f"[{event.map_index}]"
                said = f": {event.error}" if event.error else ""
                where = event.log_url or event.log
                log = f" (log: {where})" if where else ""
                yield f"{self.task_id}{index} is {event.state} after try {event.try_number}{said}{log}"
