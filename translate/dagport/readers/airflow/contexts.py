"""``with setup_task:`` and ``with teardown_task:`` (``BaseSetupTeardownContext`` of Airflow 3.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dagport.evaluate.domain import CallSite
from dagport.readers.airflow.nodes import Task

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


class Slot:
    """What one kind of context manages now, and what it managed before."""

    def __init__(self) -> None:
        self.now: list[Task] = []
        self.before: list[list[Task]] = []

    def push(self, tasks: list[Task]) -> None:
        """Manage other tasks; what was managed is kept when it is another."""
        if self.now and self.now != tasks:
            self.before.append(self.now)
        self.now = tasks

    def pop(self) -> tuple[list[Task], list[Task]]:
        """Go back; gives what was managed and what is managed now."""
        old = self.now
        self.now = self.before.pop() if self.before else []
        return old, self.now


class SetupTeardownContext:
    """The open blocks. A block that closes also ends the taking of notes for the blocks around it, as in Airflow."""

    def __init__(self) -> None:
        self.active = False
        self.setups = Slot()
        self.teardowns = Slot()
        self.teardowns_after = Slot()  # teardowns downstream of the managed setup
        self.setups_before = Slot()  # setups upstream of the managed teardown
        self.work: dict[tuple[Task, ...], list[Task]] = {}

    def note(self, task: Task) -> None:
        """A task was made inside the open blocks."""
        if not self.active or task.setup or task.teardown:
            return
        for slot in (self.setups, self.teardowns):
            if slot.now:
                self.work.setdefault(tuple(slot.now), []).append(task)

    def enter(self, tasks: list[Task]) -> None:
        """Open a block managed by some setups, or by some teardowns."""
        if tasks[0].teardown:
            self.teardowns.push(tasks)
            self.setups_before.push(_nearest(tasks[0], list(tasks[0].upstream), lambda task: task.setup))
        else:
            self.setups.push(tasks)
            self.teardowns_after.push(_nearest(tasks[0], list(tasks[0].downstream), lambda task: task.teardown))
        self.active = True

    def leave(self, machine: Machine, site: CallSite) -> None:
        """Close the innermost block: link its work to its setups and teardowns."""
        setups, teardowns = self.setups.now, self.teardowns.now
        if setups:
            self._link_setups(setups)
        if teardowns:
            self._link_teardowns(teardowns)
        self._close()
        self.active = False
        machine.effect(None)

    def _link_setups(self, setups: list[Task]) -> None:
        work = self._work_of(setups)
        if not work:
            return
        _link_all(setups, [task for task in work if not task.upstream] or work[:1])
        leaves = [task for task in work if not task.downstream] or work[-1:]
        after = self.teardowns_after.now
        _link_all(self.teardowns.now or leaves, after)

    def _link_teardowns(self, teardowns: list[Task]) -> None:
        work = self._work_of(teardowns)
        if not work:
            return
        _link_all([task for task in work if not task.downstream] or work[-1:], teardowns)
        roots = [task for task in work if not task.upstream] or work[:1]
        before = self.setups_before.now
        _link_all(before, self.setups.now or roots)

    def _work_of(self, managed: list[Task]) -> list[Task]:
        return [task for task in self.work.get(tuple(managed), []) if not task.setup and not task.teardown]

    def _close(self) -> None:
        managed: list[tuple[Task, ...]] = []
        for slot, inner_first in (
            (self.setups, False), (self.teardowns, True), (self.teardowns_after, True), (self.setups_before, False),
        ):  # fmt: skip
            old, new = slot.pop()
            if slot in (self.setups, self.teardowns):
                managed.append(tuple(old))
            if old and new:
                _link_all(old, new) if inner_first else _link_all(new, old)
        for key in managed:
            self.work.pop(key, None)


def _link_all(before: list[Task], after: list[Task]) -> None:
    from dagport.readers.airflow.relations import link

    for first in before:
        for second in after:
            link(first, second)


def _nearest(start: Task, ring: list[Task], wanted: Callable[[Task], bool]) -> list[Task]:
    """The tasks wanted that are next to a task, searched ring by ring in both directions."""
    seen = {start}
    while ring:
        found = [task for task in ring if wanted(task)]
        if found:
            return found
        seen.update(ring)
        ring = [other for task in ring for other in (*task.downstream, *task.upstream) if other not in seen]
    return []
