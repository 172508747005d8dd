"""The forms of tasks for targets whose tasks are Python functions. A new form is a module and one line here.

A module has ``OPERATORS``, the operators and decorators that it knows; ``ARGUMENTS``, those of their arguments that it
reads itself; ``inspect(task, scope)``, what a task needs and hands over; ``write(task, scope)``, its parameters and its
function, without a decorator. Both functions raise ``Refused``.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Protocol, TypeVar

from dagport.graph import Task
from dagport.writers.common import (
    asset_function,
    bash,
    bash_function,
    clock,
    empty,
    isolated,
    latest,
    own_operator,
    python,
    sensors,
    sql,
)
from dagport.writers.common.model import Function, Inspection, Refused

ScopeT = TypeVar("ScopeT", contravariant=True)  # the scope of a target
InputsT = TypeVar("InputsT", covariant=True)  # its inputs

MODULES: tuple[ModuleType, ...] = (
    python,
    asset_function,
    isolated,
    bash,
    bash_function,
    clock,
    latest,
    sensors,
    sql,
    empty,
)

ROWS: tuple[tuple[str, str, str], ...] = (
    (
        "`@task.virtualenv`, `@task.external_python`, their operators, and both as branches",
        "native",
        "a function that has the user's run in that Python by `isolated.py`, made by uv or venv or there already",
    ),
    (
        "... with `string_args`, `skip_on_exit_code`, `templates_dict`, names of the module, most of the context",
        "delegated",
        "the function gets none of that in another Python",
    ),
    (
        "`@task.bash`",
        "native",
        "the function returns the command, and `run_bash` runs it; a returned template is rendered",
    ),
    ("`@task.bash` that makes a template in any other way", "delegated", "Airflow renders what the function returned"),
    ("`@asset`, `@asset.multi`", "native", "the function; one that is given Airflow's asset objects is delegated"),
    (
        "functions of `@task.branch`, `@task.short_circuit` and their operators",
        "native",
        "the function returns the ids to follow, or whether to go on",
    ),
    (
        "BranchDateTimeOperator, BranchDayOfWeekOperator",
        "native",
        "a function that asks `is_between` or `is_weekday` of `clock.py`, of now or of the logical date",
    ),
    (
        "LatestOnlyOperator",
        "native",
        "with Airflow 3 and a schedule by cron or interval: by `latest.py`; a run that is started by hand goes on",
    ),
    (
        "`@task.sensor`, PythonSensor, TimeDeltaSensor, DateTimeSensor, FileSensor with an absolute path",
        "native",
        "a function that looks every so often by `poke_until` of `poking.py`, in whatever mode it waits in Airflow",
    ),
    (
        "... with `soft_fail`, `never_fail`, `silent_fail`, `exponential_backoff`, or with retries and not in the mode "
        "`poke`",
        "delegated",
        "as they wait",
    ),
    (
        "operators that the file defines itself",
        "native",
        "`execute` is the function, where the class derives from BaseOperator, keeps arguments, and has nothing else",
    ),
    ("AirflowSkipException", "native", "`Skip`: the task and what comes after it end by Airflow's rules"),
    (
        "`dag_run.conf`",
        "native",
        "`conf`, which a run is given when it is made; with `params` in the DAG it is delegated",
    ),
    ("`partition_key`", "native", "that of the run; not for schedules whose runs have dates"),
    ("`macros.ds_add`, `macros.ds_format`, `task_instance_key_str`", "native", "the same text"),
    (
        "the result of a branch or a short circuit, as an argument",
        "delegated",
        "Airflow 3 keeps it only where nothing is skipped; a task right after a short circuit has it",
    ),
)
"""What the forms carry over: a concept, its fidelity, where it goes. For the tables of support."""


WHY_NOT = {
    "branch": "it chooses which tasks run next",
    "short_circuit": "it decides whether the tasks after it run",
    "sensor": "it waits for something outside",
    "trigger": "it runs another DAG",
    "wait": "it waits",
    "asset": "its function is given Airflow's own asset objects",
}
"""Kinds of tasks: why an operator of that kind has no form."""


class Form(Protocol[ScopeT, InputsT]):
    """What a module of a form has, for the scope and the inputs of a target. Both functions raise ``Refused``."""

    ARGUMENTS: frozenset[str]  # the operator's arguments that the form reads itself

    def inspect(self, task: Task, scope: ScopeT) -> Inspection:
        """What the task needs and hands over."""
        ...

    def write(self, task: Task, scope: ScopeT) -> tuple[InputsT, Function]:
        """Its function, without the decorator."""
        ...


class Forms(dict[str, Any]):
    """Forms by operator; one that isn't Airflow's may be a class of the file."""

    def get(self, operator: str, default: Any = None) -> Any:
        """The form of an operator, ``default`` when there is none."""
        found = super().get(operator, default)
        return own_operator if found is None and own_operator.is_own(operator) else found


def no_form(task: Task, what: str, why: str | None = None) -> Refused:
    """The refusal of a task whose operator has no form; ``what``: what it would become in the target."""
    dotted = task.operator
    decorator = f"@{dotted.partition('.')[2].removeprefix('sdk.')}"
    name = decorator if ".task" in dotted else dotted.rpartition(".")[2]
    why = why or WHY_NOT.get(task.kind)
    return Refused(f"{name} has no exact form as {what}" + (f": {why}" if why else ""))
