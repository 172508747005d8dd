"""References to results: ``XComArg``, ``.output``, ``map``, ``zip`` and ``concat``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dagport.evaluate.domain import (
    CONTAINERS,
    Anything,
    BoundMethod,
    CallSite,
    Native,
    NativeFunction,
    Unknown,
)
from dagport.readers.airflow.nodes import RETURN_KEY, Task, XComRef

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


def references(value: Anything) -> Iterator[tuple[Task, str]]:
    """All references to results inside a value (``XComArg.iter_xcom_references``)."""
    if isinstance(value, XComRef):
        yield from value.parts
    elif isinstance(value, MappedArgument):
        yield from references(value.source)
    elif isinstance(value, dict):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, CONTAINERS):
        for item in value:
            yield from references(item)
    elif isinstance(value, Task):
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
    if ref.plain and name == "operator":
        return ref.task
    if ref.plain and name == "key":
        return ref.key
    if ref.plain and name in ("is_setup", "is_teardown"):
        return ref.task.setup if name == "is_setup" else ref.task.teardown
    method = METHODS.get(name)
    if method is None or (name == "__str__" and not ref.plain):
        return NotImplemented
    return BoundMethod(NativeFunction(name, method), ref)


def _text(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """The Jinja text that ``str()`` of a reference gives; it makes no dependency."""
    ref: XComRef = args[0]
    dag_id = ref.task.dag.id if ref.task.dag is not None else None
    if not isinstance(ref.task.task_id, str) or not isinstance(dag_id, str):
        return machine.unknown("the id of the task isn't known", site)
    call = f"task_ids='{ref.task.task_id}', dag_id='{dag_id}', key='{ref.key}'"
    return f"{{{{ task_instance.xcom_pull({call}) }}}}"


def _derived(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``map``, ``zip`` and ``concat`` refer to the tasks of all their parts."""
    parts: list[tuple[Task, str]] = []
    for item in args:
        if isinstance(item, XComRef):
            parts.extend(item.parts)
        elif isinstance(item, Unknown):
            return item
    return XComRef(list(dict.fromkeys(parts)), plain=False)


METHODS: dict[str, Native] = {"__str__": _text, "map": _derived, "zip": _derived, "concat": _derived}
