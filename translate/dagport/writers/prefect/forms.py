"""The forms of tasks that the writer carries over. A new form is a module and one line here."""

from __future__ import annotations

from typing import Protocol, cast

from dagport.graph import Task
from dagport.writers.common.forms import MODULES, Forms
from dagport.writers.common.model import Function, Inspection, Refused
from dagport.writers.prefect.inputs import Inputs
from dagport.writers.prefect.scope import Scope

WHY_NOT = {
    "branch": "it chooses which tasks run next",
    "short_circuit": "it decides whether the tasks after it run",
    "sensor": "it waits for something outside",
    "trigger": "it runs another DAG",
    "wait": "it waits",
    "asset": "its function is given Airflow's own asset objects",
}


class Form(Protocol):
    """What a module of a form has. Both functions raise ``Refused``."""

    ARGUMENTS: frozenset[str]  # the operator's arguments that the form reads itself

    def inspect(self, task: Task, scope: Scope) -> Inspection:
        """What the task needs and hands over."""
        ...

    def write(self, task: Task, scope: Scope) -> tuple[Inputs, Function]:
        """The function of its task, without the decorator."""
        ...


FORMS: dict[str, Form] = Forms({name: cast(Form, module) for module in MODULES for name in module.OPERATORS})


def form_of(task: Task) -> Form:
    """The form of a task. Raises ``Refused`` when its operator has none."""
    form = FORMS.get(task.operator)
    if form is None:
        name = (
            task.operator.rpartition(".")[2]
            if ".task" not in task.operator
            else f"@{task.operator.partition('.')[2].removeprefix('sdk.')}"
        )
        why = WHY_NOT.get(task.kind)
        raise Refused(f"{name} has no exact form as a task" + (f": {why}" if why else ""))
    return form
