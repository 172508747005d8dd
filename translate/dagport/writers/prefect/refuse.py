"""Tasks that can't be carried over: a task in the right place that raises when it is run."""

from __future__ import annotations

from dagport.graph import Task
from dagport.writers.common.excerpt import excerpt, place, refusal, wrapped
from dagport.writers.common.model import Function
from dagport.writers.prefect.render import render
from dagport.writers.prefect.scope import Scope


def write(task: Task, scope: Scope, reason: str) -> Function:
    """A function that raises, with the source of the task in comments for whoever writes it by hand."""
    text = render(
        "refusal.py",
        function=scope.names[task.id].function,
        place=f"Write this task by hand. It is at {place(task, scope)}:",
        excerpt=list(excerpt(task, scope)),
        description=wrapped(refusal(task, scope, reason)),
    )
    return Function(text=text.rstrip())
