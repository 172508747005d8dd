"""Tasks that the original engine goes on running: what is found out and told of them, and what is handed to them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from dagport.graph import Task
from dagport.writers.common.code import docstring
from dagport.writers.common.inputs import RETURN_KEY, Inputs
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Inspection, Note, Result
from dagport.writers.common.scope import Scope
from dagport.writers.common.settings import DEFAULT_POOL

NO_SCHEDULER = "a local Airflow doesn't look at `{}`: the tasks that one machine runs don't wait for other runs"
DOC_WIDTH = 96


def by_airflow(*, several: bool) -> Inspection:
    """It needs the dates of its run, and hands over whatever it has pushed; ``several``: it runs more than once."""
    return Inspection(result=Result(kind="xcoms", several=several), context=frozenset({"logical_date"}), skips=True)


def notes_of(task: Task) -> Iterator[Note]:
    """Settings of a task that only a scheduler follows."""
    if task.pool not in (None, DEFAULT_POOL):
        yield "DP403", NO_SCHEDULER.format("pool")
    for name in ("depends_on_past", "wait_for_downstream"):
        if getattr(task, name):
            yield "DP403", NO_SCHEDULER.format(name)


def documentation(text: str) -> str:
    """The docstring of the function, indented."""
    lines = textwrap.wrap(text, DOC_WIDTH, break_long_words=False, break_on_hyphens=False)
    joined = "\n".join(lines) + ("\n" if len(lines) > 1 else "")
    return textwrap.indent(docstring(joined) or '"""Airflow runs it."""', "    ")


def results(read: Iterable[str], inputs: Inputs) -> list[str]:
    """The argument with the results of other tasks, if there are any; ``read``: tasks that may have some."""
    given = {task_id: text for task_id in read if (text := handed(task_id, inputs)) is not None}
    pairs = ", ".join(f"{text_literal(task_id)}: {text}" for task_id, text in given.items())
    return [f"results={{{pairs}}}"] if given else []


def is_opaque(task: Task, scope: Scope) -> bool:
    """Whether a task may read results that the graph doesn't know of: its code can't be seen, or not all of it."""
    if task.callable is None:
        return not task.operator.startswith("airflow.")
    return task.callable.span is None or bool(scope.module.facts(task.callable).refusals)


def handed(task_id: str, inputs: Inputs) -> str | None:
    """The source of the results of a task by their keys, as Airflow has them; ``None``: it has none.

    At run time that is ``None`` where the task need not have run.
    """
    result = inputs.scope.results.get(task_id)
    if result is None or result.kind in ("nothing", "unknown"):
        return None
    name = inputs.parameter(task_id)
    if result.kind == "value":
        return f'{{"{RETURN_KEY}": {name}}}'
    if result.kind == "outputs":
        always = result.returns and not inputs.may_lack(task_id)
        return f'{{"{RETURN_KEY}": {name}, **{name if always else f"({name} or {{}})"}}}'
    return name
