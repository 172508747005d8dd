"""What Python functions read and write: their code is followed, and never run.

A conditional read or write counts: it is a dataset of the job. What isn't understood is a gap.
"""

from __future__ import annotations

from dagport.graph import Task
from dagport.source import Source, Span
from dagport_lineage.model import Found
from dagport_lineage.scope import Scope


def called(task: Task, scope: Scope) -> Found:
    """The datasets that a task's function reads and writes, where its code says so. Never raises."""
    from dagport_lineage.extract.callables.tasks import found_in  # start-up

    return found_in(task, scope)


def definition(task: Task, scope: Scope) -> tuple[Source, Span] | None:
    """The file, and the place in it, of the function that a task runs; ``None`` where it isn't a plain one of ours."""
    from dagport_lineage.extract.callables.tasks import definition_of  # start-up

    return definition_of(task, scope)
