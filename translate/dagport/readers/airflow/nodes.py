"""What Airflow builds while a DAG file is imported: DAGs, groups, tasks, references to results.

The rules are those of Airflow 3.3 (``airflow.sdk.definitions``: ``dag``, ``taskgroup``, ``_internal.node``,
``_internal.mixins``, ``xcom_arg``, ``edges``), which for the graph are those
of 1.10 and 2 as well unless a comment says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    BoundMethod,
    CallSite,
    External,
    Instance,
    Model,
    NativeFunction,
    PyRaise,
    Unknown,
    UserClass,
)
from dagport.source import Span

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

RETURN_KEY = "return_value"
DUNDERS = ("__class__", "__dict__")
ARITHMETIC = {"+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^"}


def library_class(name: str) -> UserClass:
    """The class of an object of a library, by its qualified name."""
    return UserClass(name.rpartition(".")[2], None, None, [External(name)], {})


DAG_CLASS = library_class("airflow.sdk.DAG")
TASK_GROUP = library_class("airflow.sdk.TaskGroup")


class EngineMember(Unknown):
    """An attribute of a DAG, group or task that only the engine knows; calling it may change the DAG."""

    __slots__ = ("dag",)

    def __init__(self, why: str, dag: Dag | None, site: CallSite) -> None:
        super().__init__(why, site.text, site.span)
        self.dag = dag


class Relative(Model):
    """What stands at an end of ``>>``: a task, a group, a result, a label."""

    __slots__ = ()

    def roots(self) -> list[Task]:
        """The tasks that an edge to this leads to."""
        raise NotImplementedError

    def leaves(self) -> list[Task]:
        """The tasks that an edge from this comes from."""
        raise NotImplementedError

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """``a >> b`` gives b, ``[a] >> b`` gives b; ``<<`` likewise (``DependencyMixin``)."""
        if operator in ARITHMETIC and not isinstance(other, Unknown | Instance):
            kind = self.type_name.rpartition(".")[2]
            raise PyRaise("TypeError", f"unsupported operand type(s) for {operator}: '{kind}'")
        if operator not in (">>", "<<"):
            return NotImplemented
        from dagport.readers.airflow.relations import relate

        upstream = (operator == "<<") != reflected
        relate(machine, self, other, site, upstream=upstream)
        return self if reflected else other

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """The methods that every end of an edge has."""
        from dagport.readers.airflow.relations import METHODS

        method = METHODS.get(name)
        return NotImplemented if method is None else BoundMethod(NativeFunction(name, method), self)

    def enter(self, machine: Machine, site: CallSite) -> Anything:
        """``with teardown_task:``."""
        from dagport.readers.airflow.relations import push_setup_teardown

        push_setup_teardown(machine, [self], site)
        return self

    def leave(self, machine: Machine, site: CallSite) -> None:
        """The end of the block: its tasks are linked to the setup and the teardown."""
        from dagport.readers.airflow.relations import pop_setup_teardown

        pop_setup_teardown(machine, site)


class Task(Relative, Instance):
    """An operator object. ``fields`` holds its attributes as the analysed code sees them."""

    __slots__ = (
        "arguments", "conditional", "dag", "doc_from_function", "doubtful", "downstream", "from_init", "function",
        "group", "in_init", "inlets", "mapped", "operator", "outlets", "results", "set_names", "setup", "span",
        "task_id", "teardown", "upstream",
    )  # fmt: skip

    def __init__(self, cls: UserClass, operator: str, span: Span | None) -> None:
        super().__init__(cls)
        self.operator = operator  # qualified class, or decorator
        self.span = span
        self.task_id: Any = None  # full id, or Unknown
        self.dag: Dag | None = None
        self.group: Group | None = None
        self.arguments: dict[str, Anything] = {}  # what the constructor was called with
        self.set_names: set[str] = set()  # names of attributes that the source, or default_args, set
        self.upstream: dict[Task, None] = {}
        self.downstream: dict[Task, str | None] = {}  # -> the edge's label
        self.doubtful: dict[Task, str] = {}  # downstream -> the condition that the edge depends on
        self.results: dict[Task, dict[str, None]] = {}  # tasks whose results it takes -> the keys
        self.mapped: Mapped | None = None
        self.function: Anything = None  # the decorated function of a TaskFlow task
        self.inlets: list[Anything] = []
        self.outlets: list[Anything] = []
        self.setup = False
        self.teardown = False
        self.conditional: str | None = None
        self.in_init = True
        self.from_init = False
        self.doc_from_function: str | None = None

    def roots(self) -> list[Task]:
        """Itself."""
        return [self]

    def leaves(self) -> list[Task]:
        """Itself."""
        return [self]

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """Attributes of ``BaseOperator``."""
        from dagport.readers.airflow.task_attributes import task_attribute, unmodelled

        value = task_attribute(machine, self, name, site)
        if value is NotImplemented:
            value = super().attr(machine, name, site)
        if value is NotImplemented and name not in DUNDERS and self.cls.lookup("__getattr__") is NotImplemented:
            return unmodelled(self, name, site)
        return value

    def set_attr(self, machine: Machine, name: str, value: Anything, site: CallSite) -> Anything:
        """``task.trigger_rule = ...`` after construction."""
        from dagport.readers.airflow.task_attributes import set_task_attribute

        return set_task_attribute(machine, self, name, value, site)

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """Only a class of the project can make its objects subscriptable."""
        if self.cls.lookup("__getitem__") is NotImplemented:
            raise PyRaise("TypeError", f"'{self.cls.name}' object is not subscriptable")
        return NotImplemented

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """``task > asset`` and ``task < asset``: an outlet, an inlet."""
        if operator in ("<", ">"):
            if isinstance(other, Relative):
                raise PyRaise("TypeError", f"{other} cannot be an {'inlet' if operator == '<' else 'outlet'}")
            from dagport.readers.airflow.task_attributes import declare_asset

            return declare_asset(machine, self, other, site, outlet=(operator == ">") != reflected)
        return super().binary(machine, operator, other, site, reflected=reflected)

    def __repr__(self) -> str:
        return f"<task {self.task_id}>"


class Mapped:
    """Dynamic mapping of a task."""

    __slots__ = ("over", "whole")

    def __init__(self, over: dict[str, Anything], *, whole: bool) -> None:
        self.over = over
        self.whole = whole  # mapped over the dicts of one list (`expand_kwargs`)

    def length(self) -> int | None:
        """The number of instances where every argument is a list or dict in the source: their product.

        The lists count as they are at the end of the import: Airflow keeps them, and doesn't copy them.
        """
        total = 1
        for value in self.over.values():
            if not isinstance(value, list | tuple | range | dict) or (self.whole and isinstance(value, dict)):
                return None
            total *= len(value)
        return total


class Group(Relative, Instance):
    """A ``TaskGroup``, or an object of a class of the project made of it; the root group of a DAG has no id."""

    __slots__ = (
        "children", "dag", "default_args", "doc", "id", "label", "mapped", "mapped_over", "parent",
        "prefix", "tooltip",
        "upstream_tasks", "used_ids",
    )  # fmt: skip
    type_name = "airflow.sdk.TaskGroup"

    def __init__(self, cls: UserClass | None = None) -> None:
        Instance.__init__(self, cls or TASK_GROUP)
        self.place(None, None, None)

    def place(self, dag: Any, label: str | None, parent: Group | None, *, prefix: bool = True) -> None:
        """Where it belongs; a group whose constructor hasn't run belongs nowhere."""
        self.dag = dag
        self.label = label
        self.parent = parent
        self.prefix = prefix
        self.default_args: Any = {}
        self.tooltip: str | None = None
        self.doc: Any = None
        self.children: dict[str, Task | Group] = {}
        self.used_ids: set[str] = parent.used_ids if parent is not None else set()
        self.upstream_tasks: dict[Task, None] = {}
        self.mapped = False
        self.mapped_over: Any = None
        self.id: str | None = label if parent is None or label is None else parent.child_id(label)

    def child_id(self, label: str) -> str:
        """The id of a child: prefixed with the group's id where the group says so."""
        return f"{self.id}.{label}" if self.prefix and self.id else label

    def all_tasks(self) -> Iterator[Task]:
        """All tasks inside, groups opened, in definition order."""
        for child in self.children.values():
            if self.mapped and isinstance(child, Task) and child.fields.get("trigger_rule") == "always":
                message = "Task-generated mapping within a mapped task group is not allowed with trigger rule 'always'"
                raise PyRaise("ValueError", message)
            if isinstance(child, Group):
                yield from child.all_tasks()
            else:
                yield child

    def all_groups(self) -> Iterator[Group]:
        """All groups inside."""
        for child in self.children.values():
            if isinstance(child, Group):
                yield child
                yield from child.all_groups()

    def roots(self) -> list[Task]:
        """Tasks without an upstream inside the group (``TaskGroup.get_roots``)."""
        tasks = dict.fromkeys(self.all_tasks())
        return [task for task in tasks if tasks.keys().isdisjoint(task.upstream)]

    def leaves(self) -> list[Task]:
        """Tasks without a downstream inside the group, teardowns passed over (``TaskGroup.get_leaves``)."""
        tasks = dict.fromkeys(self.all_tasks())
        found: dict[Task, None] = {}
        for task in tasks:
            if tasks.keys().isdisjoint(task.downstream):
                if task.teardown:
                    found.update(dict.fromkeys(_before_teardown(task, tasks)))
                else:
                    found[task] = None
        return list(found)

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """Attributes of ``TaskGroup``."""
        from dagport.readers.airflow.group import group_attribute

        value = group_attribute(machine, self, name, site)
        return super().attr(machine, name, site) if value is NotImplemented else value

    def set_attr(self, machine: Machine, name: str, value: Anything, site: CallSite) -> Anything:
        """``group.tooltip = ...``."""
        from dagport.readers.airflow.engine_attributes import refuse_on_group

        machine.effect(self.dag)
        refuse_on_group(machine, self, name, site)
        if name == "tooltip" and isinstance(value, str):
            self.tooltip = value
        elif name == "default_args":
            self.default_args = value
        else:
            self.fields[name] = value
        return None

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """``group["label"]``: a child by its label."""
        if isinstance(key, str):
            child = self.children.get(self.child_id(key))
            if child is None:
                raise PyRaise("airflow.exceptions.NodeNotFound", f"Task {key!r} not found")
            return child
        return NotImplemented

    def enter(self, machine: Machine, site: CallSite) -> Anything:
        """Tasks made in the block belong to the group."""
        _hooks(machine).groups.append(self)
        return self

    def leave(self, machine: Machine, site: CallSite) -> None:
        """The end of the block (``MappedTaskGroup.__exit__`` links the tasks it is mapped over)."""
        from dagport.readers.airflow.relations import relate
        from dagport.readers.airflow.xcom import references

        _hooks(machine).groups.pop()
        for task, _ in references(self.mapped_over):
            relate(machine, self, task, site, upstream=True)

    def iterate(self, machine: Machine, site: CallSite) -> Any:
        """Its tasks."""
        return list(self.all_tasks())

    def __repr__(self) -> str:
        return f"<group {self.id}>"


