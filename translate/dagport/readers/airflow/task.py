"""Operators: construction with ``default_args``, attributes, classic mapping.

Source: ``BaseOperatorMeta._apply_defaults``, ``BaseOperator.__init__``, ``OperatorPartial`` of Airflow 3.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    BoundMethod,
    CallSite,
    Function,
    Native,
    NativeFunction,
    PyRaise,
    Symbolic,
    Unknown,
    UserClass,
    first_unknown,
    walk,
)
from dagport.readers.airflow import operators
from dagport.readers.airflow.ids import check_id
from dagport.readers.airflow.nodes import RETURN_KEY, Dag, Group, Mapped, Task, XComRef, library_class
from dagport.readers.airflow.relations import add_task, mark
from dagport.readers.airflow.trust import same_in_all_versions, trusted
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
TRIGGER_RULES = {
    "all_success", "all_failed", "all_done", "all_done_min_one_success", "all_done_setup_success", "one_success",
    "one_failed", "one_done", "none_failed", "none_skipped", "always", "none_failed_min_one_success", "all_skipped",
}  # fmt: skip
OLD_TRIGGER_RULES = {"none_failed_or_skipped", "dummy"}


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
    task = Task(cls, name, site.span)
    hooks: Any = machine.hooks
    hooks.count_task()
    return task


def base_init(machine: Machine, task: Task, kwargs: dict[str, Anything], site: CallSite) -> None:
    """What the library's ``__init__`` does, from the operator's own class down to ``BaseOperator``."""
    lost = kwargs.pop("**", None)
    dag, group = current_place(machine, kwargs)
    defaults = defaults_for(machine, dag, group, kwargs, site)
    class_name = _library_base(task) if task.from_init else task.operator
    entry = operators.find(class_name)
    own = entry.parameters if entry is not None else ()
    for name, value in defaults.items():
        if name in kwargs:
            continue
        if name in BASE or name in (own or ()):
            kwargs[name] = value
        elif own is None:
            message = f"whether {class_name.rpartition('.')[2]} takes `{name}` from default_args isn't known"
            machine.doubt("DP205", message, site, _owner(dag))
    if not task.from_init:
        task.arguments = dict(kwargs)
    if "task_id" not in kwargs and lost is None:
        raise PyRaise("TypeError", "missing keyword argument 'task_id'")
    if entry is not None and lost is None:
        _check_arguments(machine, entry, class_name, kwargs, site, _owner(dag))
    if lost is not None:
        machine.doubt("DP201", f"some arguments of the task aren't known: {lost.why}", site, _owner(dag))
    if isinstance(dag, Unknown | Symbolic):
        machine.doubt("DP201", "the DAG of the task isn't known", site)
        dag = None
    _take_base(machine, task, kwargs, site)
    enrol(machine, task, kwargs.get("task_id", lost), dag, group, site)


def _library_base(task: Task) -> str:
    return next(iter(task.cls.externals()), task.operator)


def _owner(dag: Any) -> Any:
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


def _take_base(machine: Machine, task: Task, kwargs: dict[str, Anything], site: CallSite) -> None:
    for name, value in kwargs.items():
        if name in ("dag", "task_group", "default_args"):
            continue
        if not task.from_init or name in BASE:
            task.fields[name] = value
            task.set_names.add(name)
    rule = task.fields.get("trigger_rule")
    if rule is not None:
        check_trigger_rule(machine, rule)
    if machine.truth(task.fields.get("wait_for_downstream")) is True:
        task.fields["depends_on_past"] = True
    task.inlets = asset_list(machine, task, kwargs.get("inlets"), site)
    task.outlets = asset_list(machine, task, kwargs.get("outlets"), site)


def check_trigger_rule(machine: Machine, rule: Anything) -> None:
    """Refuse a trigger rule that the version doesn't have."""
    hooks: Any = machine.hooks
    allowed = TRIGGER_RULES if hooks.version == "3" else TRIGGER_RULES | OLD_TRIGGER_RULES
    if isinstance(rule, str) and rule.lower() not in allowed:
        raise PyRaise("ValueError", f"The trigger_rule must be one of {sorted(allowed)}; received {str(rule)!r}.")


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
        machine.doubt("DP201", f"the id of a task isn't known: {why}", site, _owner(dag))
    task.fields["task_id"] = task.task_id
    _note_condition(machine, task, dag)
    if isinstance(group, Group) and isinstance(task.task_id, str):
        if task.task_id in group.children:
            raise PyRaise(
                "airflow.exceptions.DuplicateTaskIdFound",
                f"Task id '{task.task_id}' has already been added to the DAG",
            )
        task.group = group
        group.children[task.task_id] = task
        group.used_ids.add(task.task_id)
    hooks: Any = machine.hooks
    hooks.contexts.note(task)
    if isinstance(dag, Dag):
        add_task(machine, dag, task, site)


