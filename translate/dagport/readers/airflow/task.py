"""Operators: construction with ``default_args``, attributes, classic mapping.

Source: ``BaseOperatorMeta._apply_defaults``, ``BaseOperator.__init__``, ``OperatorPartial`` of Airflow 3.3.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    CallSite,
    External,
    Function,
    Model,
    Native,
    PyRaise,
    Symbolic,
    Unknown,
    UserClass,
    first_unknown,
    walk,
)
from dagport.readers.airflow import checks, engine_attributes, operators, refusals
from dagport.readers.airflow.ids import check_id
from dagport.readers.airflow.nodes import Dag, Group, Task, XComRef, library_class
from dagport.readers.airflow.relations import add_task
from dagport.readers.airflow.trust import same_in_all_versions
from dagport.readers.airflow.xcom import references

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

LIFTED = {
    "task_id", "retries", "retry_delay", "retry_exponential_backoff", "execution_timeout", "pool",
    "pool_slots", "queue",
    "priority_weight", "depends_on_past", "wait_for_downstream", "owner", "trigger_rule", "inlets", "outlets", "dag",
    "task_group", "default_args",
}  # fmt: skip
BASE = LIFTED | {
    "email", "email_on_retry", "email_on_failure", "max_retry_delay", "retry_policy", "start_date", "end_date",
    "ignore_first_depends_on_past", "wait_for_past_depends_before_skipping", "params", "weight_rule", "sla",
    "on_execute_callback", "on_failure_callback", "on_success_callback", "on_retry_callback", "on_skipped_callback",
    "pre_execute", "post_execute", "resources", "run_as_user", "map_index_template", "max_active_tis_per_dag",
    "max_active_tis_per_dagrun", "executor", "executor_config", "do_xcom_push", "multiple_outputs", "doc", "doc_md",
    "doc_json", "doc_yaml", "doc_rst", "task_display_name", "logger_name", "allow_nested_operators",
    "task_concurrency",
    "render_template_as_native_obj",
}  # fmt: skip


def current_place(machine: Machine, kwargs: dict[str, Anything]) -> tuple[Any, Any]:
    """The DAG and the group that a new task belongs to: given, or those of the open ``with`` blocks."""
    hooks: Any = machine.hooks
    dag = kwargs.get("dag")
    if isinstance(dag, Unknown | Symbolic):
        return dag, None
    dag = dag if isinstance(dag, Dag) else hooks.current_dag()
    group = kwargs.get("task_group") or hooks.current_group()
    if not isinstance(group, Group) and dag is not None:
        group = dag.root
    return dag, group


def defaults_for(
    machine: Machine, dag: Any, group: Any, kwargs: dict[str, Anything], site: CallSite
) -> dict[str, Anything]:
    """``default_args`` of the DAG, the group and the task, merged (``get_merged_defaults``)."""
    merged: dict[str, Anything] = {}
    sources = [
        dag.default_args if isinstance(dag, Dag) else {},
        group.default_args if isinstance(group, Group) else {},
    ]
    for source in (*sources, kwargs.get("default_args") or {}):
        if isinstance(source, dict):
            merged.update(source)
        else:
            lost = first_unknown([source])
            machine.doubt("DP201", f"default_args aren't known: {lost.why if lost else 'not a dict'}", site, dag)
    return merged


def make_operator(name: str) -> Native:
    """The constructor of an operator class of a library."""

    def construct(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Task:
        if args:
            raise PyRaise("TypeError", "Use keyword arguments when initializing operators")
        task = new_task(machine, library_class(name), name, site)
        base_init(machine, task, dict(kwargs), site)
        complete(machine, task, site)
        return task

    return construct


def new_task(machine: Machine, cls: UserClass, name: str, site: CallSite) -> Task:
    """An operator object, not yet initialised."""
    task = Task(cls, name, machine.place(site))
    hooks: Any = machine.hooks
    hooks.begin(task)
    return task


def base_init(machine: Machine, task: Task, kwargs: dict[str, Anything], site: CallSite) -> None:
    """What the library's ``__init__`` does, from the operator's own class down to ``BaseOperator``."""
    lost = kwargs.pop("**", None)
    dag, group = current_place(machine, kwargs)
    defaults = defaults_for(machine, dag, group, kwargs, site)
    class_name = _library_base(task)
    entry = operators.find(class_name)
    own = entry.parameters if entry is not None else ()
    for name, value in defaults.items():
        if name in kwargs:
            continue
        if name in BASE or name in (own or ()):
            kwargs[name] = value
        elif own is None:
            message = f"whether {class_name.rpartition('.')[2]} takes `{name}` from default_args isn't known"
            machine.doubt("DP205", message, site, owner_of(dag))
    if not task.from_init:
        task.arguments = dict(kwargs)
    if "task_id" not in kwargs and lost is None:
        raise PyRaise("TypeError", "missing keyword argument 'task_id'")
    if entry is not None and lost is None:
        _check_arguments(machine, entry, class_name, kwargs, site, owner_of(dag))
    if lost is not None:
        machine.doubt("DP201", f"some arguments of the task aren't known: {lost.why}", site, owner_of(dag))
    if isinstance(dag, Unknown | Symbolic):
        machine.doubt("DP201", "the DAG of the task isn't known", site)
        dag = None
    if entry is not None:
        _take_constructor(machine, entry, kwargs, site, owner_of(dag))
    hooks: Any = machine.hooks
    if "task_concurrency" in kwargs and hooks.version == "3":
        raise PyRaise("TypeError", "Invalid arguments were passed: 'task_concurrency'")
    take_base(machine, task, kwargs, site, own=own or ())
    if entry is not None and hooks.version == "3":
        checks.check_operator(entry.name, kwargs)
        if entry.kind == "sensor":
            checks.check_sensor(kwargs)
    enrol(machine, task, kwargs.get("task_id", lost), dag, group, site)


def _take_constructor(
    machine: Machine, entry: operators.Entry, kwargs: dict[str, Anything], site: CallSite, dag: Dag | None
) -> None:
    """What the library's constructor does to the base fields."""
    for name, value in entry.defaults.items():
        kwargs.setdefault(name, value)
    kwargs.update(entry.forced)
    if entry.callable is not None:
        kwargs["python_callable"] = External(entry.callable)
    for name in entry.doubtful:
        message = f"the constructor of {entry.name.rpartition('.')[2]} sets `{name}` in a way that isn't read"
        machine.doubt("DP205", message, site, dag)


