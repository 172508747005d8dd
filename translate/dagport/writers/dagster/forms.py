"""The forms of tasks that the writer carries over. A new form is a module and one line here."""

from __future__ import annotations

from typing import TypeAlias, cast

from dagport.graph import Task
from dagport.writers.common import forms as common
from dagport.writers.common.forms import MODULES, WHY_NOT, Forms, no_form
from dagport.writers.common.model import Refused
from dagport.writers.dagster import families, triggers, waits
from dagport.writers.dagster.families import commands, elsewhere
from dagport.writers.dagster.inputs import Inputs
from dagport.writers.dagster.scope import Scope

CHOOSES = ("branch", "short_circuit")
Form: TypeAlias = common.Form[Scope, Inputs]

FORMS: dict[str, Form] = Forms(
    {
        **{name: cast(Form, module) for module in (*MODULES, commands, triggers, waits) for name in module.OPERATORS},
        **families.forms(),
    }
)


def form_of(task: Task) -> Form:
    """The form of a task. Raises ``Refused`` when its operator, or the rule it runs by, has none."""
    if task.mapped is not None:
        raise Refused("it is mapped: how many times it runs is known only when it runs")
    if task.setup or task.teardown:
        raise Refused(f"it is a {'setup' if task.setup else 'teardown'} task")
    form = FORMS.get(task.operator)
    if form is not None and task.kind in CHOOSES:
        raise Refused(f"{WHY_NOT[task.kind]}, and an asset runs when all before it have succeeded")
    why = elsewhere.why(task.operator) if task.operator not in FORMS else None
    if form is None or why is not None:
        raise no_form(task, "an asset", why)
    return form