def _before_teardown(task: Task, tasks: dict[Task, None]) -> Iterator[Task]:
    """What counts as a leaf in place of a teardown (``recurse_for_first_non_teardown``)."""
    for upstream in task.upstream:
        if upstream not in tasks:
            continue
        if upstream.teardown:
            yield from _before_teardown(upstream, tasks)
        elif task.teardown and upstream.setup:
            continue
        elif not any(other is not task and other in tasks and not other.teardown for other in upstream.downstream):
            yield upstream


class Dag(Instance):
    """A ``DAG`` object, of that class or of one of the project made of it."""

    __slots__ = (
        "auto_register", "condition_depth", "conditional", "default_args", "doc", "edge_count", "id", "params",
        "registered", "root", "schedule_from", "span", "tags", "tasks", "unnamed",
    )  # fmt: skip
    type_name = "airflow.sdk.DAG"

    def __init__(self, cls: UserClass | None = None) -> None:
        super().__init__(cls or DAG_CLASS)
        self.id: Any = None  # None until the constructor has run
        self.span: Span | None = None
        self.default_args: Any = {}
        self.params: dict[str, Anything] = {}
        self.tags: set[Any] = set()
        self.doc: Any = None
        self.tasks: dict[str, Task] = {}
        self.unnamed: list[Task] = []  # tasks whose id isn't known
        self.edge_count = 0  # made so far, repeated ones counted
        self.root = Group()
        self.root.place(self, None, None)
        self.registered = False
        self.auto_register = True
        self.conditional: str | None = None
        self.condition_depth = 0
        self.schedule_from: CallSite | None = None

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """Attributes of ``DAG``."""
        from dagport.readers.airflow.dag import dag_attribute

        return dag_attribute(machine, self, name, site)

    def set_attr(self, machine: Machine, name: str, value: Anything, site: CallSite) -> Anything:
        """``dag.doc_md = ...``."""
        from dagport.readers.airflow.dag import set_dag_attribute

        return set_dag_attribute(machine, self, name, value, site)

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """``dag["id"]``: a task or group by its full id."""
        if not isinstance(key, str) or self.unnamed:
            return NotImplemented
        groups = {group.id: group for group in self.root.all_groups()}
        found = self.tasks.get(key, groups.get(key))
        if found is None:
            raise PyRaise("airflow.exceptions.NodeNotFound", f"Task or group {key!r} not found")
        return found

    def enter(self, machine: Machine, site: CallSite) -> Anything:
        """Tasks made in the block belong to the DAG."""
        _hooks(machine).dags.append(self)
        _hooks(machine).group_marks.append(len(_hooks(machine).groups))
        return self

    def leave(self, machine: Machine, site: CallSite) -> None:
        """The end of the block registers the DAG (``DagContext.pop``, since Airflow 2.4)."""
        hooks = _hooks(machine)
        if not hooks.dags:
            raise PyRaise("IndexError", "pop from an empty deque")
        hooks.dags.pop()
        hooks.group_marks.pop()
        if self.auto_register and hooks.registers_on_exit:
            self.registered = True

    def __repr__(self) -> str:
        return f"<dag {self.id}>"


