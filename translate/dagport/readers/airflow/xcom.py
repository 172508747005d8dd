"""References to results: ``XComArg``, ``.output``, ``map``, ``zip`` and ``concat``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    CONTAINERS,
    Anything,
    BoundMethod,
    CallSite,
    Native,
    NativeFunction,
    PyRaise,
    Symbolic,
    Unknown,
)
from dagport.readers.airflow.nodes import RETURN_KEY, Task, XComRef

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


def references(value: Anything) -> Iterator[tuple[Task, str]]:
    """All references to results inside a value (``XComArg.iter_xcom_references``): not in the keys of a dict."""
    if isinstance(value, XComRef | Task):
        yield from _of_object(value)
    elif isinstance(value, CONTAINERS):
        yield from _inside(value, set())


def _inside(value: Anything, seen: set[int]) -> Iterator[tuple[Task, str]]:
    if id(value) in seen:
        return
    seen.add(id(value))
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, XComRef | Task):
            yield from _of_object(item)
        elif isinstance(item, CONTAINERS):
            yield from _inside(item, seen)


def _of_object(value: XComRef | Task) -> Iterator[tuple[Task, str]]:
    if isinstance(value, MappedArgument):
        yield from references(value.source)
    elif isinstance(value, XComRef):
        yield from value.parts
    else:
        # An operator inside an argument brings the references of its own template fields along.
        for task, keys in value.results.items():
            for key in keys:
                yield task, key


class MappedArgument(XComRef):
    """The stub that a mapped task group's function gets for an argument it is mapped over."""

    __slots__ = ("source",)
    type_name = "airflow.sdk.definitions._internal.expandinput.MappedArgument"

    def __init__(self, source: Anything) -> None:
        super().__init__(list(references(source)), plain=False)
        self.source = source

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """An item of what each instance gets isn't known while the file is read."""
        return NotImplemented


def xcom_arg(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``XComArg(task, key="...")``."""
    values = {**dict(zip(("operator", "key"), args, strict=False)), **kwargs}
    task, key = values.get("operator"), values.get("key", RETURN_KEY)
    if isinstance(task, Task) and isinstance(key, str):
        return XComRef([(task, key)])
    return machine.unknown("which task's result is meant isn't known", site)


def reference_attribute(machine: Machine, ref: XComRef, name: str, site: CallSite) -> Anything:
    """Attributes of ``XComArg``."""
    if name in ref.extra:
        return ref.extra[name]
    if ref.plain and name == "operator":
        return ref.task
    if ref.plain and name == "key":
        return ref.key
    if ref.plain and name in ("is_setup", "is_teardown"):
        return ref.task.setup if name == "is_setup" else ref.task.teardown
    if name in ("roots", "leaves"):
        return ref.roots()
    method = METHODS.get(name)
    if method is not None and (ref.plain or name != "__str__"):
        return BoundMethod(NativeFunction(name, method), ref)
    hooks: Any = machine.hooks
    if ref.plain and hooks.version == "3" and not name.startswith("_") and name not in OTHER_ATTRIBUTES:
        raise PyRaise("AttributeError", f"'PlainXComArg' object has no attribute '{name}'")
    return NotImplemented


OTHER_ATTRIBUTES = {
    "apply_upstream_relationship", "as_setup", "as_teardown", "iter_references", "iter_xcom_references",
    "on_failure_fail_dagrun", "resolve", "set_downstream", "set_upstream", "update_relative",
}  # fmt: skip


def _text(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """The Jinja text that ``str()`` of a reference gives; it makes no dependency."""
    ref: XComRef = args[0]
    dag_id = ref.task.dag.id if ref.task.dag is not None else None
    if not isinstance(ref.task.task_id, str) or not isinstance(dag_id, str):
        return machine.unknown("the id of the task isn't known", site)
    call = f"task_ids='{ref.task.task_id}', dag_id='{dag_id}', key='{ref.key}'"
    return f"{{{{ task_instance.xcom_pull({call}) }}}}"


def _mapped(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``result.map(function)``."""
    from dagport.readers.airflow.taskflow import TaskFactory

    if any(isinstance(item, TaskFactory) for item in (*args, *kwargs.values())):
        raise PyRaise("ValueError", "map() argument must be a plain function, not a @task operator")
    return _derived(machine, args[:1], {}, site)


def _joined(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``result.zip(others)`` and ``result.concat(others)``."""
    for item in args:
        if not isinstance(item, XComRef | Unknown | Symbolic):
            raise PyRaise("AttributeError", f"'{type(item).__name__}' object has no attribute 'iter_references'")
    return _derived(machine, args, {}, site)


def _derived(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``map``, ``zip`` and ``concat`` refer to the tasks of all their parts."""
    if args[0].plain and args[0].key != RETURN_KEY:
        raise PyRaise("ValueError", "cannot map against non-return XCom")
    parts: list[tuple[Task, str]] = []
    for item in args:
        if isinstance(item, XComRef):
            parts.extend(item.parts)
        elif isinstance(item, Unknown):
            return item
    return XComRef(list(dict.fromkeys(parts)), plain=False)


METHODS: dict[str, Native] = {"__str__": _text, "map": _mapped, "zip": _joined, "concat": _joined}
