"""One task: the operator or the TaskFlow function, its settings and its arguments."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from dagport.graph import Task
from dagport.pycode import text_constant
from dagport.values import Call, Value, XCom
from dagport.writers.airflow.written.functions import Functions
from dagport.writers.airflow.written.model import Written
from dagport.writers.airflow.written.settings import CALLABLE_ARGUMENTS, TEARDOWN_RULE, check_arguments, settings_of
from dagport.writers.airflow.written.source import ASSET_OPERATOR
from dagport.writers.airflow.written.tree import results_in, uses
from dagport.writers.airflow.written.values import MAPPED_ARGUMENT, Values, text
from dagport.writers.common.literals import NotExpressible

TASKFLOW = ("airflow.sdk.task", "airflow.decorators.task", "airflow.sdk.definitions.decorators.task")
CALLED_LIKE_METHODS = ("post_execute", "pre_execute")


@dataclass
class TaskWriter:
    """Writes the tasks of one DAG, each after those whose results it uses."""

    values: Values
    functions: Functions
    assets: Mapping[str, str]
    variables: Mapping[str, str]
    keeps_defaults: bool = False  # whether the source's own default_args are needed as they are
    written: dict[str, Written] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)  # tasks whose variable is used

    def write(self, task: Task, mapped: Mapping[str, str]) -> Written:
        """A task in the form that the graph has for it; a raising one where that can't be written."""
        try:
            found = self._form(task, mapped)
        except NotExpressible as problem:
            found = self._manual(task, str(problem))
        self.written[task.id] = found
        if found.function is not None:
            self.functions.use(found)
        return found

    def _form(self, task: Task, mapped: Mapping[str, str]) -> Written:
        check_arguments(task, self.values.version)
        if task.operator == ASSET_OPERATOR:
            return self._asset(task, mapped)
        if task.teardown and task.trigger_rule != TEARDOWN_RULE:
            raise NotExpressible(f"a teardown with the rule {task.trigger_rule!r}")
        if self.values.orchestrator != "airflow":
            return self._foreign(task, mapped)
        decorator = _decorator(task.operator)
        return self._operator(task, mapped) if decorator is None else self._taskflow(task, decorator, mapped)

    def _foreign(self, task: Task, mapped: Mapping[str, str]) -> Written:
        """A task of another orchestrator: its function as a TaskFlow task."""
        if task.callable is None or task.kind != "python":
            raise NotExpressible(f"a task of {self.values.orchestrator} of the kind {task.kind!r}")
        return self._taskflow(task, "", mapped)

    def _operator(self, task: Task, mapped: Mapping[str, str]) -> Written:
        callee = self.values.reference(task.operator)
        keywords = self._settings(task, mapped)
        if task.callable is not None:
            keywords = {"python_callable": self.functions.reference(task.callable), **keywords}
        written = Written(task=task, form="operator", callee=callee, keywords=keywords)
        if is_own(task.operator) and task.mapped is None:
            self._as_called(written)
        return self._finished(written, mapped)

    def _as_called(self, written: Written) -> None:
        """A class of the project's own gets what its call has: its constructor decides about all else itself."""
        task, source = written.task, self.values.source
        if source is None:
            if task.arguments and self.values.has_defaults:
                written.notes += ("what its own class takes from default_args isn't in the graph",)
            return
        names = source.call_keywords(task)
        written.named = "task_id" in names
        given = written.keywords
        written.keywords = {
            name: given[name] if name in given else source.argument(task, name) for name in names if name != "task_id"
        }
        self.keeps_defaults = True

    def _taskflow(self, task: Task, decorator: str, mapped: Mapping[str, str]) -> Written:
        if task.callable is None:
            raise NotExpressible("its function isn't known")
        keywords = self._settings(task, mapped, is_taskflow=True)
        positional = [self._write(value, mapped) for value in _items(task.arguments.get("op_args"))]
        named = task.arguments.get("op_kwargs") or {}
        if not isinstance(named, Mapping):
            raise NotExpressible("the arguments of its function aren't known")
        given = self._keywords(named, mapped)
        home = self.values.want("airflow.sdk.task") + decorator
        if task.callable.span is None:  # another module's function, decorated here
            maker = f"{home}({_joined({**self._id(task), **keywords})})"
            callee = f"{maker}({self.functions.reference(task.callable)})"
            written = Written(task=task, form="taskflow", callee=callee)
        else:
            key, callee, doc = self.functions.decorated(task.callable, home, task.id)
            if doc is not None and _same_text(task.doc, doc):
                keywords.pop("doc_md", None)
            written = Written(task=task, form="taskflow", callee=callee, keywords=keywords, function=key)
        if task.mapped is not None and positional:
            raise NotExpressible("a mapped function takes only named arguments")
        if task.mapped is not None:
            written.partial = tuple(f"{name}={value}" for name, value in given.items())
        else:
            written.call = (*positional, *(f"{name}={value}" for name, value in given.items()))
        return self._finished(written, mapped)

    def _asset(self, task: Task, mapped: Mapping[str, str]) -> Written:
        if task.callable is None:
            raise NotExpressible("its function isn't known")
        if self.values.version == "2":
            if self.values.source is None or self.values.source.parameters(task.callable):
                raise NotExpressible("Airflow 2 has no @asset, which hands its function the assets that it names")
            return self._taskflow(task, "", mapped)
        return Written(task=task, form="asset", callee=self.functions.whole(task.callable))

    def _finished(self, written: Written, mapped: Mapping[str, str]) -> Written:
        task = written.task
        if task.mapped is not None:
            over = dict(task.mapped.over)
            written.whole = set(over) == {"kwargs"}
            written.over = (
                self._write(over["kwargs"], mapped) if written.whole else _joined(self._keywords(over, mapped))
            )
        if "on_failure_fail_dagrun" in task.arguments:
            written.teardown = f"on_failure_fail_dagrun={self._write(task.arguments['on_failure_fail_dagrun'], mapped)}"
        written.implied = frozenset(uses(task))
        written.local = frozenset(
            name for name, value in task.arguments.items() if _has_mapped(value) or any(results_in(value))
        )
        if task.conditional is not None:
            written.notes += (f"whether it is part of the DAG depends on `{task.conditional}`; here it always is",)
        return written

    def _settings(self, task: Task, mapped: Mapping[str, str], *, is_taskflow: bool = False) -> dict[str, str]:
        """All keyword arguments of the operator but its id and those of its function."""
        found: dict[str, str] = {}
        for name, value in task.arguments.items():
            if (is_taskflow and name in CALLABLE_ARGUMENTS) or name in ("on_failure_fail_dagrun", "python_callable"):
                continue
            found[name] = self._argument(task, name, value, mapped)
        found |= settings_of(task, self.values)
        for name, assets in (("inlets", task.inlets), ("outlets", task.outlets)):
            if assets:
                found[name] = self._assets(task, name, assets)
        if task.doc is not None and not set(task.arguments) & {"doc", "doc_md"}:
            found["doc_md"] = text(task.doc)
        return found

    def _argument(self, task: Task, name: str, value: Value, mapped: Mapping[str, str]) -> str:
        try:
            return self._write(value, mapped)
        except NotExpressible:
            if self.values.source is None or _has_mapped(value):
                raise
            return self.values.source.argument(task, name)

    def _assets(self, task: Task, name: str, assets: Iterable[str]) -> str:
        known = [self.assets.get(asset) for asset in assets]
        if None not in known:
            return f"[{', '.join(map(str, known))}]"
        if self.values.source is None:
            raise NotExpressible(f"what the {name} that aren't assets by name are isn't in the graph")
        return self.values.source.argument(task, name)

    def _manual(self, task: Task, reason: str) -> Written:
        keywords: dict[str, str] = {}
        with suppress(NotExpressible):
            keywords = settings_of(task, self.values)
        key, callee = self.functions.refusal(task, reason)
        ends = task.arguments.get("on_failure_fail_dagrun")
        teardown = f"on_failure_fail_dagrun={ends!r}" if isinstance(ends, bool) else ""
        return Written(
            task=task, form="manual", callee=callee, keywords=keywords, function=key, reason=reason, teardown=teardown
        )

    def _write(self, value: Value, mapped: Mapping[str, str]) -> str:
        return self.values.write(value, self.result, mapped)

    def _keywords(self, values: Mapping[str, Value], mapped: Mapping[str, str]) -> dict[str, str]:
        for name in values:
            if not name.isidentifier():
                raise NotExpressible(f"{name!r} can't be a named argument")
        return {name: self._write(value, mapped) for name, value in values.items()}

    def result(self, value: XCom) -> str:
        """Another task's result, by its variable."""
        source = self.written.get(value.task_id)
        if source is None or source.form == "asset":
            raise NotExpressible(f"the result of {value.task_id!r} comes from outside of the DAG")
        self.named.add(value.task_id)
        variable = self.variables[value.task_id]
        whole = variable if source.form in ("taskflow", "manual") else f"{variable}.output"
        return whole if value.key == "return_value" else f"{whole}[{text_constant(value.key)}]"

    def _id(self, task: Task) -> dict[str, str]:
        return {"task_id": text_constant(label(task))}


def is_own(operator: str) -> bool:
    """Whether an operator's class is none of Airflow's or its providers'."""
    return not operator.startswith("airflow.")


def label(task: Task) -> str:
    """A task's id in its group."""
    return task.id.removeprefix(f"{task.group}.") if task.group else task.id


def _decorator(operator: str) -> str | None:
    """What follows ``task`` in a decorator: "" or ".branch"; ``None`` for an operator's class."""
    for start in TASKFLOW:
        if operator == start or operator.startswith(f"{start}."):
            return operator.removeprefix(start)
    return None


def _items(value: Value) -> list[Value]:
    if value is None:
        return []
    if isinstance(value, Call) and value.name == "tuple" and value.args:
        return _items(value.args[0])
    if isinstance(value, list | tuple):
        return list(value)
    raise NotExpressible("the arguments of its function aren't known")


def _joined(keywords: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in keywords.items())


def _same_text(one: str | None, other: str) -> bool:
    return one is not None and inspect.cleandoc(one) == inspect.cleandoc(other)


def _has_mapped(value: Value) -> bool:
    return MAPPED_ARGUMENT in repr(value)
