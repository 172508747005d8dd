"""What the builders of the targets whose tasks are Python functions share: one pipeline's tasks, looked at and told of.

A builder looks at all tasks first, gives names then, and writes each task at last. What it can't carry over it refuses,
at any of these steps, by ``Refused``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from dagport.diagnostics import Diagnostic, diagnose
from dagport.graph import Pipeline, Task
from dagport.translation import Fidelity, TaskOutcome
from dagport.writers.common.code import bound_names, with_docstring
from dagport.writers.common.dag_arguments import differences
from dagport.writers.common.inputs import Inputs
from dagport.writers.common.model import UNKNOWN, Function, Inspection, Note, Refused, Settings
from dagport.writers.common.naming import python_names
from dagport.writers.common.regions import Delegation
from dagport.writers.common.scope import Scope

FOLDED = "folded into its neighbours: it only orders other tasks"


class Written(Protocol):
    """What a builder has written of one task."""

    @property
    def fidelity(self) -> Fidelity:
        """How well it was carried over."""
        ...

    @property
    def reason(self) -> str | None:
        """What differs, or is missing."""
        ...


class Builder(ABC):
    """Writes the tasks of one pipeline; what is said of them is in ``diagnostics`` once they are written."""

    def __init__(self, scope: Scope, delegation: Delegation | None = None) -> None:
        """``delegation`` is what Airflow runs, ``None`` when what has no form is refused for good."""
        self.scope = scope
        self.delegates = delegation is not None
        self.delegation = delegation or Delegation()
        self.inspections: dict[str, Inspection] = {}
        self.refusals: dict[str, str] = {}
        self.names = python_names(scope.dialect.generated)
        self.diagnostics: list[Diagnostic] = []
        self.told: set[Note] = set()  # notes that are the same for several tasks are told once

    # Looking

    @abstractmethod
    def _inspected(self, task: Task) -> Inspection:
        """What its form finds out about a task. Raises ``Refused``."""

    @abstractmethod
    def _by_airflow(self, task: Task) -> Inspection:
        """The same of a task that Airflow runs."""

    def _is_delegated(self, task: Task) -> bool:
        """Whether Airflow runs a task."""
        return task.id in self.delegation.reasons

    def _inspect(self, task: Task) -> None:
        """Look at a task; one that is refused is taken for one that Airflow will run, unless it is refused for good."""
        try:
            inspection = self._by_airflow(task) if self._is_delegated(task) else self._inspected(task)
        except Refused as refused:
            self.refusals[task.id] = str(refused)
            inspection = self._by_airflow(task) if self.delegates else Inspection(result=UNKNOWN)
        self.inspections[task.id] = inspection
        self.scope.results[task.id] = inspection.result

    def _count_uses(self) -> None:
        """Count the tasks that run each function, those that Airflow runs left out."""
        scope = self.scope
        own = [task for task in scope.pipeline.tasks if not self._is_delegated(task)]
        scope.uses.update(Counter(scope.callable_key(task) for task in own if task.callable))

    def _check_slice(self, names: frozenset[str]) -> None:
        """Raise ``Refused`` where what some names of the source need can't stand beside the generated code."""
        if not names:
            return
        found = self.scope.module.slice(names)
        if found.refusals:
            raise Refused(found.refusals[0].reason)
        generated = self.scope.dialect.generated.items()
        needed = {name for name, statement in generated if statement not in found.imports}
        taken = bound_names([*found.imports, *found.definitions]) & needed & self.scope.generated
        if taken:
            raise Refused(f"the module's own `{min(taken)}` isn't what that name means in the generated code")

    # Naming

    def _name_helpers(self, tasks: Iterable[Task]) -> None:
        """Give a name to each function of the source that generated ones call."""
        helpers = self.scope.helpers
        for task in tasks:
            helper = self.inspections[task.id].helper
            if helper is not None and self.scope.callable_key(task) not in helpers:
                helpers[self.scope.callable_key(task)] = self.names.allocate(helper)

    # Writing

    def _check(self, task: Task, settings: Settings) -> None:
        """Raise ``Refused`` for a task that was refused when it was looked at, or has settings without a place."""
        why = self.refusals.get(task.id, settings.refusal)
        if why is not None:
            raise Refused(why)

    def _differs(self, task: Task, settings: Settings, inputs: Inputs, more: Iterable[str] = ()) -> str | None:
        """Say how a task may end otherwise than in Airflow; returns it, ``None``: not at all."""
        found = [*settings.approximations, *inputs.approximations, *more, *differences(self.scope.pipeline)]
        if task.conditional is not None:
            found.append(f"it may not exist in Airflow: that depends on `{task.conditional}`")
        is_dated = bool(self.inspections[task.id].context) or inputs.is_dated
        if "engine_version" in self.scope.pipeline.assumptions and is_dated:
            version = self.scope.pipeline.engine_version
            found.append(
                f"its dates are those of Airflow {version}, and nothing in the file says that it is for that version: "
                "set --airflow-version"
            )
        reason = "; ".join(found) or None
        if reason:
            self._say("DP402", reason, task)
        self._tell([*settings.notes, *inputs.notes], task)
        return reason

    # Telling

    def _tell(self, notes: Iterable[Note], task: Task) -> None:
        for note in notes:
            if note not in self.told:
                self.told.add(note)
                self._say(*note, task)

    def _say(self, code: str, message: str, task: Task) -> None:
        pipeline = self.scope.pipeline.id
        self.diagnostics.append(
            diagnose(code, message, self.scope.source.path, task.span, pipeline=pipeline, task=task.id)
        )

    def _outcomes(self, written: Mapping[str, Written], targets: Mapping[str, str]) -> Iterator[TaskOutcome]:
        """What became of every task, in the source's order; ``targets``: where each went."""
        for task in self.scope.pipeline.tasks:
            found = written.get(task.id)
            if found is None:
                self._say("DP405", f"the task {task.id!r} only orders others", task)
            yield TaskOutcome(
                path=self.scope.source.path,
                pipeline=self.scope.pipeline.id,
                task=task.id,
                fidelity=found.fidelity if found else "native",
                target=targets[task.id] if found else None,
                reason=found.reason if found else FOLDED,
            )


def documented(function: Function, task: Task) -> Function:
    """A generated function with the task's documentation as its docstring."""
    if function.documented or function.chunks or not task.doc:
        return function
    text = with_docstring(function.text, task.doc)
    return function if text is None else replace(function, text=text, documented=True)


def mapped_members(pipeline: Pipeline) -> frozenset[str]:
    """The tasks in mapped groups, at any depth."""
    mapped: dict[str | None, bool] = {None: False}
    for group in pipeline.groups:  # each after its parent
        mapped[group.id] = group.mapped or mapped.get(group.parent, False)
    return frozenset(task.id for task in pipeline.tasks if mapped.get(task.group))
