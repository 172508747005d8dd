"""The text of an argument, where it is known before a run.

Known are params with a default, Variables and connections that the user gave, and the ids of the pipeline and the task:
a run that is started with its own params or Variables reads and writes elsewhere. Nothing else of a run's context is.
"""

from __future__ import annotations

import ast

from dagport.graph import Task
from dagport.passes.templates import TooLarge, has_template, plain
from dagport.values import Call, Code, Ref, Template, Value, XCom
from dagport_lineage.model import Unresolved
from dagport_lineage.rendering.context import Known
from dagport_lineage.rendering.files import file_text
from dagport_lineage.rendering.partial import render_parts
from dagport_lineage.scope import Scope
from dagport_lineage.secrets import redact

__all__ = ["file_text", "partly_rendered", "text_of"]

PATHS = ("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath")
PROJECT_PATH = "dagport.project_path"
NATIVE = "render_template_as_native_obj"
EXCERPT = 80  # characters of a template in a message


def text_of(value: Value, task: Task, scope: Scope) -> str | Unresolved:
    """The text of a value: as it is, or a template rendered with what is known; else why it isn't known.

    Whether the operator renders the argument is the caller's to ask.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Template):
        return _rendered(value.text, task, scope)
    if isinstance(value, XCom):
        return Unresolved("runtime", f"it is the result of the task `{value.task_id}`")
    if isinstance(value, Code):
        return Unresolved("opaque", redact(f"`{value.text}`: {value.why}" if value.text else value.why))
    if isinstance(value, Call) and value.name in PATHS and len(value.args) == 1 and not value.kwargs:
        return text_of(value.args[0], task, scope)
    if isinstance(value, Call) and value.name == PROJECT_PATH:
        return Unresolved("opaque", "it is a path in the project, whose place in the deployment isn't known")
    if isinstance(value, Ref | Call):
        return Unresolved("opaque", f"`{value.name}` isn't a text")
    return Unresolved("opaque", "it isn't a text")


def _rendered(text: str, task: Task, scope: Scope) -> str | Unresolved:
    found = Known(task, scope).render(text)
    if not isinstance(found, Unresolved) and NATIVE in scope.source.text and _is_other_as_data(found):
        found = Unresolved("template", f"`{NATIVE}` may make other data of it than a text")
    if not isinstance(found, Unresolved):
        return found
    shown = redact(text if len(text) <= EXCERPT else f"{text[:EXCERPT]}...")
    return Unresolved(found.reason, f"`{shown}`: {found.message}")


def _is_other_as_data(text: str) -> bool:
    """Whether a text reads as a literal of Python that looks otherwise as a text, such as one in quotes."""
    try:
        return str(ast.literal_eval(text)) != text
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


def partly_rendered(text: str, task: Task, scope: Scope) -> str:
    """A text with its known expressions replaced and its known conditions and loops carried out; the rest stays Jinja.

    A text that isn't valid Jinja, or that has statements beyond ``if``, ``for`` and ``set``, stays as it is.
    """
    if not has_template(text):
        return plain(text)
    try:
        return render_parts(text, Known(task, scope))
    except (TooLarge, RecursionError):
        return text
