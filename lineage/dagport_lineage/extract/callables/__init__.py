"""What Python functions read and write."""

from __future__ import annotations

from dagport.graph import Task
from dagport_lineage.model import Found, Gap
from dagport_lineage.scope import Scope


def called(task: Task, scope: Scope) -> Found:
    """The datasets that a task's function reads and writes, where its code says so."""
    name = task.callable.name if task.callable else task.operator
    message = f"what `{name}` reads and writes isn't followed"
    return Found(gaps=(Gap(side="both", reason="callable", message=message, place=scope.place(task)),))