def _library_base(task: Task) -> str:
    """The operator class of a library that the task's class is, or derives from."""
    names = task.cls.externals()
    return next((name for name in names if is_operator_name(name)), task.operator)


def is_operator_name(name: str) -> bool:
    """Whether a qualified name looks like an operator's class."""
    last = name.rpartition(".")[2]
    return operators.is_operator(name) or last in BASE_CLASSES or last.endswith(("Operator", "Sensor"))


def owner_of(dag: Any) -> Any:
    """The DAG that a doubt belongs to, where it is known."""
    return dag if isinstance(dag, Dag) else None


def _check_arguments(
    machine: Machine, entry: operators.Entry, name: str, kwargs: dict[str, Anything], site: CallSite, dag: Dag | None
) -> None:
    """Missing and unexpected arguments: refused where the class is Airflow's own, else a doubt of its version."""
    hooks: Any = machine.hooks
    class_name = name.rpartition(".")[2]
    problems = [f"missing keyword argument {item!r}" for item in sorted(set(entry.required) - set(kwargs))]
    if entry.parameters is not None:
        unexpected = sorted(set(kwargs) - BASE - set(entry.parameters))
        problems += [f"Invalid arguments were passed to {class_name}: {item!r}" for item in unexpected]
    if not problems:
        return
    if same_in_all_versions(name) and hooks.version == "3":
        raise PyRaise("TypeError", problems[0])
    if hooks.version == "3" or not problems[0].startswith("Invalid"):
        machine.doubt("DP205", f"{class_name} may refuse these arguments: {problems[0]}", site, dag)


def take_base(
    machine: Machine,
    task: Task,
    kwargs: dict[str, Anything],
    site: CallSite,
    *,
    own: Iterable[str] = (),
) -> None:
    """What ``BaseOperator.__init__`` keeps, and the constructor of the library's class (``own`` arguments)."""
    for name, value in kwargs.items():
        if name in ("dag", "task_group", "default_args"):
            continue
        if not task.from_init or name in BASE or name in own:
            task.fields[name] = value
            task.set_names.add(name)
    hooks: Any = machine.hooks
    if task.fields.get("trigger_rule") is not None:
        checks.check_trigger_rule(task.fields["trigger_rule"], hooks.version)
    if hooks.version == "3":
        checks.converted(task.fields, mapped=task.mapped is not None)
        refusals.check_params(task.fields.get("params"))
        if task.mapped is None:
            checks.check_types(task.fields, "task")
    if task.mapped is None and machine.truth(task.fields.get("wait_for_downstream")) is True:
        task.fields["depends_on_past"] = True
    task.inlets = asset_list(machine, task, kwargs.get("inlets"), site)
    task.outlets = asset_list(machine, task, kwargs.get("outlets"), site)


