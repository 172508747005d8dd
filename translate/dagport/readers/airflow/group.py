"""``TaskGroup`` and ``@task_group``."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    KNOWN_TYPES,
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
from dagport.evaluate.iterators import Stream
from dagport.readers.airflow import checks
from dagport.readers.airflow.ids import check_group_id
from dagport.readers.airflow.nodes import Dag, EngineMember, Group, Task
from dagport.readers.airflow.relations import METHODS as EDGE_METHODS
from dagport.readers.airflow.xcom import MappedArgument

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

POSITIONAL = (
    "group_id",
    "group_display_name",
    "prefix_group_id",
    "parent_group",
    "dag",
    "default_args",
    "tooltip",
)
GROUP_ARGUMENTS = {*POSITIONAL, "doc_md", "ui_color", "ui_fgcolor", "add_suffix_on_collision"}
POSITIONAL_2 = ("group_id", "prefix_group_id", "parent_group", "dag", "default_args", "tooltip")


def make_group(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``TaskGroup(...)``."""
    return init_group(machine, Group(), args, kwargs, site)


def init_group(
    machine: Machine, group: Group, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> Anything:
    """``TaskGroup.__init__``; the group, or why it isn't known."""
    hooks: Any = machine.hooks
    names = POSITIONAL if hooks.version == "3" else POSITIONAL_2
    values = {**dict(zip(names, args, strict=False)), **kwargs}
    # `parent_group=None` asks for the root, whatever block is open.
    parent = values["parent_group"] if "parent_group" in values else hooks.current_group()
    unexpected = sorted(set(values) - GROUP_ARGUMENTS - {"**"})
    if unexpected and hooks.version == "3":
        raise PyRaise("TypeError", f"TaskGroup.__init__() got an unexpected keyword argument {unexpected[0]!r}")
    if "tooltip" in values and values["tooltip"] is None and hooks.version == "3":
        raise PyRaise("TypeError", "'tooltip' must be <class 'str'> (got None that is a <class 'NoneType'>).")
    dag = values.get("dag") or (parent.dag if isinstance(parent, Group) else hooks.current_dag())
    if not isinstance(dag, Dag):
        if isinstance(dag, Unknown) or isinstance(parent, Unknown):
            return machine.unknown("the DAG of the task group isn't known", site)
        raise PyRaise("RuntimeError", "TaskGroup can only be used inside a dag")
    if isinstance(parent, Group) and parent.dag is not dag:
        raise PyRaise("ValueError", "Cannot mix TaskGroups from different Dags")
    parent = parent if isinstance(parent, Group) else dag.root
    label = values.get("group_id")
    if not isinstance(label, str):
        why = label.why if isinstance(label, Unknown) else "the group id isn't a text"
        machine.doubt("DP201", f"the id of a task group isn't known: {why}", site, dag)
        return machine.unknown(why, site)
    label = str(label)
    check_group_id(label)
    machine.effect(dag)
    prefix = machine.truth(values.get("prefix_group_id", True))
    if prefix is None:
        machine.doubt("DP201", "whether the group's id is a prefix of its tasks isn't known", site, dag)
    label = _free_label(parent, label, suffix=machine.truth(values.get("add_suffix_on_collision", False)) is True)
    group.place(dag, label, parent, prefix=prefix is not False)
    _enrol(group)
    _describe(machine, group, values, site)
    return group


def _free_label(parent: Group, label: str, *, suffix: bool) -> str:
    """Number a group id that is taken (``_check_for_group_id_collisions``)."""
    if parent.child_id(label) not in parent.used_ids:
        return label
    if not suffix:
        raise PyRaise(
            "airflow.exceptions.DuplicateTaskIdFound", f"group_id '{label}' has already been added to the DAG"
        )
    base = re.split(r"__\d+$", label)[0]
    numbers = sorted(
        int(match.group(1)) for used in parent.used_ids if (match := re.fullmatch(rf"{re.escape(base)}__(\d+)", used))
    )
    return f"{base}__{numbers[-1] + 1}" if numbers else f"{label}__1"


def _enrol(group: Group) -> None:
    parent = group.parent
    if parent is None or group.id is None:
        return
    if group.id in parent.children:
        raise PyRaise(
            "airflow.exceptions.DuplicateTaskIdFound",
            f"Task Group id '{group.id}' has already been added to the DAG",
        )
    parent.children[group.id] = group
    group.used_ids.update((group.id, f"{group.id}.downstream_join_id", f"{group.id}.upstream_join_id"))


def _describe(machine: Machine, group: Group, values: dict[str, Anything], site: CallSite) -> None:
    own = values.get("default_args") or {}
    inherited = group.parent.default_args if group.parent is not None else {}
    if isinstance(own, dict) and isinstance(inherited, dict):
        group.default_args = {**inherited, **own}
    else:
        group.default_args = own
    tooltip = values.get("tooltip")
    group.tooltip = tooltip if isinstance(tooltip, str) and tooltip else None


# Attributes of `TaskGroup` that Airflow itself asks a group for, or calls.
ENGINE_NAMES = GROUP_ARGUMENTS - {"doc_md", "ui_color", "ui_fgcolor"} | {
    "as_setup", "as_teardown", "children", "create_root", "dag_id", "downstream_group_ids", "downstream_join_id",
    "downstream_list", "downstream_task_ids", "get_dag", "get_direct_relative_ids", "get_direct_relatives",
    "get_flat_relative_ids", "get_flat_relatives", "get_task_group_dict", "get_upstreams_follow_setups",
    "get_upstreams_only_setups", "get_upstreams_only_setups_and_teardowns", "has_dag", "has_task",
    "hierarchical_alphabetical_sort", "is_root", "iter_mapped_task_groups", "iter_tasks", "log",
    "serialize_for_task_group", "task_group", "topological_sort", "upstream_group_ids", "upstream_join_id",
    "upstream_list", "upstream_task_ids", "add", "child_id", "get_child_by_label", "get_leaves", "get_roots",
    "label", "leaves", "node_id", "roots", "set_downstream", "set_upstream", "update_relative", "used_group_ids",
    "__setattr__", "__getattribute__", "__getattr__", "__eq__", "__hash__", "__new__", "__iter__",
}  # fmt: skip


def group_attribute(machine: Machine, group: Group, name: str, site: CallSite) -> Anything:
    """Attributes of ``TaskGroup``."""
    known: dict[str, Any] = {
        "group_id": group.id,
        "node_id": group.id,
        "label": group.label,
        "dag": group.dag,
        "children": group.children,
        "parent_group": group.parent,
        "prefix_group_id": group.prefix,
        "default_args": group.default_args,
        "tooltip": group.tooltip or "",
        "used_group_ids": group.used_ids,
    }
    if name in known:
        return known[name]
    if name in ("roots", "leaves"):
        return group.roots() if name == "roots" else group.leaves()
    method = METHODS.get(name)
    if method is not None:
        return BoundMethod(NativeFunction(name, method), group)
    if name not in ENGINE_NAMES or name in EDGE_METHODS:
        return NotImplemented
    return EngineMember(f"`TaskGroup.{name}` is known only to the engine", group.dag, site)


def _get_roots(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return Stream(machine, args[0].roots())


def _get_leaves(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return Stream(machine, args[0].leaves())


def _child_id(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    label = checks.only(args[1:], "child_id")
    return args[0].child_id(label) if isinstance(label, str) else machine.unknown("the label isn't known", site)


def _get_child(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return args[0].item(machine, checks.only(args[1:], "get_child_by_label"), site)


def _add(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``group.add(task)``."""
    group, node = args[0], checks.only(args[1:], "add")
    if not isinstance(node, Task) or not isinstance(node.task_id, str):
        machine.doubt("DP206", "what is added to the task group isn't followed", site, group.dag)
        return node
    machine.doubt("DP206", "a task is moved into a group after it was made", site, group.dag)
    return node


def _enter(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return args[0].enter(machine, site)


def _exit(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    hooks: Any = machine.hooks
    if hooks.current_group() is args[0]:
        args[0].leave(machine, site)
    else:
        machine.doubt("DP206", "a task group is left that isn't the innermost one", site, args[0].dag)


METHODS: dict[str, Native] = {
    "__enter__": _enter,
    "__exit__": _exit,
    "get_roots": _get_roots,
    "get_leaves": _get_leaves,
    "child_id": _child_id,
    "get_child_by_label": _get_child,
    "add": _add,
}


class GroupFactory(Model):
    """A function decorated with ``@task_group`` (``_TaskGroupFactory``)."""

    __slots__ = ("function", "kwargs", "partial_kwargs")

    def __init__(self, function: Anything, kwargs: dict[str, Anything], partial_kwargs: dict[str, Anything]) -> None:
        self.function = function
        self.kwargs = kwargs
        self.partial_kwargs = partial_kwargs

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``override``, ``partial``, ``expand``, ``expand_kwargs`` and the function's own attributes."""
        method = FACTORY_METHODS.get(name)
        if method is not None:
            return BoundMethod(NativeFunction(name, method), self)
        return self.function if name in ("function", "__wrapped__") else machine.attribute(self.function, name, site)

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """A function that makes something has no items."""
        raise PyRaise("TypeError", f"{type(self).__name__} object is not subscriptable")

    def call(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        """Make the group and run the function in it."""
        return self.create(machine, args, kwargs, site, None)

    def create(
        self,
        machine: Machine,
        args: list[Anything],
        kwargs: dict[str, Anything],
        site: CallSite,
        over: Anything,
    ) -> Anything:
        """The group, or what the function returns."""
        given = {"group_id": machine.attribute(self.function, "__name__", site), **self.kwargs}
        group = make_group(machine, [], {**given, "add_suffix_on_collision": True}, site)
        if not isinstance(group, Group):
            return group
        function = self.function
        doc = (
            ast.get_docstring(function.node, clean=False)
            if isinstance(function, Function) and not isinstance(function.node, ast.Lambda)
            else None
        )
        group.tooltip = group.tooltip or doc
        group.mapped_over = over
        group.mapped = over is not None
        group.enter(machine, site)
        try:
            result = machine.call(function, args, kwargs, site)
        finally:
            group.leave(machine, site)
        return group if result is None else result


def group_decorator(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``@task_group`` and ``@task_group(...)``."""
    if args and not kwargs and isinstance(args[0], Unknown):
        return machine.unknown(args[0].why, site, unseen=True)
    if args and not kwargs and not isinstance(args[0], KNOWN_TYPES):
        return GroupFactory(args[0], {}, {})
    unexpected = sorted(set(kwargs) - GROUP_ARGUMENTS)
    if unexpected:
        raise PyRaise("TypeError", f"got an unexpected keyword argument {unexpected[0]!r}")

    def decorate(machine: Machine, inner: list[Anything], _: dict[str, Anything], inner_site: CallSite) -> Anything:
        if isinstance(checks.only(inner, "task_group"), Unknown):
            return machine.unknown(inner[0].why, inner_site, unseen=True)
        # A positional id is taken for the function, which it isn't, and goes unheard.
        return GroupFactory(inner[0], kwargs, {})

    return NativeFunction("task_group", decorate)


def _override(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    factory: GroupFactory = args[0]
    return GroupFactory(factory.function, {**factory.kwargs, **kwargs}, factory.partial_kwargs)


def _partial(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    factory: GroupFactory = args[0]
    _check_names(factory, "partial", kwargs)
    checks.check_apart(factory.partial_kwargs, kwargs, "duplicate partial")
    return GroupFactory(factory.function, factory.kwargs, {**factory.partial_kwargs, **kwargs})


def _check_names(factory: GroupFactory, what: str, kwargs: dict[str, Anything]) -> bool:
    """Refuse names that the function doesn't have; whether Airflow looks at the values as well."""
    function = factory.function
    if not isinstance(function, Function) or function.node.args.kwarg is not None:
        return False
    spec = function.node.args
    names = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *([spec.vararg] if spec.vararg is not None else [])]
    unexpected = sorted(set(kwargs) - {item.arg for item in names} - {"**"})
    if unexpected:
        raise PyRaise("TypeError", f"{what}() got an unexpected keyword argument {unexpected[0]!r}")
    return True


def _expand(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    factory: GroupFactory = args[0]
    if not kwargs:
        raise PyRaise("TypeError", "no arguments to expand against")
    if _check_names(factory, "expand", kwargs):
        checks.check_mapped(kwargs)
    checks.check_apart(factory.partial_kwargs, kwargs, "mapping already partial")
    checks.check_keys(kwargs)
    stubs = {name: MappedArgument(value) for name, value in kwargs.items() if name != "**"}
    if "**" in kwargs:
        stubs["**"] = kwargs["**"]
    return factory.create(machine, [], {**factory.partial_kwargs, **stubs}, site, kwargs)


def _expand_kwargs(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    factory: GroupFactory = args[0]
    source = args[1] if len(args) > 1 else kwargs.get("kwargs")
    checks.check_mapped_kwargs(source)
    checks.check_keys(source)
    names: list[str] = []
    if isinstance(factory.function, Function):
        spec = factory.function.node.args
        if spec.vararg is not None or spec.kwarg is not None:
            raise PyRaise("TypeError", "calling expand_kwargs() on task group function with * or ** is not supported")
        names = [item.arg for item in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
    stubs = {name: MappedArgument(source) for name in names if name not in factory.partial_kwargs}
    return factory.create(machine, [], {**factory.partial_kwargs, **stubs}, site, source)


FACTORY_METHODS: dict[str, Native] = {
    "override": _override,
    "partial": _partial,
    "expand": _expand,
    "expand_kwargs": _expand_kwargs,
}
