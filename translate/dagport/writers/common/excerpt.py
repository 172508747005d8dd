"""The source of a task in comments, for whoever writes it by hand."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from dagport.graph import Task
from dagport.writers.common.literals import text_literal
from dagport.writers.common.scope import Scope

LONGEST_EXCERPT = 60  # lines
WIDTH = 80


def place(task: Task, scope: Scope) -> str:
    """Where the source has a task."""
    return f"{scope.source.path}:{task.span[0]}" if task.span else scope.source.path


def refusal(task: Task, scope: Scope, reason: str) -> str:
    """What a refused task says when it is run."""
    where = place(task, scope)
    return f"The task {task.id!r} of the DAG {scope.pipeline.id!r} ({where}) isn't translated: {reason}"


def wrapped(text: str) -> list[str]:
    """A text as adjacent string literals, none of them long."""
    lines = textwrap.wrap(text, WIDTH, drop_whitespace=False, break_long_words=False, break_on_hyphens=False)
    return [text_literal(line) for line in lines]


def excerpt(task: Task, scope: Scope) -> Iterator[str]:
    """The lines of a task and of its function."""
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