def check_task_id(task_id: str) -> None:
    """A task id by itself, before the group's prefix."""
    check_id(task_id)


def _note_condition(machine: Machine, task: Task, dag: Any) -> None:
    depth = dag.condition_depth if isinstance(dag, Dag) else 0
    if len(machine.conditions) > depth:
        task.conditional = machine.conditions[-1]


def complete(machine: Machine, task: Task, site: CallSite) -> None:
    """After the constructor: results used in template fields become dependencies (``_set_xcomargs_dependencies``)."""
    task.in_init = False
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
    for name in names:
        depend_on_results(machine, task, task.fields.get(name), site)


def depend_on_results(machine: Machine, task: Task, value: Anything, site: CallSite) -> None:
    """Make the tasks whose results a value holds upstream of the task."""
    from dagport.readers.airflow.relations import relate

    for upstream, key in references(value):
        relate(machine, task, upstream, site, upstream=True)
        task.results.setdefault(upstream, {})[key] = None


def template_fields(machine: Machine, task: Task, site: CallSite) -> tuple[str, ...] | None:
    """Names of the template fields of the task's class; ``None`` when they aren't known."""
    own = task.cls.lookup("template_fields")
    if own is not NotImplemented:
        items = machine.iterate([own] if isinstance(own, str) else own, site)
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


# Attributes


def task_attribute(machine: Machine, task: Task, name: str, site: CallSite) -> Anything:
    """Attributes and methods of ``BaseOperator``."""
    if name == "output":
        return XComRef([(task, RETURN_KEY)])
    if name == "dag":
        if task.dag is None:
            raise PyRaise("RuntimeError", f"Operator {task} has not been assigned to a DAG yet")
        return task.dag
    if name == "dag_id":
        return task.dag.id if task.dag is not None else f"adhoc_{task.fields.get('owner', 'airflow')}"
    if name in ("upstream_list", "downstream_list"):
        return list(task.upstream if name == "upstream_list" else task.downstream)
    if name in ("upstream_task_ids", "downstream_task_ids"):
        return {item.task_id for item in (task.upstream if name == "upstream_task_ids" else task.downstream)}
    if name == "task_group":
        return task.group
    if name in ("is_setup", "is_teardown"):
        return task.setup if name == "is_setup" else task.teardown
    if name in ("roots", "leaves"):
        return [task]
    if name in ("inlets", "outlets"):
        return task.inlets if name == "inlets" else task.outlets
    if name in ("task_type", "operator_name"):
        return task.operator.rpartition(".")[2]
    if name in ATTRIBUTE_DEFAULTS:
        return ATTRIBUTE_DEFAULTS[name]
    method = METHODS.get(name)
    return NotImplemented if method is None else BoundMethod(NativeFunction(name, method), task)


ATTRIBUTE_DEFAULTS: dict[str, Any] = {
    "trigger_rule": "all_success",
    "pool_slots": 1,
    "priority_weight": 1,
    "depends_on_past": False,
    "wait_for_downstream": False,
    "execution_timeout": None,
    "doc_md": None,
    "doc": None,
    "do_xcom_push": True,
}