class XComRef(Relative):
    """An ``XComArg``: the results of some tasks. A plain one is of one task and key."""

    __slots__ = ("extra", "parts", "plain")
    __hash__ = None  # type: ignore[assignment] # as in Airflow: a set of them raises
    type_name = "airflow.sdk.XComArg"

    def __init__(self, parts: list[tuple[Task, str]], *, plain: bool = True) -> None:
        self.parts = parts
        self.plain = plain
        self.extra: dict[str, Anything] = {}  # attributes that the source set on the reference itself

    @property
    def task(self) -> Task:
        """The task of a plain reference."""
        return self.parts[0][0]

    @property
    def key(self) -> str:
        """The key of a plain reference."""
        return self.parts[0][1]

    def roots(self) -> list[Task]:
        """The tasks that it refers to."""
        return [task for task, _ in self.parts]

    def leaves(self) -> list[Task]:
        """The tasks that it refers to."""
        return [task for task, _ in self.parts]

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """Attributes of ``XComArg``."""
        from dagport.readers.airflow.xcom import reference_attribute

        value = reference_attribute(machine, self, name, site)
        return super().attr(machine, name, site) if value is NotImplemented else value

    def set_attr(self, machine: Machine, name: str, value: Anything, site: CallSite) -> Anything:
        """Only setup and teardown are the task's own; anything else stays with the reference, and does nothing."""
        if self.plain and name in ("is_setup", "is_teardown"):
            return self.task.set_attr(machine, name, value, site)
        self.extra[name] = value
        return None

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """``result["key"]``: another XCom of the same task (``PlainXComArg.__getitem__``)."""
        if self.plain and isinstance(key, str):
            return XComRef([(self.task, key)])
        if isinstance(key, Unknown):
            return NotImplemented
        raise PyRaise("ValueError", "XComArg only supports str lookup")

    def iterate(self, machine: Machine, site: CallSite) -> Any:
        """It can't be iterated over."""
        raise PyRaise("TypeError", "'XComArg' object is not iterable")

    def truth(self, machine: Machine) -> bool | None:
        """An object like any other."""
        return True

    def __repr__(self) -> str:
        return f"<results of {self.parts}>"


class Label(Relative):
    """``Label("text")`` between two ends (``EdgeModifier``)."""

    __slots__ = ("downstream", "text", "upstream")

    def __init__(self, text: str | None) -> None:
        self.text = text
        self.upstream: list[Relative] = []
        self.downstream: list[Relative] = []

    def roots(self) -> list[Task]:
        """Nothing to link: the label links both sides itself."""
        return [task for node in self.downstream for task in node.roots()]

    def leaves(self) -> list[Task]:
        """See ``roots``."""
        return [task for node in self.upstream for task in node.leaves()]


class TaskList(Relative):
    """Several tasks used as one context manager (``context_wrapper``)."""

    __slots__ = ("items",)

    def __init__(self, items: list[Anything]) -> None:
        self.items = items

    def enter(self, machine: Machine, site: CallSite) -> Anything:
        """``with context_wrapper([a, b]):``."""
        from dagport.readers.airflow.relations import push_setup_teardown

        push_setup_teardown(machine, self.items, site)
        return self


def _hooks(machine: Machine) -> Any:
    return machine.hooks
