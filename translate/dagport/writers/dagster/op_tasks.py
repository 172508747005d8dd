"""Tasks that become ops: their forms are those of assets; what decides about them is the graph's business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from dagport.graph import Task
from dagport.passes.control import Control
from dagport.rewrite.model import Facts
from dagport.values import Value, XCom
from dagport.writers.common import functions, own_operator, python
from dagport.writers.common.arguments import NAMED, bind
from dagport.writers.common.mapped import instance_of, over_of
from dagport.writers.common.model import Function, Inspection, Refused, Settings
from dagport.writers.common.naming import Names, clean, identifier
from dagport.writers.dagster import forms
from dagport.writers.dagster.forms import FORMS, Form
from dagport.writers.dagster.graphs import units_of
from dagport.writers.dagster.inputs import Inputs
from dagport.writers.dagster.ops import Expansion, settings_of_op
from dagport.writers.dagster.settings import settings_of

if TYPE_CHECKING:
    from dagport.writers.dagster.scope import Scope

DECIDES = frozenset({"on_failure_fail_dagrun", "ignore_downstream_trigger_rules"})
"""Arguments that the graph follows."""
AT_ONCE = ("one_success", "one_failed", "one_done", "always")


class OpTasks:
    """Looks at and writes the tasks of one pipeline that become ops."""

    def __init__(self, scope: Scope, prefix: str, names: Names) -> None:
        self.scope, self.prefix, self.graphs, self.names = scope, prefix, scope.graphs, names
        self.expansions: dict[str, Expansion] = {}

    def inspect(self, task: Task) -> Inspection:
        """What a task needs and hands over. Raises ``Refused``."""
        units_of(self.graphs.region_of(task.id), self.graphs.control)
        found = form_of(task).inspect(self.instance(task), self.scope)
        return replace(found, result=replace(found.result, several=task.mapped is not None))

    def instance(self, task: Task) -> Task:
        """What the form of a task sees: one instance of a mapped one. Raises ``Refused``."""
        group = self.control(task).group
        return instance_of(task, self.graphs.groups[group] if group else None, self._free(task))

    def control(self, task: Task) -> Control:
        """What decides about a task."""
        return self.graphs.control[task.id]

    def _free(self, task: Task) -> list[str]:
        """The parameters that ``expand_kwargs`` of a result has to bring. Raises ``Refused`` where one need not."""
        if task.callable is None or task.mapped is None or not isinstance(over_of(task), XCom):
            return []
        facts = functions.facts_of(task, self.scope)
        given = bind(task, facts).by_name
        free = [one for one in facts.parameters if one.kind in NAMED and one.name not in given]
        if any(one.default is not None for one in free) or _takes_any(facts):
            raise Refused("it is expanded over another task's dicts: which arguments it gets is known when it runs")
        return [one.name for one in free]

    def settings(self, task: Task, metadata: Mapping[str, str]) -> Settings:
        """What its settings become; those of its asset are among them."""
        form = FORMS.get(task.operator)
        own = (form.ARGUMENTS if form is not None else frozenset[str]()) | DECIDES
        found = settings_of(task, self.scope.pipeline, self.scope.assets, own, metadata)
        *_, left = settings_of_op(found.arguments)
        refusal = found.refusal or (f"`{left[0]}` is an asset's, and it becomes an op" if left else None)
        notes = list(found.notes)
        control = self.control(task)
        if control.rule in AT_ONCE and control.upstream:
            what = f"the rule {control.rule} is asked when all before it have ended, not with the first of them"
            notes.append(("DP403", what))
        doubts = (control.doubt,) if control.doubt else ()
        return replace(found, refusal=refusal, notes=tuple(notes), approximations=(*found.approximations, *doubts))

    def write(self, task: Task) -> tuple[Inputs, Function]:
        """The function of a task's op. Raises ``Refused``."""
        self._expand(task)
        inputs, function = form_of(task).write(self.instance(task), self.scope)
        for name in function.not_in_op:
            inputs.imports.pop(name, None)
            inputs.support.pop(name, None)
        if function.decorator and not function.in_op:
            raise Refused(f"`{next(iter(function.decorator))}` is an asset's, and it becomes an op")
        inputs.support["control"] = None
        if python.SKIP in self.raised(task):
            inputs.support["skip"] = None
        return inputs, function

    def raised(self, task: Task) -> frozenset[str]:
        """Airflow's exceptions that a task's function raises."""
        if own_operator.is_own(task.operator):
            return own_operator.raises(task, self.scope)
        if task.callable is None or task.callable.span is None:
            return frozenset()
        return self.scope.module.facts(task.callable).raises

    def _expand(self, task: Task) -> None:
        """The function that says what a task, or its group, is expanded over."""
        group = self.control(task).group
        if task.mapped is not None:
            self._add(task.id, task, over_of(task))
        elif group is not None and group not in self.expansions:
            self._add(group, task, self.graphs.groups[group].over)

    def _add(self, name: str, task: Task, over: Value) -> None:
        inputs = self.scope.inputs(task)
        body = f"return {inputs.value(over)}"
        op = self.scope.project.op(f"{self.prefix}__{clean(name)}_items", self.prefix, name, "items")
        function = self.names.allocate(f"{identifier(name, 'task')}_items")
        self.expansions[name] = Expansion(task_id=name, function=function, inputs=inputs, body=body, op=op)


def form_of(task: Task) -> Form:
    """The form of a task's operator. Raises ``Refused`` when it has none."""
    return FORMS.get(task.operator) or forms.form_of(replace(task, mapped=None, setup=False, teardown=False))


def _takes_any(facts: Facts) -> bool:
    return any(one.kind not in NAMED for one in facts.parameters)
