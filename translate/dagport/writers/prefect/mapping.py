"""Mapped tasks and groups: what one instance is given, and what the flow maps over."""

from __future__ import annotations

from collections.abc import Mapping

from dagport.graph import Group, Task
from dagport.passes.control import Control, control_of
from dagport.semantics.outcomes.rules import UnknownRuleError
from dagport.semantics.outcomes.shape import CycleError
from dagport.values import Value, XCom
from dagport.writers.common.inputs import RETURN_KEY
from dagport.writers.common.mapped import free_of, instance_of, over_of
from dagport.writers.common.model import Refused
from dagport.writers.common.naming import identifier
from dagport.writers.prefect.calls import Given, Over, ResultOf
from dagport.writers.prefect.inputs import Inputs
from dagport.writers.prefect.scope import Scope

LISTS = ("value", "outputs")  # kinds of results that may be a list or a dict to map over


class Mappings:
    """The mapped tasks and groups of a pipeline."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.groups = {group.id: group for group in scope.pipeline.groups if group.mapped}
        self.controls = _controls(scope)
        self.torn = frozenset(group for group in self.groups if self._is_torn(group))

    def group_of(self, task: Task) -> Group | None:
        """The mapped group that a task lies in."""
        control = self.controls.get(task.id)
        return self.groups.get(control.group) if control is not None and control.group is not None else None

    def instance(self, task: Task) -> Task:
        """What the form of a task sees: one instance of a mapped one. Raises ``Refused``."""
        group = self.group_of(task)
        if group is not None and group.id in self.torn:
            raise Refused(f"a task that isn't part of its mapped group {group.id!r} runs between its tasks")
        return instance_of(task, group, free_of(task, self.scope))

    def over(self, task: Task, inputs: Inputs) -> Over | None:
        """What a mapped task is mapped over, by the parameters that get the items. Raises ``Refused``."""
        if task.mapped is None:
            return None
        over = over_of(task)
        if isinstance(over, Mapping):
            for name in over:
                if name not in inputs.items:
                    inputs.items[name] = inputs.names.allocate(identifier(name, "item"), ["item"])
            return Over(arguments={inputs.items[name]: self._given(value, task) for name, value in over.items()})
        if any(name != parameter for name, parameter in inputs.items.items()):
            raise Refused("it is expanded over dicts with a key that no parameter can be called")
        return Over(kwargs=self._given(over if isinstance(over, XCom) else list(over), task))

    def over_group(self, task: Task) -> tuple[str, Over] | None:
        """The mapped group of a task, and what it is mapped over. Raises ``Refused``."""
        group = self.group_of(task)
        if group is None:
            return None
        return group.id, Over(arguments={name: self._given(value, task) for name, value in group.over.items()})

    def _given(self, value: Value, task: Task) -> Given:
        """A list that is mapped over, as the flow has it."""
        if isinstance(value, XCom):
            producer = self.scope.results.get(value.task_id)
            if value.key != RETURN_KEY or producer is None or producer.kind not in LISTS:
                raise Refused(f"it is mapped over what {value.task_id!r} hands over, which isn't a plain result")
            return ResultOf(task=value.task_id)
        inputs = self.scope.inputs(task)
        text = inputs.value(value)
        if inputs.upstream or inputs.of_flow or inputs.imports or inputs.support:
            raise Refused("it is mapped over a list that is made of what only a run knows")
        return text

    def _is_torn(self, group: str) -> bool:
        """Whether a task outside of a group comes after one of its tasks, and before another."""
        members = {task for task, control in self.controls.items() if control.group == group}
        after: set[str] = set()  # outside of it, and after one of its tasks
        left = [task for task in self.controls if task not in members]
        while found := [one for one in left if {*self.controls[one].waits} & (members | after) and one not in after]:
            after.update(found)
        return any({*self.controls[one].waits} & after for one in members)


def _controls(scope: Scope) -> Mapping[str, Control]:
    try:
        return control_of(scope.pipeline)
    except (CycleError, UnknownRuleError):  # told elsewhere
        return {}
