"""``@task`` and its kin: decorated functions that make a task when they are called.

Source: ``airflow.sdk.bases.decorator`` and the decorators of the standard provider.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    BoundMethod,
    CallSite,
    Function,
    Model,
    Native,
    NativeFunction,
    PyRaise,
    Unknown,
)
from dagport.readers.airflow.nodes import Dag, Group, Mapped, Task, XComRef, library_class, same_prefix_number
from dagport.readers.airflow.task import (
    BASE,
    _take_base,
    current_place,
    defaults_for,
    depend_on_results,
    enrol,
    literal_length,
    new_task,
)

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

CONTEXT_KEYS = {
    "conf", "conn", "dag", "dag_run", "data_interval_end", "data_interval_start", "ds", "ds_nodash", "exception",
    "execution_date", "expanded_ti_count", "inlet_events", "inlets", "logical_date", "macros", "map_index_template",
    "next_ds", "next_ds_nodash", "next_execution_date", "outlet_events", "outlets", "params", "partition_key",
    "prev_data_interval_end_success", "prev_data_interval_start_success", "prev_ds", "prev_ds_nodash",
    "prev_end_date_success", "prev_execution_date", "prev_execution_date_success", "prev_start_date_success",
    "reason",
    "run_id", "start_date", "task", "task_instance", "task_instance_key_str", "task_reschedule_count",
    "templates_dict",
    "test_mode", "ti", "tomorrow_ds", "tomorrow_ds_nodash", "triggering_asset_events", "triggering_dataset_events",
    "try_number", "ts", "ts_nodash", "ts_nodash_with_tz", "var", "yesterday_ds", "yesterday_ds_nodash",
    "task_state_store", "asset_state_store",
}  # fmt: skip
CORE_DECORATORS = {
    "", "python", "branch", "short_circuit", "sensor", "bash", "virtualenv", "external_python", "branch_virtualenv",
    "branch_external_python", "docker", "kubernetes", "pyspark", "stub", "sql",
}  # fmt: skip
COMMON_TEMPLATES = ("op_args", "op_kwargs")
TEMPLATES = {
    "bash": ("bash_command", "env", "cwd"),
    "virtualenv": (
        "requirements",
        "index_urls",
        "index_urls_from_connection_ids",
        "venv_cache_path",
        "templates_dict",
    ),
    "python": ("templates_dict",),
    "": ("templates_dict",),
    "docker": ("image", "command", "environment", "env_file", "container_name"),
    "kubernetes": ("image", "cmds", "arguments", "env_vars", "labels", "config_file", "namespace"),
    "sql": ("sql", "parameters", "conn_id", "database", "hook_params"),
}


class TaskFactory(Model):
    """A function decorated with ``@task`` (``_TaskDecorator``)."""

    __slots__ = ("function", "kind", "kwargs", "operator", "setup", "teardown")

    def __init__(self, operator: str, function: Anything, kwargs: dict[str, Anything]) -> None:
        self.operator = operator  # the decorator's qualified name
        self.kind = operator.partition(".task")[2].lstrip(".")
        self.function = function
        self.kwargs = kwargs
        self.setup = False
        self.teardown = False

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``override``, ``partial``, ``expand``, ``expand_kwargs``, ``function`` and the function's own attributes."""
        method = METHODS.get(name)
        if method is not None:
            return BoundMethod(NativeFunction(name, method), self)
        if name in ("function", "__wrapped__"):
            return self.function
        if name == "kwargs":
            return self.kwargs
        return machine.attribute(self.function, name, site)

    def call(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        """Make the task; gives its result."""
        if self.teardown:
            if "trigger_rule" in self.kwargs:
                raise PyRaise("ValueError", "Trigger rule not configurable for teardown tasks.")
            self.kwargs["trigger_rule"] = "all_done_setup_success"
        task = self._new(machine, site)
        op_kwargs = {**self.kwargs.get("op_kwargs", {}), **kwargs}
        dag, group, values = self._values(machine, site)
        self._fill_from_defaults(machine, op_kwargs, dag, group, site)
        check_signature(self.function, args, op_kwargs)
        task.arguments = {**self._own_arguments(values), "op_args": list(args), "op_kwargs": op_kwargs}
        _take_base(machine, task, values, site)
        task.fields.update(op_args=tuple(args), op_kwargs=op_kwargs)
        self._place(machine, task, values, dag, group, site)
        task.in_init = False
        self._doubt_kind(machine, task, site)
        for name in (*COMMON_TEMPLATES, *TEMPLATES.get(self.kind, ())):
            depend_on_results(machine, task, task.fields.get(name), site)
        return XComRef([(task, "return_value")])

    def _doubt_kind(self, machine: Machine, task: Task, site: CallSite) -> None:
        """Which class stands behind a decorator of a provider is said by the providers that are installed."""
        if self.kind not in CORE_DECORATORS:
            message = f"the decorator `@task.{self.kind}` comes from a provider, whose operator can't be read"
            machine.doubt("DP205", message, site, task.dag)

    def _new(self, machine: Machine, site: CallSite) -> Task:
        task = new_task(machine, library_class(self.operator), self.operator, site)
        task.function = self.function
        if isinstance(self.function, Function):
            task.span = definition_span(self.function)
        task.setup, task.teardown = self.setup, self.teardown
        return task

    def _values(self, machine: Machine, site: CallSite) -> tuple[Any, Any, dict[str, Anything]]:
        values = {"task_id": machine.attribute(self.function, "__name__", site), **self.kwargs}
        values.pop("op_kwargs", None)
        dag, group = current_place(machine, values)
        for name, value in defaults_for(machine, dag, group, values, site).items():
            if name in BASE and name not in values:
                values[name] = value
        lost = values.pop("**", None)
        if lost is not None:
            machine.doubt("DP201", f"some arguments of the task aren't known: {lost.why}", site, dag)
        return dag, group, values

    def _fill_from_defaults(
        self, machine: Machine, op_kwargs: dict[str, Anything], dag: Any, group: Any, site: CallSite
    ) -> None:
        """Parameters of the function are also taken from ``default_args`` (``_hook_apply_defaults``)."""
        if not isinstance(self.function, Function):
            return
        defaults = defaults_for(machine, dag, group, self.kwargs, site)
        if not defaults:
            return
        for name in parameter_names(self.function):
            if name not in op_kwargs and name in defaults:
                op_kwargs[name] = defaults[name]

    def _own_arguments(self, values: dict[str, Anything]) -> dict[str, Anything]:
        return {name: value for name, value in self.kwargs.items() if name not in ("**", "op_kwargs")}

    def _place(
        self, machine: Machine, task: Task, values: dict[str, Anything], dag: Any, group: Any, site: CallSite
    ) -> None:
        task_id = values.get("task_id")
        if isinstance(task_id, str) and isinstance(dag, Dag):
            task_id = unique_id(dag, group, task_id)
        doc = function_doc(self.function)
        if doc and not any(task.fields.get(name) for name in ("doc", "doc_md", "doc_json", "doc_yaml", "doc_rst")):
            task.doc_from_function = doc
        enrol(machine, task, task_id, dag, group, site)

    def expand(self, machine: Machine, over: dict[str, Anything], length: int | None, site: CallSite) -> Anything:
        """Make a mapped task."""
        if self.teardown:
            self.kwargs["trigger_rule"] = "all_done_setup_success"
        task = self._new(machine, site)
        dag, group, values = self._values(machine, site)
        partial = dict(self.kwargs.get("op_kwargs", {}))
        task.arguments = {**self._own_arguments(values), "op_args": [], "op_kwargs": partial}
        task.mapped = Mapped(over, length)
        _take_base(machine, task, values, site)
        task.fields.update(op_kwargs=partial)
        self._place(machine, task, values, dag, group, site)
        task.doc_from_function = None  # a mapped task doesn't take the docstring
        task.in_init = False
        self._doubt_kind(machine, task, site)
        depend_on_results(machine, task, list(over.values()), site)
        for name in (*COMMON_TEMPLATES, *TEMPLATES.get(self.kind, ())):
            depend_on_results(machine, task, task.fields.get(name), site)
        return XComRef([(task, "return_value")])


def unique_id(dag: Dag, group: Any, task_id: str) -> str:
    """The id, or the id with a number where it is taken (``get_unique_task_id``)."""
    full = group.child_id(task_id) if isinstance(group, Group) else task_id
    if full not in dag.tasks:
        return task_id
    numbered = same_prefix_number(full, list(dag.tasks))
    return numbered[len(full) - len(task_id) :] if full.endswith(task_id) else numbered


def parameter_names(function: Function) -> list[str]:
    """All parameters of a function, ``*`` and ``**`` left out."""
    spec = function.node.args
    return [item.arg for item in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]


def check_signature(function: Anything, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    """Refuse arguments that the function can't take (``DecoratedOperator.__init__``)."""
    if not isinstance(function, Function) or "**" in kwargs or any(isinstance(item, Unknown) for item in args):
        return
    spec = function.node.args
    positional = [item.arg for item in (*spec.posonlyargs, *spec.args)]
    name = function.name
    for parameter, has_default in _with_default(function):
        if parameter in CONTEXT_KEYS and has_default is not None and has_default is not True:
            raise PyRaise("ValueError", f"Context key parameter {parameter} can't have a default other than None")
    if len(args) > len(positional) and spec.vararg is None:
        raise PyRaise("TypeError", f"{name}(): too many positional arguments")
    given = set(positional[: len(args)])
    twice = given & set(kwargs)
    if twice:
        raise PyRaise("TypeError", f"{name}(): multiple values for argument {min(twice)!r}")
    unexpected = set(kwargs) - set(parameter_names(function))
    if unexpected and spec.kwarg is None:
        raise PyRaise("TypeError", f"{name}(): got an unexpected keyword argument {min(unexpected)!r}")
    given |= set(kwargs)
    for parameter, has_default in _with_default(function):
        if parameter not in given and has_default is None and parameter not in CONTEXT_KEYS:
            raise PyRaise("TypeError", f"{name}(): missing a required argument: {parameter!r}")


def _with_default(function: Function) -> Iterator[tuple[str, bool | str | None]]:
    """Parameters with: no default (None), the default None (True), another default (its kind)."""
    spec = function.node.args
    positional = [item.arg for item in (*spec.posonlyargs, *spec.args)]
    defaults = [NotImplemented] * (len(positional) - len(function.defaults)) + function.defaults
    keyword = [item.arg for item in spec.kwonlyargs]
    for parameter, default in (
        *zip(positional, defaults, strict=True),
        *zip(keyword, function.kw_defaults, strict=True),
    ):
        yield parameter, None if default is NotImplemented else True if default is None else "other"


def definition_span(function: Function) -> Any:
    """The span of a function definition, decorators included."""
    node, module = function.node, function.scope.module
    line, column, end_line, end_column = module.span(node)
    decorators = getattr(node, "decorator_list", [])
    if decorators:
        first = module.span(decorators[0])
        if first[0] < line:
            # The `@` stands before the decorator's expression.
            line, column = first[0], max(1, first[1] - 1)
    return line, column, end_line, end_column


def function_doc(function: Anything) -> str | None:
    """The docstring of a function of the project."""
    if not isinstance(function, Function) or isinstance(function.node, ast.Lambda):
        return None
    return ast.get_docstring(function.node, clean=False)


# The decorators


def task_decorator(operator: str) -> Native:
    """``@task``, ``@task(...)``, ``@task.branch`` and so on, by the decorator's qualified name."""

    def decorate(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if args:
            return _factory(machine, operator, args[0], kwargs, site)

        def with_arguments(
            machine: Machine, inner: list[Anything], _: dict[str, Anything], inner_site: CallSite
        ) -> Anything:
            return _factory(machine, operator, inner[0], dict(kwargs), inner_site)

        return NativeFunction(operator, with_arguments)

    return decorate


def _factory(
    machine: Machine, operator: str, function: Anything, kwargs: dict[str, Anything], site: CallSite
) -> Anything:
    if isinstance(function, Unknown):
        return machine.unknown(function.why, site)
    if isinstance(function, Function) and "self" in parameter_names(function):
        raise PyRaise("TypeError", "@task does not support methods")
    values = {name: value for name, value in kwargs.items() if name != "python_callable"}
    return TaskFactory(operator, function, values)


def setup_decorator(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``@setup``."""
    return _marked(args[0], setup=True)


def teardown_decorator(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``@teardown`` and ``@teardown(on_failure_fail_dagrun=True)``."""
    if args:
        return _marked(args[0], setup=False, extra=kwargs)

    def decorate(machine: Machine, inner: list[Anything], _: dict[str, Anything], inner_site: CallSite) -> Anything:
        return _marked(inner[0], setup=False, extra=kwargs)

    return NativeFunction("teardown", decorate)


def _marked(function: Anything, *, setup: bool, extra: dict[str, Anything] | None = None) -> Anything:
    factory = function if isinstance(function, TaskFactory) else TaskFactory("airflow.sdk.task", function, {})
    factory.setup = factory.setup or setup
    factory.teardown = factory.teardown or not setup
    if extra:
        factory.kwargs.update(extra)
    return factory


def _copy(factory: TaskFactory, kwargs: dict[str, Anything]) -> TaskFactory:
    copy = TaskFactory(factory.operator, factory.function, kwargs)
    copy.setup, copy.teardown = factory.setup, factory.teardown
    return copy


def _override(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return _copy(args[0], {**args[0].kwargs, **kwargs})


def _partial(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    old = args[0].kwargs.get("op_kwargs", {})
    if set(old) & set(kwargs):
        raise PyRaise("TypeError", f"duplicate partial: {min(set(old) & set(kwargs))}")
    return _copy(args[0], {**args[0].kwargs, "op_kwargs": {**kwargs, **old}})


def _expand(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    factory: TaskFactory = args[0]
    if not kwargs:
        raise PyRaise("TypeError", "no arguments to expand against")
    _check_mapped_names(factory, kwargs)
    return factory.expand(machine, kwargs, literal_length(kwargs), site)


def _check_mapped_names(factory: TaskFactory, kwargs: dict[str, Anything]) -> None:
    context = sorted(CONTEXT_KEYS & set(kwargs))
    if context:
        raise PyRaise("ValueError", f"cannot call expand() on task context variable {context[0]!r}")
    function = factory.function
    if not isinstance(function, Function) or function.node.args.kwarg is not None or "**" in kwargs:
        return
    unexpected = sorted(set(kwargs) - set(parameter_names(function)))
    if unexpected:
        raise PyRaise("TypeError", f"expand() got an unexpected keyword argument {unexpected[0]!r}")


def _expand_kwargs(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    source = args[1] if len(args) > 1 else kwargs.get("kwargs")
    length = len(source) if isinstance(source, list | tuple) else None
    result: Anything = args[0].expand(machine, {"kwargs": source}, length, site)
    return result


METHODS: dict[str, Native] = {
    "override": _override,
    "partial": _partial,
    "expand": _expand,
    "expand_kwargs": _expand_kwargs,
}
