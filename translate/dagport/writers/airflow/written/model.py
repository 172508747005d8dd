"""What becomes of a task, in source form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dagport.graph import Task
from dagport.source import Span

Form: TypeAlias = Literal["taskflow", "operator", "asset", "manual"]
FunctionKey: TypeAlias = tuple[Span | None, str, str]
"""Where a function is defined, the names around it, and the decorator that makes tasks of it."""


@dataclass(kw_only=True)
class Written:
    """A task as it will stand in the file."""

    task: Task
    form: Form
    named: bool = True  # whether its id is an argument; a class of the project's own may make it itself
    callee: str  # the class, the decorated function, or the expression that makes one
    keywords: dict[str, str] = field(default_factory=dict)  # settings and arguments, the id left out
    call: tuple[str, ...] = ()  # arguments of a TaskFlow function's call
    partial: tuple[str, ...] = ()  # of a mapped TaskFlow function
    over: str | None = None  # the arguments of `expand`, or of `expand_kwargs`
    whole: bool = False  # mapped by `expand_kwargs`
    teardown: str = ""  # the arguments of `as_teardown`
    function: FunctionKey | None = None
    implied: frozenset[str] = frozenset()  # tasks that come before it by what it is called with
    local: frozenset[str] = frozenset()  # keywords with other tasks' results in them: they can't stand above the DAG
    notes: tuple[str, ...] = ()  # how it differs
    reason: str | None = None  # why it is manual


@dataclass(kw_only=True)
class TaskFunction:
    """A decorated function of the file, with the tasks that it makes."""

    name: str
    decorator: str  # "task", "task.branch", in the file's words
    text: str
    kept: tuple[str, ...] = ()
    order: Span | None = None
    doc: str | None = None
    constants: Mapping[str, str] = field(default_factory=dict)  # names of the functions around it
    uses: list[Written] = field(default_factory=list)

    def common(self) -> dict[str, str]:
        """Settings that all of its tasks have: those of the decorator."""
        first, *others = (use.keywords for use in self.uses)
        local = frozenset().union(*(use.local for use in self.uses))
        return {
            name: value
            for name, value in first.items()
            if name not in local and all(item.get(name) == value for item in others)
        }
