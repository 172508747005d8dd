"""From a task object to the graph's task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    BoundMethod,
    External,
    Function,
    Instance,
    NativeFunction,
    Symbolic,
    Unknown,
)
from dagport.graph import CallableRef, DynamicMapping, Task, TaskKind
from dagport.readers.airflow import nodes, operators
from dagport.readers.airflow.asset import AssetObject, leaf_assets
from dagport.readers.airflow.closures import closure_of
from dagport.readers.airflow.signatures import definition_span
from dagport.readers.airflow.task import LIFTED
from dagport.readers.airflow.taskflow import TaskFactory
from dagport.values import Value

if TYPE_CHECKING:
    from dagport.readers.airflow.build import PipelineBuilder

DECORATOR_KINDS: dict[str, TaskKind] = {
    "": "python", "python": "python", "virtualenv": "python", "external_python": "python", "branch": "branch",
    "branch_virtualenv": "branch", "branch_external_python": "branch", "short_circuit": "short_circuit",
    "sensor": "sensor", "bash": "bash", "sql": "sql", "docker": "container", "kubernetes": "container",
    "kubernetes_cmd": "container", "pyspark": "spark", "stub": "other", "run_if": "python", "skip_if": "python",
    "analytics": "sql", "llm": "other", "agent": "other",
}  # fmt: skip
DOCS = ("doc_md", "doc")  # what else documents a task stays an argument


class TaskBuilder:
    """Makes the tasks of one pipeline."""

    def __init__(self, pipeline: PipelineBuilder) -> None:
        self.pipeline = pipeline

    def build(self, task: nodes.Task) -> Task:
        """One task."""
        fields, span, name = task.fields, task.span, task.task_id

        def plain(field: str, *kinds: type) -> Any:
            if fields.get(field) is None:  # most fields of most tasks
                return None
            return self.pipeline.scalar(fields, field, kinds, span, f"`{field}` of the task {name!r}")

        def text(field: str) -> str | None:
            value = plain(field, str)
            return None if value is None else str(value)

        def seconds(field: str) -> int | float | None:
            return self.pipeline.seconds(fields, field, span, f"`{field}` of the task {name!r}")

        return Task(
            id=name,
            operator=task.operator,
            kind=kind_of(task),
            callable=self._callable(task),
            arguments=self._arguments(task),
            mapped=self._mapping(task),
            group=task.group.id if task.group is not None else None,
            setup=task.setup,
            teardown=task.teardown,
            trigger_rule=(text("trigger_rule") or "all_success").lower(),
            retries=self._retries(task),
            retry_delay_s=seconds("retry_delay"),
            retry_exponential_backoff=plain("retry_exponential_backoff", int, float),
            execution_timeout_s=seconds("execution_timeout"),
            pool=text("pool"),
            pool_slots=plain("pool_slots", int, float),
            queue=text("queue"),
            priority_weight=plain("priority_weight", int, float),
            depends_on_past=plain("depends_on_past", bool),
            wait_for_downstream=plain("wait_for_downstream", bool),
            owner=text("owner"),
            doc=self._doc(task),
            inlets=self._assets(task, task.inlets, "inlets"),
            outlets=self._assets(task, task.outlets, "outlets"),
            conditional=task.conditional,
            span=span,
        )

    def _retries(self, task: nodes.Task) -> int | float | None:
        value, what = task.fields.get("retries"), f"`retries` of the task {task.task_id!r}"
        if isinstance(value, str) and value.isdigit():
            return int(value)
        result: int | float | None = self.pipeline.scalar(task.fields, "retries", (int, float), task.span, what)
        if result is None and "retries" in task.fields and value is None:
            return 0
        return result

    def _doc(self, task: nodes.Task) -> str | None:
        for name in DOCS:
            value = task.fields.get(name)
            if isinstance(value, str) and value:
                return str(value)
            if isinstance(value, Unknown):
                self.pipeline.doubt(f"`{name}` of the task {task.task_id!r}", value.why, task.span)
        return task.doc_from_function

    def _arguments(self, task: nodes.Task) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for name, value in task.arguments.items():
            if name in LIFTED or name == "python_callable":
                continue
            if name == "op_args" and not value:
                continue
            if name == "op_kwargs" and not value:
                continue
            current = task.fields.get(name, value) if not task.from_init else value
            found[name] = self.pipeline.value(
                value if name in ("op_args", "op_kwargs") else current,
                task.span,
                f"`{name}` of the task {task.task_id!r}",
            )
        for name in sorted(task.set_names - set(task.arguments) - LIFTED):
            if name not in ("python_callable", *DOCS) and not task.from_init:
                value = task.fields[name]
                found[name] = self.pipeline.value(value, task.span, f"`{name}` of the task {task.task_id!r}")
        return found

    def _mapping(self, task: nodes.Task) -> DynamicMapping | None:
        if task.mapped is None:
            return None
        what = f"what the task {task.task_id!r} is mapped over"
        over = {name: self.pipeline.value(value, task.span, what) for name, value in task.mapped.over.items()}
        return DynamicMapping(over=over, literal_length=task.mapped.length())

    def _assets(self, task: nodes.Task, values: list[Anything], name: str) -> tuple[str, ...]:
        names: list[str] = []
        for value in values:
            assets = leaf_assets(value)
            if assets is not None and isinstance(value, AssetObject):
                names.append(value.name)
                continue
            why = value.why if isinstance(value, Unknown) else "it isn't an asset"
            self.pipeline.doubt(f"one of the {name} of the task {task.task_id!r}", why, task.span)
        return tuple(names)

    def _callable(self, task: nodes.Task) -> CallableRef | None:
        function = task.function if task.function is not None else task.fields.get("python_callable")
        if function is None:
            return None
        found = callable_ref(function)
        if found is None:
            why = function.why if isinstance(function, Unknown) else "it isn't followed"
            self.pipeline.doubt(f"the callable of the task {task.task_id!r}", why, task.span)
        return found


def kind_of(task: nodes.Task) -> TaskKind:
    """What a task does, by its operator."""
    parts = task.operator.split(".")
    if "task" in parts and task.operator.startswith("airflow.") and task.function is not None:
        return DECORATOR_KINDS.get(".".join(parts[parts.index("task") + 1 :]), "other")
    for name in (task.operator, *task.cls.externals()):
        entry = operators.find(name)
        if entry is not None:
            return entry.kind
    return "asset" if "_AssetMainOperator" in task.operator else "other"


def callable_ref(function: Anything) -> CallableRef | None:
    """The function that a task runs; ``None`` when it isn't known."""
    if isinstance(function, TaskFactory):
        return callable_ref(function.function)
    if isinstance(function, Function):
        return _function_ref(function)
    if isinstance(function, External):
        module, _, name = function.name.rpartition(".")
        return CallableRef(name=name, module=module or None, span=None)
    if isinstance(function, BoundMethod):
        inner = function.function
        if isinstance(inner, Function):
            return callable_ref(inner)
        return CallableRef(name=inner.name, module=None, span=None) if isinstance(inner, NativeFunction) else None
    if isinstance(function, Symbolic) and function.parent is None:
        # functools.partial(f, ...) or a decorator's result: what runs is the function inside.
        inner = next((item for item in function.args if isinstance(item, Function | External)), None)
        return callable_ref(inner) if inner is not None else None
    if isinstance(function, Instance):
        return CallableRef(name=function.cls.name, module=None, span=None)
    return None


def _function_ref(function: Function) -> CallableRef:
    """A function of the project; one that a decorator made stands for the decorated one, where that shows it."""
    wrapped = function.attributes.get("__wrapped__")
    if isinstance(wrapped, Function) and getattr(wrapped.node, "decorator_list", []):
        return _function_ref(wrapped)
    name = function.attributes.get("__name__")
    known = str(name) if isinstance(name, str) else function.name
    module = function.scope.module
    if not module.is_main:
        return CallableRef(name=known, module=module.name, span=None, closure=closure_of(function))
    return CallableRef(name=known, module=None, span=definition_span(function), closure=closure_of(function))
