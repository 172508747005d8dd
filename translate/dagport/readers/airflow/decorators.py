"""``@task`` and its kin, ``@setup``, ``@teardown``, ``@task.run_if``: what makes a factory of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import (
    KNOWN_TYPES,
    Anything,
    CallSite,
    External,
    Function,
    Native,
    NativeFunction,
    PyRaise,
    Unknown,
)
from dagport.readers.airflow import checks
from dagport.readers.airflow.group import GroupFactory
from dagport.readers.airflow.nodes import Dag
from dagport.readers.airflow.signatures import parameter_names
from dagport.readers.airflow.taskflow import TaskFactory

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

NEEDS_PYTHON = ("external_python", "branch_external_python")  # their first parameter isn't the function


def task_decorator(operator: str) -> Native:
    """``@task``, ``@task(...)``, ``@task.branch`` and so on, by the decorator's qualified name."""

    def decorate(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if args and operator.rpartition(".")[2] not in NEEDS_PYTHON:
            return _factory(machine, operator, args[0], kwargs, site)
        if args:
            kwargs = {"python": args[0], **kwargs}

        def with_arguments(
            machine: Machine, inner: list[Anything], _: dict[str, Anything], inner_site: CallSite
        ) -> Anything:
            return _factory(machine, operator, checks.only(inner, "decorator_factory"), dict(kwargs), inner_site)

        return NativeFunction(operator, with_arguments)

    return decorate


def _factory(
    machine: Machine, operator: str, function: Anything, kwargs: dict[str, Anything], site: CallSite
) -> Anything:
    if isinstance(function, Unknown):
        return machine.unknown(function.why, site, unseen=True)
    if isinstance(function, KNOWN_TYPES):
        raise PyRaise("TypeError", "No positional arguments allowed while using @task, use named arguments instead")
    if isinstance(function, External) and function.name.startswith("builtins."):
        raise PyRaise("AttributeError", "'builtin_function_or_method' object has no attribute '__annotations__'")
    if isinstance(function, Function) and "self" in parameter_names(function):
        raise PyRaise("TypeError", "@task does not support methods")
    values = {name: value for name, value in kwargs.items() if name != "python_callable"}
    checks.check_types(values, "@task")
    factory = TaskFactory(operator, function, values)
    if isinstance(function, TaskFactory):
        # The marks of `@setup` and `@teardown` are copied along with the function's other attributes.
        factory.setup, factory.teardown = function.setup, function.teardown
    return factory


def decorator_of_dag(dag: Dag) -> NativeFunction:
    """``@dag_object.task``: the task belongs to that DAG."""
    decorate = task_decorator("airflow.sdk.task")

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        return decorate(machine, args, {"dag": dag, **kwargs}, site)

    return NativeFunction("task", run)


def condition_decorator(
    machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> Anything:
    """``@task.run_if(condition)`` and ``@task.skip_if(condition)``: a hook that runs before the task."""
    condition = args[0] if args else kwargs.get("condition")

    def decorate(machine: Machine, inner: list[Anything], _: dict[str, Anything], inner_site: CallSite) -> Anything:
        factory = checks.only(inner, "decorator")
        if isinstance(factory, TaskFactory):
            factory.kwargs["pre_execute"] = condition
            return factory
        if isinstance(factory, Unknown):
            return factory
        raise PyRaise("TypeError", "decorate with @task before @run_if or @skip_if.")

    return NativeFunction("run_if", decorate)


def setup_decorator(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``@setup``."""
    return _marked(checks.only(args, "setup_task"), setup=True)


def teardown_decorator(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``@teardown`` and ``@teardown(on_failure_fail_dagrun=True)``."""
    if args:
        return _marked(args[0], setup=False, extra=kwargs)

    def decorate(machine: Machine, inner: list[Anything], _: dict[str, Anything], inner_site: CallSite) -> Anything:
        return _marked(checks.only(inner, "teardown"), setup=False, extra=kwargs)

    return NativeFunction("teardown", decorate)


def _marked(function: Anything, *, setup: bool, extra: dict[str, Anything] | None = None) -> Anything:
    if isinstance(function, GroupFactory):
        raise PyRaise("airflow.exceptions.AirflowException", "Task groups cannot be marked as setup or teardown.")
    if isinstance(function, Unknown):
        return function
    factory = function if isinstance(function, TaskFactory) else TaskFactory("airflow.sdk.task", function, {})
    factory.setup = factory.setup or setup
    factory.teardown = factory.teardown or not setup
    if extra:
        factory.kwargs.update(extra)
    return factory
