"""The forms of tasks that the writer carries over. A new form is a module and one line here."""

from __future__ import annotations

from typing import TypeAlias, cast

from dagport.graph import Task
from dagport.writers.common import forms as common
from dagport.writers.common.forms import MODULES, Forms, no_form
from dagport.writers.prefect import starting
from dagport.writers.prefect.inputs import Inputs
from dagport.writers.prefect.scope import Scope

Form: TypeAlias = common.Form[Scope, Inputs]

FORMS: dict[str, Form] = Forms(
    {name: cast(Form, module) for module in (*MODULES, starting) for name in module.OPERATORS}
)


def form_of(task: Task) -> Form:
    """The form of a task. Raises ``Refused`` when its operator has none."""
    form = FORMS.get(task.operator)
    if form is None:
        raise no_form(task, "a task")
    return form