def asset_list(machine: Machine, task: Task, value: Anything, site: CallSite) -> list[Anything]:
    """``inlets`` and ``outlets``: one or several."""
    if value is None:
        return []
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    return [value]


def enrol(machine: Machine, task: Task, task_id: Anything, dag: Any, group: Any, site: CallSite) -> None:
    """Give the task its full id and put it into its group and DAG."""
    if isinstance(task_id, str):
        task_id = str(task_id)  # a member of a text enumeration becomes plain text
        check_task_id(task_id)
        task.task_id = group.child_id(task_id) if isinstance(group, Group) else task_id
        check_id(task.task_id)
    else:
        why = task_id.why if isinstance(task_id, Unknown) else "it isn't a text"
        task.task_id = machine.unknown(why, site)
        machine.doubt("DP201", f"the id of a task isn't known: {why}", site, owner_of(dag))
    task.fields["task_id"] = task.task_id
    check_metaclass(task)
    engine_attributes.check_operator_class(machine, task, BASE, site)
    _note_condition(machine, task, dag)
    if isinstance(group, Group) and isinstance(task.task_id, str):
        if task.task_id in group.children:
            raise PyRaise(
                "airflow.exceptions.DuplicateTaskIdFound",
                f"Task id '{task.task_id}' has already been added to the DAG",
            )
        task.group = group
        group.children[task.task_id] = task
    hooks: Any = machine.hooks
    if task.mapped is None:  # only `BaseOperator.__init__` tells the open setup and teardown blocks
        hooks.contexts.note(task)
    if isinstance(dag, Dag):
        add_task(machine, dag, task, site)


def check_task_id(task_id: str) -> None:
    """A task id by itself, before the group's prefix."""
    check_id(task_id)


def _note_condition(machine: Machine, task: Task, dag: Any) -> None:
    from dagport.readers.airflow.relations import condition_of

    task.conditional = condition_of(machine, dag) or task.conditional


def complete(machine: Machine, task: Task, site: CallSite) -> None:
    """After the constructor: results used in template fields become dependencies (``_set_xcomargs_dependencies``)."""
    task.in_init = False
    hooks: Any = machine.hooks
    hooks.finish(task)
    names = template_fields(machine, task, site)
    if names is None:
        # Which arguments are templates isn't known; that matters only where one holds a result.
        held = [name for name, value in task.fields.items() if any(references(value))]
        if held:
            machine.doubt(
                "DP205",
                f"whether `{held[0]}` of {task.operator.rpartition('.')[2]} is a template field isn't known, so "
                "its use of another task's result may not be a dependency",
                site,
                task.dag,
            )
        names = tuple(held)
    refused = sorted(set(names) & BASE - {"email"})
    if refused and task.cls.node is not None and hooks.version != "1.10":
        message = f"Airflow doesn't store a DAG in which `{refused[0]}` of a task is a template field"
        machine.doubt("DP206", message, site, task.dag)
    for name in names:
        depend_on_results(machine, task, field_value(machine, task, name, site), site)


def field_value(machine: Machine, task: Task, name: str, site: CallSite) -> Anything:
    """A template field: an attribute of the object, or of its class (a property, for instance)."""
    if name in task.fields or task.cls.lookup(name) is NotImplemented or task.mapped is not None:
        return task.fields.get(name)
    return machine.attribute(task, name, site)


def depend_on_results(machine: Machine, task: Task, value: Anything, site: CallSite) -> None:
    """Make the tasks whose results a value holds upstream of the task."""
    from dagport.readers.airflow.relations import relate

    for upstream, key in references(value):
        relate(machine, task, upstream, site, upstream=True)
        task.results.setdefault(upstream, {})[key] = None


