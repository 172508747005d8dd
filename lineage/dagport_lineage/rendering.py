"""The text of an argument, where it is known before a run."""

from __future__ import annotations

from dagport.graph import Task
from dagport.values import Call, Code, Ref, Template, Value, XCom
from dagport_lineage.model import Unresolved
from dagport_lineage.scope import Scope


def text_of(value: Value, task: Task, scope: Scope) -> str | Unresolved:
    """The text of a value: as it is, or a template rendered with what is known; else why it isn't known."""
    if isinstance(value, str):
        return value
    if isinstance(value, Template):
        return Unresolved("template", f"`{value.text}` is known in a run only")
    if isinstance(value, XCom):
        return Unresolved("runtime", f"it is the result of the task `{value.task_id}`")
    if isinstance(value, Code):
        return Unresolved("opaque", f"`{value.text}`: {value.why}")
    if isinstance(value, Ref | Call):
        return Unresolved("opaque", f"`{value.name}` isn't a text")
    return Unresolved("opaque", "it isn't a text")
