"""What is known before a run of the context that templates are rendered in.

Source: ``get_template_context`` and the accessors of ``airflow.sdk.execution_time.context``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Set
from typing import TYPE_CHECKING, Any, TypeAlias

from dagport.evaluate.needs import holds_password, is_public, is_sensitive
from dagport.evaluate.rendering import Refused, TemplateError
from dagport.evaluate.rendering import render as render_bounded
from dagport.graph import Task
from dagport.passes.templates import MARKS, RESERVED, TooLarge, free_names, has_template, parse, plain
from dagport.values import Call, Value, is_known
from dagport_lineage.model import Unresolved
from dagport_lineage.naming.connections import connection
from dagport_lineage.scope import Scope

if TYPE_CHECKING:
    from jinja2 import nodes

Steps: TypeAlias = tuple[str | int, ...]

PREFIX = "AIRFLOW_VAR_"  # of the environment variables that hold Variables
CONNECTION_FIELDS = ("conn_id", "conn_type", "host", "schema", "port")
IDS = {
    "dag": ("dag_id",), "dag_run": ("dag_id",), "task": ("task_id", "dag_id"), "ti": ("task_id", "dag_id"),
    "task_instance": ("task_id", "dag_id"),
}  # fmt: skip
METHODS = frozenset(dir(dict)) | {"dump", "filter_params_by_source", "suppress_exception", "validate"}
"""Attributes of params and of plain data: ``params.items`` isn't the param of that name."""
SIMPLE = re.compile(r"\{\{\s*([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)\s*\}\}")
OWN_SETTINGS = {"jinja_environment_kwargs": "", "user_defined_filters": "|"}
"""Arguments of a DAG that change what templates mean, and what is in the templates that they change."""


class Known:
    """Values by their paths in the context of one task, and templates rendered with them."""

    def __init__(self, task: Task, scope: Scope) -> None:
        self.task = task
        self.scope = scope
        self.changed = [name for name in OWN_SETTINGS if name in scope.source.text]

    def render(self, text: str, own: Mapping[str, Any] | None = None) -> str | Unresolved:
        """The text that a template gives, where all that it asks for is known; ``own`` are names bound inside it."""
        if not has_template(text):
            return plain(text)
        changed = next((name for name in self.changed if OWN_SETTINGS[name] in text), None)
        if changed is not None:
            return Unresolved("template", f"`{changed}` of the DAG isn't followed")
        return (None if own else self._simple(text)) or self._full(text, own or {})

    def _simple(self, text: str) -> str | Unresolved | None:
        """A template of nothing but paths such as ``params.table``; ``None`` for any other."""
        if any(mark in SIMPLE.sub("%", text) for mark in MARKS):
            return None
        values: list[str] = []
        for found in SIMPLE.finditer(text):
            if found[1] in RESERVED:
                return None
            value = self.value(found[1], tuple(found[2].split(".")[1:]), dotted=True)
            if isinstance(value, Unresolved):
                return value
            if not isinstance(value, str | int | float):
                return None
            values.append(str(value))
        rest = iter(values)
        return SIMPLE.sub(lambda _: next(rest), plain(text)) or None

    def _full(self, text: str, own: Mapping[str, Any]) -> str | Unresolved:
        try:
            tree = parse(text)
        except TooLarge as problem:
            return Unresolved("template", str(problem))
        if tree is None:
            return Unresolved("template", "it isn't valid Jinja")
        values = dict(own)
        for root, steps, dotted in _requests(tree, free_names(tree) - set(own)):
            path = _asked(root, steps)
            value = self.value(root, path, dotted=dotted)
            if isinstance(value, Unresolved) and value.reason == "variable" and path != steps:
                path = steps  # there is a secret in it: perhaps not where the template looks
                value = self.value(root, path, dotted=dotted)
            if isinstance(value, Unresolved):
                return value
            _put(values, (root, *path), value)
        try:
            return render_bounded(text, {}, True, values)
        except Refused as refused:
            return Unresolved("template", str(refused))
        except TemplateError as error:
            return Unresolved("template", f"it can't be rendered: {error}")

    # Values

    def value(self, root: str, steps: Steps, *, dotted: bool) -> Any:
        """The value at a path; ``dotted``: it is written with dots, which prefer methods to entries."""
        names = [step for step in steps if isinstance(step, str)] if dotted else []
        if root in ("params", "var") and any(name in METHODS for name in names):
            return Unresolved("template", f"`{_shown(root, steps)}` may be a method")
        if root == "params" and steps:
            return self._param(str(steps[0]), steps)
        if root == "var" and len(steps) > 1 and steps[0] in ("value", "json"):
            return self._variable(str(steps[0]), str(steps[1]), steps[2:])
        if root == "conn" and len(steps) > 1:
            return self._connection(str(steps[0]), str(steps[1]))
        if len(steps) == 1 and steps[0] in IDS.get(root, ()):
            return self.scope.pipeline.id if steps[0] == "dag_id" else self.task.id
        return Unresolved("template", f"`{_shown(root, steps)}` is known in a run only")

    def _param(self, name: str, steps: Steps) -> Any:
        own = self.task.arguments.get("params")
        if own is not None and not isinstance(own, Mapping):
            return Unresolved("opaque", "the params of the task aren't known")
        params: dict[str, Value] = {**self.scope.pipeline.params, **(own or {})}
        if name not in params:
            return Unresolved("template", f"the DAG has no param `{name}`: a run may have it")
        if any(is_sensitive(str(step)) for step in steps):
            return Unresolved("template", f"the param `{name}` may be a secret, which is never shown")
        value = _default(params[name])
        if not is_known(value):
            return Unresolved("opaque", f"the param `{name}` has no default that is known")
        return _at(value, steps[1:])

    def _variable(self, accessor: str, name: str, steps: Steps) -> Any:
        given = self.scope.deployment
        text = given.environment.get(PREFIX + name.upper(), given.variables.get(name))
        what = f"the Variable `{name}`"
        if text is None:
            return Unresolved("variable", f"{what} isn't given (see --variables)")
        if accessor == "value":
            if steps:
                return Unresolved("template", f"{what} is a text, and has no `{steps[0]}`")
            secret = Unresolved("variable", f"{what} is a secret, which is never shown")
            return text if is_public(name, text) else secret
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return Unresolved("variable", f"{what} isn't valid JSON")
        value = _at(data, steps)
        hidden = is_sensitive(name) or any(is_sensitive(str(step)) for step in steps)
        if hidden or holds_password(value if isinstance(value, str) else json.dumps(value, default=str)):
            return Unresolved("variable", f"{what} holds a secret, which is never shown")
        return value

    def _connection(self, conn_id: str, field: str) -> Any:
        found = connection(conn_id, self.scope)
        if isinstance(found, Unresolved):
            return found
        if field not in CONNECTION_FIELDS:
            return Unresolved("connection", f"`{field}` of the connection `{conn_id}` may be a secret")
        value = {"conn_id": found.id, "conn_type": found.type}.get(field) or getattr(found, field, None)
        if value is None:
            return Unresolved("connection", f"the connection `{conn_id}` doesn't say the {field}")
        return value


