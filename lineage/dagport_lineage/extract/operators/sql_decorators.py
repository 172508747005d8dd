"""Decorators whose function returns the SQL that then runs."""

from __future__ import annotations

import ast
from textwrap import dedent

from dagport.graph import Task
from dagport.passes.templates import has_template
from dagport.source import parsed
from dagport.values import Template, Value
from dagport_lineage.extract.operators.commands import DECORATORS, returned
from dagport_lineage.extract.queries import GENERIC, reached, run
from dagport_lineage.model import Found
from dagport_lineage.scope import Scope

UNKNOWN = returned("the SQL")


def sql(task: Task, scope: Scope) -> Found:
    """``@task.sql``: the SQL, where all that the function does is to return a text."""
    values = _constant(task, scope)
    if values is None:
        return UNKNOWN(task, scope)
    return run(values, task, scope, "sql", reached(task, scope, GENERIC), files=(".sql", ".json"))


def _constant(task: Task, scope: Scope) -> tuple[Value, ...] | None:
    """The texts that a function of this file returns, whatever happens; ``None`` where that isn't known."""
    if task.callable is None or task.callable.module is not None or task.callable.span is None:
        return None
    _, column, *_ = task.callable.span
    text = scope.source.segment(task.callable.span)
    try:
        statements = parsed(dedent(" " * (column - 1) + text)).body
    except (SyntaxError, ValueError):
        return None
    function = statements[0] if len(statements) == 1 else None
    if not isinstance(function, ast.FunctionDef):
        return None
    *before, last = function.body
    if not isinstance(last, ast.Return) or not all(map(_is_text, before)):
        return None
    values = last.value.elts if isinstance(last.value, ast.List | ast.Tuple) else [last.value]
    texts = [value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]
    return (
        tuple(Template(item) if has_template(item) else item for item in texts) if len(texts) == len(values) else None
    )


def _is_text(statement: ast.stmt) -> bool:
    """A statement that does nothing: a docstring."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


FAMILY = {
    **{f"{home}.sql": sql for home in DECORATORS},
    **{f"{home}.analytics": UNKNOWN for home in DECORATORS},
}
