"""``DAG(...)`` and ``@dag``.

Source: ``airflow.sdk.definitions.dag`` (3.3) and ``airflow.models.dag`` (2.11, 1.10).
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    KNOWN_TYPES,
    Anything,
    BoundMethod,
    CallSite,
    Function,
    LimitHit,
    Model,
    Native,
    NativeFunction,
    PyRaise,
    Spread,
    Unknown,
    first_unknown,
)
from dagport.readers.airflow import checks, refusals
from dagport.readers.airflow.dates import DateDoubt, aware
from dagport.readers.airflow.engine_attributes import refuse_on_dag
from dagport.readers.airflow.ids import check_id
from dagport.readers.airflow.nodes import DUNDERS, Dag, EngineMember, Task
from dagport.readers.airflow.relations import add_task
from dagport.readers.airflow.signatures import place_of_definition

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

POSITIONAL = ("dag_id", "description", "schedule", "schedule_interval", "timetable", "start_date", "end_date")  # 2.4+
POSITIONAL_1 = ("dag_id", "description", "schedule_interval", "start_date", "end_date")
REMOVED_IN_3 = {
    "schedule_interval", "timetable", "concurrency", "default_view", "orientation", "fail_stop", "full_filepath",
}  # fmt: skip
ARGUMENTS = {
    "dag_id", "description", "schedule", "schedule_interval", "timetable", "start_date", "end_date", "full_filepath",
    "template_searchpath", "template_undefined", "user_defined_macros", "user_defined_filters", "default_args",
    "concurrency",
    "max_active_tasks", "max_active_runs", "max_consecutive_failed_dag_runs", "dagrun_timeout", "deadline",
    "sla_miss_callback",
    "default_view", "orientation", "catchup", "on_success_callback", "on_failure_callback", "doc_md", "params",
    "access_control",
    "is_paused_upon_creation", "jinja_environment_kwargs", "render_template_as_native_obj", "tags",
    "owner_links", "auto_register",
    "fail_stop", "fail_fast", "dag_display_name", "allowed_run_types", "disable_bundle_versioning",
    "rerun_with_latest_version",
}  # fmt: skip


def make_dag(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Dag:
    """``DAG(...)``."""
    return init_dag(machine, Dag(), args, kwargs, site)


def init_dag(machine: Machine, dag: Dag, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Dag:
    """``DAG.__init__``."""
    hooks: Any = machine.hooks
    values = dict(kwargs)
    lost = values.pop("**", None)
    names = ("dag_id",) if hooks.version == "3" else POSITIONAL if hooks.version == "2" else POSITIONAL_1
    for name, value in zip(names, args, strict=False):
        if isinstance(value, Spread):
            lost = value
            break
        values[name] = value
    unexpected = sorted(set(values) - ARGUMENTS)
    if unexpected or len(args) > len(names):
        raise PyRaise(
            "TypeError", f"DAG.__init__() got an unexpected argument: {', '.join(unexpected) or 'positional'}"
        )
    removed = sorted(set(values) & REMOVED_IN_3)
    if removed and hooks.version == "3":
        raise PyRaise("TypeError", f"DAG.__init__() got an unexpected keyword argument '{removed[0]}'")
    if "dag_id" not in values and lost is None:
        raise PyRaise("TypeError", "DAG.__init__() missing 1 required positional argument: 'dag_id'")
    dag.id, dag.span = values.pop("dag_id", lost), machine.place(site)
    if isinstance(dag.id, str):
        dag.id = str(dag.id)
        check_id(dag.id)
    elif isinstance(dag.id, KNOWN_TYPES):
        raise PyRaise("TypeError", f"The key has to be a string and is {type(dag.id).__name__}")
    if hooks.version == "3":
        refusals.check_arguments(values)
    _take(machine, dag, values, site)
    if hooks.version == "3":
        refusals.check_params(dag.params)
    if lost is not None:
        machine.doubt("DP201", f"some arguments of the DAG aren't known: {lost.why}", site, dag)
    if machine.conditions:
        dag.conditional = machine.conditions[-1]
    dag.condition_depth = len(machine.conditions)
    if len(hooks.all_dags) >= machine.limits.pipelines:
        raise LimitHit("pipelines of a file", machine.limits.pipelines)
    hooks.all_dags.append(dag)
    machine.effect(dag)
    return dag


def _take(machine: Machine, dag: Dag, values: dict[str, Anything], site: CallSite) -> None:
    dag.default_args = _default_args(values.pop("default_args", None))
    _parse_dates(dag.default_args)
    params = values.pop("params", None)
    # The DAG's own copy loses its `params`, which become the DAG's (`_convert_params`).
    from_defaults = dag.default_args.pop("params", None) if isinstance(dag.default_args, dict) else None
    dag.params = _merged_params(machine, dag, [params, from_defaults], site)
    tags = values.pop("tags", None)
    items = machine.iterate(tags, site, ordered=False) if tags is not None else []
    if isinstance(items, Unknown):
        machine.doubt("DP201", f"the tags aren't known: {items.why}", site, dag)
    else:
        _set_tags(dag, items)
    auto = values.pop("auto_register", True)
    dag.auto_register = machine.truth(auto) is not False
    dag.doc = values.pop("doc_md", None)
    dag.fields.update(values)
    dag.schedule_from = site


def _set_tags(dag: Dag, items: list[Anything]) -> None:
    refusals.check_tags(items)
    try:
        dag.tags = set(items)
    except TypeError as error:
        raise PyRaise("TypeError", str(error)) from None


def _default_args(value: Anything) -> Anything:
    if value is None:
        return {}
    return dict(value) if isinstance(value, dict) else value


def _parse_dates(defaults: Anything) -> None:
    """Dates given as text in ``default_args`` are dates for the tasks (``DAG.__attrs_post_init__``)."""
    for name in ("start_date", "end_date"):
        if isinstance(defaults, dict) and isinstance(defaults.get(name), str):
            try:
                defaults[name] = aware(defaults[name])
            except DateDoubt as doubt:
                defaults[name] = Unknown(str(doubt), repr(defaults[name]))


def _merged_params(machine: Machine, dag: Dag, sources: list[Anything], site: CallSite) -> dict[str, Anything]:
    merged: dict[str, Anything] = {}
    for source in sources:
        if isinstance(source, dict):
            merged.update(source)
        elif source is not None:
            lost = first_unknown([source])
            machine.doubt("DP201", f"the params aren't known: {lost.why if lost else 'not a dict'}", site, dag)
    return merged


class DagFactory(Model):
    """A function decorated with ``@dag``: calling it makes a DAG."""

    __slots__ = ("function", "kwargs", "name")

    def __init__(self, function: Anything, name: Anything, kwargs: dict[str, Anything]) -> None:
        self.function = function
        self.name = name
        self.kwargs = kwargs

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``__name__``, ``__wrapped__``, ``__doc__`` (``functools.wraps``)."""
        return self.function if name == "__wrapped__" else machine.attribute(self.function, name, site)

    def call(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        """Make the DAG and run the function in its context; arguments become params."""
        from dagport.evaluate.calls import bind_arguments

        dag = make_dag(machine, [self.name] if "dag_id" not in self.kwargs else [], dict(self.kwargs), site)
        function = self.function
        if not isinstance(function, Function):
            machine.doubt("DP206", "the function decorated with @dag isn't a plain function", site, dag)
            return dag
        dag.span = place_of_definition(machine, function, site)
        doc = ast.get_docstring(function.node, clean=False) if not isinstance(function.node, ast.Lambda) else None
        bound = bind_arguments(machine, function, args, kwargs, site)
        dag.enter(machine, site)
        try:
            if doc and not dag.doc:
                dag.doc = doc
            for name, value in bound.items():
                dag.params[name] = value
                bound[name] = DagParam(dag, name)
            machine.call(function, [], _as_keywords(function, bound), site)
        finally:
            dag.leave(machine, site)
        return dag


def _as_keywords(function: Function, bound: dict[str, Anything]) -> dict[str, Anything]:
    spec = function.node.args
    skipped = {item.arg for item in (spec.vararg, spec.kwarg) if item is not None}
    return {name: value for name, value in bound.items() if name not in skipped}


class DagParam(Model):
    """``dag.param("x")``: a value that each run may set."""

    __slots__ = ("dag", "name")

    def __init__(self, dag: Dag, name: str) -> None:
        self.dag = dag
        self.name = name

    def truth(self, machine: Machine) -> bool | None:
        """An object like any other: always true."""
        return True

    def iterate(self, machine: Machine, site: CallSite) -> Any:
        """It has no items while the file is read."""
        raise PyRaise("TypeError", "'DagParam' object is not iterable")


def dag_decorator(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``@dag`` and ``@dag(...)``."""
    if args and not isinstance(args[0], str | Unknown):
        return DagFactory(args[0], machine.attribute(args[0], "__name__", site), {})

    def decorate(machine: Machine, inner: list[Anything], _: dict[str, Anything], inner_site: CallSite) -> Anything:
        checks.only(inner, "wrapper")
        given = args[0] if args else kwargs.get("dag_id")
        name = given if given else machine.attribute(inner[0], "__name__", inner_site)
        return DagFactory(inner[0], name, kwargs)

    return NativeFunction("dag", decorate)


# Attributes


def dag_attribute(machine: Machine, dag: Dag, name: str, site: CallSite) -> Anything:
    """Attributes and methods of ``DAG``."""
    own = OWN_ATTRIBUTES.get(name)
    if own is not None:
        return own(dag)
    if name in dag.fields:
        return dag.fields[name]
    hooks: Any = machine.hooks
    if name in UNSET and (name != "schedule" or hooks.version == "3"):
        return None
    if name in DUNDERS:
        return NotImplemented
    if name == "task":
        from dagport.readers.airflow.decorators import decorator_of_dag

        return decorator_of_dag(dag)
    method = METHODS.get(name)
    if method is not None:
        return BoundMethod(NativeFunction(name, method), dag)
    return EngineMember(f"`DAG.{name}` is known only to the engine", dag, site)


OWN_ATTRIBUTES: dict[str, Callable[[Dag], Any]] = {
    "dag_id": lambda dag: dag.id,
    "default_args": lambda dag: dag.default_args,
    "params": lambda dag: dag.params,
    "tags": lambda dag: dag.tags,
    "doc_md": lambda dag: dag.doc,
    "task_group": lambda dag: dag.root,
    "tasks": lambda dag: list(dag.tasks.values()),
    "task_ids": lambda dag: list(dag.tasks),
    "task_dict": lambda dag: dag.tasks,
    "roots": lambda dag: [task for task in dag.tasks.values() if not task.upstream],
    "leaves": lambda dag: [task for task in dag.tasks.values() if not task.downstream],
}
UNSET = {"description", "start_date", "end_date", "schedule", "dagrun_timeout"}  # None where the source sets nothing
SETTABLE = {
    "schedule", "description", "start_date", "end_date", "max_active_runs", "max_active_tasks",
    "dagrun_timeout", "catchup",
    "on_success_callback", "on_failure_callback", "is_paused_upon_creation", "access_control", "fail_fast",
}  # fmt: skip


def set_dag_attribute(machine: Machine, dag: Dag, name: str, value: Anything, site: CallSite) -> None:
    """``dag.doc_md = ...`` and the like."""
    machine.effect(dag)
    refuse_on_dag(machine, dag, name, site)
    if name == "doc_md":
        dag.doc = value
    elif name == "default_args":
        dag.default_args = value
    elif name == "params":
        dag.params = value if isinstance(value, dict) else _merged_params(machine, dag, [value], site)
    elif name == "tags":
        items = machine.iterate(value, site, ordered=False)
        if isinstance(items, Unknown):
            machine.doubt("DP201", f"the tags aren't known: {items.why}", site, dag)
        else:
            _set_tags(dag, items)
    elif name in SETTABLE:
        dag.fields[name] = value
        if name in ("schedule", "start_date"):
            machine.doubt("DP206", f"`{name}` is set after the DAG was made, which not every Airflow heeds", site, dag)
    elif name in ("dag_id", "timetable", "schedule_interval", "task_dict"):
        machine.doubt("DP206", f"`{name}` of a DAG is set after it was made", site, dag)
        if name == "dag_id" and isinstance(value, str):
            dag.id = value
    elif name not in ENGINE_NAMES:
        dag.fields[name] = value


# Attributes of `DAG` that Airflow itself asks a DAG for, or calls.
ENGINE_NAMES = ARGUMENTS | set(OWN_ATTRIBUTES) | {
    "add_result", "check_cycle", "edge_info", "fileloc", "get_edge_info", "get_serialized_fields", "get_template_env",
    "has_on_failure_callback", "has_on_success_callback", "has_task_group", "last_loaded", "owner", "partial", "task",
    "partial_subset", "relative_fileloc", "resolve_template_files", "set_edge_info", "task_group_dict",
    "tasks_upstream_of_teardowns", "teardowns", "timetable", "timezone", "topological_sort", "validate_setup_teardown",
    "__setattr__", "__getattribute__", "__getattr__", "__eq__", "__hash__", "__new__",
}  # fmt: skip


def _get_task(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    dag, task_id = args[0], args[1] if len(args) > 1 else kwargs.get("task_id")
    if not isinstance(task_id, str) or dag.unnamed:
        return machine.unknown("which task is meant isn't known", site)
    if task_id not in dag.tasks:
        raise PyRaise("airflow.exceptions.TaskNotFound", f"Task {task_id} not found")
    return dag.tasks[task_id]


def _has_task(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    dag, task_id = args[0], args[1] if len(args) > 1 else kwargs.get("task_id")
    if not isinstance(task_id, str) or dag.unnamed:
        return machine.unknown("which task is meant isn't known", site)
    return task_id in dag.tasks


def _add_task(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    task = args[1] if len(args) > 1 else kwargs.get("task")
    if isinstance(task, Task):
        add_task(machine, args[0], task, site)
    else:
        machine.doubt("DP201", "the task that is added isn't known", site, args[0])


def _add_tasks(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    items = machine.iterate(args[1] if len(args) > 1 else kwargs.get("tasks"), site)
    for task in [items] if isinstance(items, Unknown) else items:
        _add_task(machine, [args[0], task], {}, site)


def _set_dependency(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    from dagport.readers.airflow.relations import relate

    names = ("upstream_task_id", "downstream_task_id")
    given = {**dict(zip(names, args[1:], strict=False)), **kwargs}
    if not set(names) <= set(given):
        raise PyRaise("TypeError", "set_dependency() missing a required positional argument")
    before, after = (_get_task(machine, [args[0], given[name]], {}, site) for name in names)
    relate(machine, before, after, site, upstream=False)


def _param(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    dag, name = args[0], args[1] if len(args) > 1 else kwargs.get("name")
    if not isinstance(name, str):
        return machine.unknown("the name of the param isn't known", site)
    if len(args) > 2 or "default" in kwargs:
        machine.effect(dag)
        dag.params[name] = args[2] if len(args) > 2 else kwargs["default"]
    return DagParam(dag, name)


def _nothing(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    return None


def _enter(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return args[0].enter(machine, site)


def _leave(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    hooks: Any = machine.hooks
    if hooks.current_dag() is args[0]:
        args[0].leave(machine, site)
    else:
        machine.doubt("DP206", "a DAG is left that isn't the innermost one", site, args[0])


METHODS: dict[str, Native] = {
    "__enter__": _enter,
    "__exit__": _leave,
    "get_task": _get_task,
    "has_task": _has_task,
    "add_task": _add_task,
    "add_tasks": _add_tasks,
    "set_dependency": _set_dependency,
    "param": _param,
    "validate": _nothing,
    "test": _nothing,
    "cli": _nothing,
    "run": _nothing,
    "clear": _nothing,
}
