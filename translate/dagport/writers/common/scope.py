"""What the forms of tasks know while a pipeline is written: names, results, the source, the target's dialect."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from dagport.graph import Asset, Pipeline, Task
from dagport.source import Source, Span
from dagport.writers.common.code import bound_names, identifiers
from dagport.writers.common.edges import Dependencies
from dagport.writers.common.model import Result
from dagport.writers.common.naming import Names, identifier
from dagport.writers.common.params import Params

if TYPE_CHECKING:
    from dagport.rewrite.module import Module
    from dagport.writers.common.dialect import Dialect
    from dagport.writers.common.inputs import Inputs


CallableKey: TypeAlias = tuple[Span | None, str]


class TaskName(Protocol):
    """What a task is called in the target."""

    @property
    def short(self) -> str:
        """Its name within the pipeline."""
        ...

    @property
    def function(self) -> str:
        """Its function."""
        ...


@dataclass(kw_only=True)
class Project:
    """What all pipelines of a run share."""

    package: str
    variables: dict[str, str] = field(default_factory=dict)  # Airflow Variable -> environment variable
    environment: Names = field(default_factory=Names)

    def variable(self, name: str) -> str:
        """The environment variable that stands for an Airflow Variable."""
        if name not in self.variables:
            self.variables[name] = self.environment.allocate(identifier(name, "VAR").upper())
        return self.variables[name]


@dataclass(kw_only=True)
class Scope(ABC):
    """One pipeline being written."""

    dialect: Dialect
    source: Source
    pipeline: Pipeline
    module: Module
    dependencies: Dependencies
    assets: Mapping[str, Asset]
    params: Params
    names: Mapping[str, TaskName] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    postponed: bool = False  # annotations of the module stay texts (``from __future__ import annotations``)
    uses: dict[CallableKey, int] = field(default_factory=dict)  # function -> number of tasks that run it
    helpers: dict[CallableKey, str] = field(default_factory=dict)  # function that generated ones call -> its name

    @abstractmethod
    def inputs(self, task: Task, avoid: Iterable[str] = ()) -> Inputs:
        """The parameters of a task's function, to be collected; ``avoid``: names that it uses for something else."""

    @property
    def generated(self) -> frozenset[str]:
        """Names that the generated code of this pipeline may use."""
        unused = {"timezone"} if (self.pipeline.timezone or "UTC") == "UTC" else set()
        return frozenset(self.dialect.generated) - unused

    def task(self, task_id: str) -> Task:
        """A task by its id."""
        return self.dependencies.tasks[task_id]

    def segment(self, task: Task) -> str:
        """The source of a task's callable, its first line indented like the others."""
        callable_ = task.callable
        if callable_ is None or callable_.span is None:
            return ""
        line, column, *_ = callable_.span
        before = self.source.lines[line - 1][: column - 1]
        indent = before if not before.strip() else ""
        return indent + self.source.segment(callable_.span)

    def identifiers(self, task: Task) -> frozenset[str]:
        """The names that the code of a task's callable uses."""
        return identifiers(self.segment(task))

    def module_names(self, names: frozenset[str]) -> frozenset[str]:
        """What the module has to define for some names of the source, imports and constants included."""
        if not names:
            return frozenset()
        needed = self.module.slice(names)
        return bound_names([*needed.imports, *needed.definitions])

    def is_shared(self, task: Task) -> bool:
        """Whether several tasks run the task's named function."""
        callable_ = task.callable
        if callable_ is None or callable_.span is None or not callable_.name.isidentifier():
            return False
        return self.uses.get(self.callable_key(task), 0) > 1

    @staticmethod
    def callable_key(task: Task) -> CallableKey:
        """What tells functions apart: one definition may be made several times, with other values around it."""
        assert task.callable is not None  # noqa: S101 - asked for tasks with a callable only
        return task.callable.span, repr(task.callable.closure)
