"""Tasks that can't be carried over: an asset in the right place that raises when it is run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from dagport.graph import Task
from dagport.writers.dagster.literals import text_literal
from dagport.writers.dagster.model import Function
from dagport.writers.dagster.render import render
from dagport.writers.dagster.scope import Scope

LONGEST_EXCERPT = 60  # lines
WIDTH = 80


def write(task: Task, scope: Scope, reason: str) -> Function:
    """A function that raises, with the source of the task in comments for whoever writes it by hand."""
    place = f"{scope.source.path}:{task.span[0]}" if task.span else scope.source.path
    description = f"The task {task.id!r} of the DAG {scope.pipeline.id!r} ({place}) isn't translated: {reason}"
    text = render(
        "refusal.py",
        function=scope.names[task.id].function,
        signature="",
        place=f"Write this task by hand. It is at {place}:",
        excerpt=list(_excerpt(task, scope)),
        description=wrapped(description),
    )
    return Function(text=text.rstrip())


def wrapped(text: str) -> list[str]:
    """A text as adjacent string literals, none of them long."""
    lines = textwrap.wrap(text, WIDTH, drop_whitespace=False, break_long_words=False, break_on_hyphens=False)
    return [text_literal(line) for line in lines]


def _excerpt(task: Task, scope: Scope) -> Iterator[str]:
    spans = [task.span] if task.span else []
    if task.callable and task.callable.span and task.callable.span not in spans:
        spans.append(task.callable.span)
    lines: list[str] = []
    for span in spans:
        first, *rest = scope.source.segment(span).split("\n")
        indent = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
        indent = min(indent, span[1] - 1)
        lines += ["", first, *(line[indent:] for line in rest)]
    yield from lines[:LONGEST_EXCERPT]
    if len(lines) > LONGEST_EXCERPT:
        yield f"... and {len(lines) - LONGEST_EXCERPT} more lines"