def _shown(root: str, steps: Steps) -> str:
    return ".".join(map(str, (root, *steps)))


def _default(param: Value) -> Value:
    """The default of a param: its own value, or that of a ``Param``."""
    if isinstance(param, Call) and param.name.rpartition(".")[2] == "Param":
        return param.args[0] if param.args else param.kwargs.get("default", param)
    return param


def _at(value: Any, steps: Steps) -> Any:
    """The part of some data at a path."""
    for step in steps:
        try:
            value = value[step] if isinstance(value, Mapping | list) else None  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            value = None
        if value is None:
            return Unresolved("template", f"there is nothing at `{step}`")
    return value


def _put(values: dict[str, Any], path: Steps, value: Any) -> None:
    """Make a value reachable by a path; what lies on the way are objects with nothing else in them."""
    inner: Any = values
    for step in path[:-1]:
        inner = inner.setdefault(step, {})
    inner[path[-1]] = value


# What a template asks for


def _requests(tree: nodes.Node, free: Set[str]) -> Iterator[tuple[str, Steps, bool]]:
    """The longest paths into the context: the root's name, the steps, and whether any step is written with a dot."""
    from jinja2 import nodes  # start-up

    found = _path(tree) if isinstance(tree, nodes.Expr) else None
    if found is None:
        for child in tree.iter_child_nodes():
            yield from _requests(child, free)
        return
    root, steps, dotted, rest = found
    if root in free:
        yield root, steps, dotted
    for node in rest:
        yield from _requests(node, free)


def _asked(root: str, steps: Steps) -> Steps:
    """How much of a path is looked up at once: the rest is left to the template."""
    return steps[: {"params": 1, "var": 2, "conn": 2}.get(root, len(steps))]


def _path(node: nodes.Node) -> tuple[str, Steps, bool, tuple[nodes.Node, ...]] | None:
    """The root, the steps, whether there is a dotted one, and the arguments still to be looked at."""
    from jinja2 import nodes  # start-up

    if isinstance(node, nodes.Name):
        return node.name, (), False, ()
    if isinstance(node, nodes.Getattr):
        inner = _path(node.node)
        return None if inner is None else (inner[0], (*inner[1], node.attr), True, inner[3])
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str | int):
        inner = _path(node.node)
        return None if inner is None else (inner[0], (*inner[1], node.arg.value), inner[2], inner[3])
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr == "get" and node.args:
        inner, name = _path(node.node.node), node.args[0]
        if inner is None or not isinstance(name, nodes.Const) or not isinstance(name.value, str):
            return None
        more = (*node.args[1:], *(keyword.value for keyword in node.kwargs))
        return inner[0], (*inner[1], name.value), inner[2], (*inner[3], *more)
    return None