def _has_dag(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return args[0].dag is not None


def _add_assets(kind: str) -> Native:
    def add(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
        task: Task = args[0]
        machine.effect(task.dag)
        getattr(task, kind).extend(asset_list(machine, task, args[1] if len(args) > 1 else kwargs.get(kind), site))

    return add


METHODS: dict[str, Native] = {
    "has_dag": _has_dag,
    "get_dag": lambda machine, args, kwargs, site: args[0].dag,
    "add_inlets": _add_assets("inlets"),
    "add_outlets": _add_assets("outlets"),
}


def set_task_attribute(machine: Machine, task: Task, name: str, value: Anything, site: CallSite) -> None:
    """``task.x = value``, in a constructor or afterwards."""
    machine.effect(task.dag)
    if name == "dag":
        _move_to_dag(machine, task, value, site)
        return
    if name in ("is_setup", "is_teardown"):
        known = machine.truth(value)
        mark(machine, task, **{"setup" if name == "is_setup" else "teardown": known})
        return
    if name in ("inlets", "outlets"):
        setattr(task, name, asset_list(machine, task, value, site))
        return
    if name == "trigger_rule":
        check_trigger_rule(machine, value)
    if name == "task_id" and not task.in_init:
        machine.doubt("DP206", "the id of a task is changed after it was made", site, task.dag)
    task.fields[name] = value
    if not task.in_init:
        task.set_names.add(name)
        if name in (template_fields(machine, task, site) or ()):
            depend_on_results(machine, task, value, site)


def _move_to_dag(machine: Machine, task: Task, dag: Anything, site: CallSite) -> None:
    if isinstance(dag, Dag):
        if task.dag is not None and task.dag is not dag:
            raise PyRaise("ValueError", f"The DAG assigned to {task} can not be changed.")
        if task.dag is None:
            add_task(machine, dag, task, site)
    elif dag is not None:
        machine.doubt("DP201", "the DAG of the task isn't known", site)


# Classes of the project


def before_init(machine: Machine, task: Task, method: Function, kwargs: dict[str, Anything], site: CallSite) -> None:
    """``_apply_defaults`` around an ``__init__`` of the project: its parameters are filled from ``default_args``."""
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
    for name in own:
        if name not in kwargs and name in defaults:
            kwargs[name] = defaults[name]
    if spec.kwarg is None:
        # The library always passes these on; a constructor without **kwargs can't take them, and need not here.
        for name in ("dag", "task_group", "default_args"):
            if name not in own:
                kwargs.pop(name, None)


# Classic mapping


class Partial(XComRef):
    """``Operator.partial(...)``, waiting for ``expand`` (``OperatorPartial``)."""

    __slots__ = ("cls", "kwargs", "name")
    type_name = "airflow.sdk.definitions.mappedoperator.OperatorPartial"

    def __init__(self, name: str, cls: UserClass, kwargs: dict[str, Anything]) -> None:
        super().__init__([], plain=False)
        self.name = name
        self.cls = cls
        self.kwargs = kwargs

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``expand`` and ``expand_kwargs``."""
        method = {"expand": _expand, "expand_kwargs": _expand_kwargs}.get(name)
        return NotImplemented if method is None else BoundMethod(NativeFunction(name, method), self)


def make_partial(name: str, cls: UserClass | None = None) -> Native:
    """``Operator.partial``."""

    def partial(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Partial:
        if "task_id" not in kwargs and "**" not in kwargs:
            raise PyRaise("TypeError", "partial() missing 1 required keyword-only argument: 'task_id'")
        return Partial(name, cls or library_class(name), kwargs)

    return partial


def _expand(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Task:
    if not kwargs:
        raise PyRaise("TypeError", "no arguments to expand against")
    return _mapped(machine, args[0], kwargs, literal_length(kwargs), site)


def _expand_kwargs(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Task:
    source = args[1] if len(args) > 1 else kwargs.get("kwargs")
    length = len(source) if isinstance(source, list | tuple) else None
    return _mapped(machine, args[0], {"kwargs": source}, length, site)


def literal_length(over: dict[str, Anything]) -> int | None:
    """The number of instances where every argument is a list or dict in the source: their product."""
    total = 1
    for value in over.values():
        if not isinstance(value, list | tuple | dict):
            return None
        total *= len(value)
    return total


def _mapped(machine: Machine, partial: Partial, over: dict[str, Anything], length: int | None, site: CallSite) -> Task:
    kwargs = dict(partial.kwargs)
    lost = kwargs.pop("**", None)
    dag, group = current_place(machine, kwargs)
    for name, value in defaults_for(machine, dag, group, kwargs, site).items():
        if name in BASE and name not in kwargs:
            kwargs[name] = value
    task = new_task(machine, partial.cls, partial.name, site)
    if not trusted(partial.name) and not partial.cls.scope:
        doubt_class(machine, partial.name, task, site, _owner(dag))
    task.arguments = {name: value for name, value in partial.kwargs.items() if name != "**"}
    task.mapped = Mapped(over, length)
    if lost is not None:
        machine.doubt("DP201", f"some arguments of the task aren't known: {lost.why}", site, _owner(dag))
    _take_base(machine, task, kwargs, site)
    enrol(machine, task, kwargs.get("task_id", lost), dag, group, site)
    task.in_init = False
    complete(machine, task, site)
    # What a task is mapped over is a dependency whatever the template fields are (`MappedOperator.__attrs_post_init__`).
    depend_on_results(machine, task, list(over.values()), site)
    return task


def holds_pipeline_objects(values: list[Anything]) -> list[Dag]:
    """The DAGs that some arguments give access to."""
    found: dict[int, Dag] = {}
    for value in walk(values):
        dag = (
            value
            if isinstance(value, Dag)
            else getattr(value, "dag", None)
            if isinstance(value, Task | Group)
            else None
        )
        if isinstance(value, XComRef):
            for task in value.roots():
                if task.dag is not None:
                    found[id(task.dag)] = task.dag
        if isinstance(dag, Dag):
            found[id(dag)] = dag
    return list(found.values())
