"""What the functions of the source say about their ends and results, read from its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from dagport.graph import Task
from dagport.translation import Document
from dagport.verify.targets.code import Function

RESULT = "return_value"
SKIP = "AirflowSkipException"
CODES = ("skip_on_exit_code", "skip_exit_code")
SOFTENS = ("soft_fail", "never_fail", "skipped_states")
OWN_SKIP = {
    "bash": CODES,
    "container": CODES,
    "sensor": SOFTENS,
    "wait": SOFTENS,
    "http": ("response_check", "response_filter"),
}
"""Kinds whose operators may skip themselves, and what they are given where they do."""


def skips_by_itself(task: Task, version: str | None) -> bool:
    """Whether its operator skips it by an argument; since Airflow 2 Bash does at exit code 99 unless told otherwise."""
    names = OWN_SKIP.get(task.kind, ())
    given = [task.arguments[name] for name in names if name in task.arguments]
    if task.kind == "bash" and not given:
        return version != "1.10"
    return any(value not in (None, False, []) for value in given)


@dataclass(frozen=True)
class SourceCode:
    """The file of a DAG."""

    document: Document

    @cached_property
    def functions(self) -> list[Function]:
        """All functions of the file."""
        try:
            tree = ast.parse(self.document.source.text)
        except (SyntaxError, ValueError):
            return []  # a file of another language, such as YAML
        return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    def function(self, task: Task) -> Function | None:
        """The function that a task runs, where this file defines it."""
        span = task.callable.span if task.callable else None
        if span is None or task.callable is None:
            return None
        lines = range(span[0], span[2] + 1)
        return next((one for one in self.functions if one.name == task.callable.name and one.lineno in lines), None)

    def may_skip(self, task: Task, version: str | None = None) -> bool:
        """Whether it may skip itself: by its operator, or as its function, or one of the file that it names, does."""
        return skips_by_itself(task, version) or self._raises_skip(task)

    def _raises_skip(self, task: Task) -> bool:
        function = self.function(task)
        if function is None:
            return False
        named = {one.name: one for one in self.functions}
        seen: set[str] = set()
        waiting: list[ast.AST] = [function]
        while waiting:
            names = set(_names(waiting.pop()))
            if SKIP in names:
                return True
            waiting += [named[name] for name in names - seen if name in named]
            seen |= names
        return False

    def is_silent(self, task: Task) -> bool:
        """Whether its result is certainly nothing."""
        function = self.function(task)
        if function is None:
            return task.kind == "empty"
        return not any(
            _pushes_result(node)
            or (isinstance(node, ast.Return) and node.value is not None)
            or isinstance(node, ast.Yield | ast.YieldFrom)
            for node in ast.walk(function)
        )


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def _pushes_result(node: ast.AST) -> bool:
    """A push whose key is that of the result, or isn't written out."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "xcom_push":
        return False
    key = next((one.value for one in node.keywords if one.arg == "key"), node.args[0] if node.args else None)
    return not isinstance(key, ast.Constant) or key.value == RESULT