def template_fields(machine: Machine, task: Task, site: CallSite) -> tuple[str, ...] | None:
    """Names of the template fields of the task's class; ``None`` when they aren't known."""
    own = task.fields.get("template_fields", task.cls.lookup("template_fields"))
    if own is not NotImplemented:
        items = machine.iterate([own] if isinstance(own, str) else own, site, ordered=False)
        if isinstance(items, Unknown) or not all(isinstance(item, str) for item in items):
            return None
        return tuple(items)
    for name in (task.operator, *task.cls.externals()):
        entry = operators.find(name)
        if entry is not None and entry.template_fields is not None:
            return entry.template_fields
        if name.rpartition(".")[2] in BASE_CLASSES:
            return ()
    return None


BASE_CLASSES = {"BaseOperator", "BaseSensorOperator", "BaseAsyncOperator"}


def doubt_class(machine: Machine, name: str, task: Task, site: CallSite, dag: Dag | None = None) -> None:
    """The class of an operator can't be read."""
    message = f"the constructor of `{name}` can't be read: it may set defaults, ids or dependencies"
    machine.doubt("DP205", message, site, dag or task.dag)


# Classes of the project


def before_init(
    machine: Machine,
    task: Task,
    method: Function,
    args: list[Anything],
    kwargs: dict[str, Anything],
    site: CallSite,
) -> None:
    """``_apply_defaults`` around an ``__init__`` of the project: its parameters are filled from ``default_args``.

    It always hands ``default_args`` on, and the open DAG and group, so that a constructor has to take them.
    """
    if args:
        raise PyRaise("TypeError", "Use keyword arguments when initializing operators")
    if not task.from_init:
        task.from_init = True
        task.arguments = {name: value for name, value in kwargs.items() if name != "**"}
    dag, group = current_place(machine, kwargs)
    if isinstance(dag, Dag):
        kwargs.setdefault("dag", dag)
        if isinstance(group, Group):
            kwargs.setdefault("task_group", group)
    defaults = defaults_for(machine, dag, group, kwargs, site)
    spec = method.node.args
    own = [item.arg for item in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)][1:]
    hooks: Any = machine.hooks
    taken = _required(spec) & {"params", "default_args"}
    if taken and hooks.version != "1.10":
        # The metaclass takes them out of the arguments before it looks for what is missing.
        raise PyRaise("TypeError", f"missing keyword argument {min(taken)!r}")
    for name in own:
        if name not in kwargs and name in defaults:
            kwargs[name] = defaults[name]
    if hooks.version != "1.10":
        kwargs["default_args"] = defaults
    elif spec.kwarg is None:
        # There the decorator is the project's own choice, and does nothing of the kind where it is left out.
        for name in ("dag", "task_group", "default_args"):
            if name not in own:
                kwargs.pop(name, None)


def _required(spec: ast.arguments) -> set[str]:
    """The parameters that have no default, ``self`` left out."""
    plain = [item.arg for item in (*spec.posonlyargs, *spec.args)]
    after = [item.arg for item, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if default is None]
    return {*plain[1 : len(plain) - len(spec.defaults)], *after}


def check_metaclass(task: Task) -> None:
    """Refuse a class whose constructor is a mixin's: the metaclass doesn't wrap that one, and looks for the wrapper."""
    for cls in task.cls.mro:
        if not isinstance(cls, UserClass):
            return
        if isinstance(cls.members.get("__init__"), Function):
            if not is_operator_class(cls):
                raise PyRaise("AttributeError", "'function' object has no attribute '__wrapped__'")
            return


def is_operator_class(cls: UserClass) -> bool:
    """Whether a class of the project is an operator."""
    return any(is_operator_name(name) for name in cls.externals())


LOOKED_THROUGH = 4  # items for one step


def holds_pipeline_objects(machine: Machine, values: list[Anything]) -> list[Dag]:
    """The DAGs that some arguments give access to. Looking for them counts as work."""
    found: dict[int, Dag] = {}
    looked_at = itertools.count()
    for value, _ in zip(walk(values), looked_at, strict=False):
        if not isinstance(value, Model):
            continue
        dag = value if isinstance(value, Dag) else value.dag if isinstance(value, Task | Group) else None
        if isinstance(value, XComRef):
            for task in value.roots():
                if task.dag is not None:
                    found[id(task.dag)] = task.dag
        if isinstance(dag, Dag):
            found[id(dag)] = dag
    machine.step(next(looked_at) // LOOKED_THROUGH)
    return list(found.values())
