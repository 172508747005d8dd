"""What the constructors of operator classes do to the fields of ``BaseOperator``, read from their sources.

A class can have a default of its own for such a field, force a value on it, or set it in a way that isn't read here.
"""

from __future__ import annotations

import ast
import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

FIELDS = (
    "task_id", "retries", "retry_delay", "retry_exponential_backoff", "execution_timeout", "pool", "pool_slots",
    "queue", "priority_weight", "depends_on_past", "wait_for_downstream", "owner", "trigger_rule", "inlets",
    "outlets", "doc", "doc_md",
)  # fmt: skip
UNREAD = object()


@dataclass
class Effects:
    """The three ways, by field."""

    defaults: dict[str, Any] = field(default_factory=dict)  # used where neither the call nor default_args say anything
    forced: dict[str, Any] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)

    def row(self) -> dict[str, Any]:
        """The JSON form, without what is empty."""
        known = {"defaults": self.defaults, "forced": self.forced, "doubtful": " ".join(sorted(self.doubtful))}
        return {name: value for name, value in known.items() if value}


def effects(constructors: Iterable[tuple[ast.FunctionDef, dict[str, ast.expr]]]) -> Effects:
    """The effects of a chain of constructors, the most derived first, with the values of their modules' names."""
    found = Effects()
    for init, names in constructors:
        for name in FIELDS:
            if name not in found.forced and name not in found.doubtful:
                _note(found, name, _Constructor(init, names))
    return found


def _note(found: Effects, name: str, init: _Constructor) -> None:
    ways = list(init.settings(name))
    if name in init.parameters:
        passed = [way for way in ways if isinstance(way, ast.Name) and way.id == name]
        default = init.parameters[name]
        if default is not None and name not in found.defaults:
            value = init.constant(default)
            if value is UNREAD or len(ways) != len(passed):
                found.doubtful.add(name)
            elif value is not None:
                found.defaults[name] = value
        if not passed:
            found.doubtful.add(name)
        ways = [way for way in ways if way not in passed]
    if not ways:
        return
    value = init.constant(ways[0])
    if len(ways) > 1 or value is UNREAD or init.may_skip(name):
        found.doubtful.add(name)
    else:
        found.forced[name] = value


class _Constructor:
    """One ``__init__``."""

    def __init__(self, init: ast.FunctionDef, names: dict[str, ast.expr]) -> None:
        self.init = init
        self.names = names
        spec = init.args
        positional = [*spec.posonlyargs, *spec.args][1:]
        padding: list[ast.expr | None] = [None] * (len(positional) - len(spec.defaults))
        parameters, defaults = [*positional, *spec.kwonlyargs], [*padding, *spec.defaults, *spec.kw_defaults]
        self.parameters = {item.arg: default for item, default in zip(parameters, defaults, strict=True)}
        self.keywords = spec.kwarg.arg if spec.kwarg is not None else ""

    def settings(self, name: str) -> Iterator[ast.expr]:
        """Expressions that the field is set to: handed to the base's constructor, or assigned."""
        for node in ast.walk(self.init):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr == "__init__":
                    yield from (keyword.value for keyword in node.keywords if keyword.arg == name)
                elif self._is_keywords(node.func.value) and any(_is_text(item, name) for item in node.args):
                    yield node  # kwargs.pop("retries") and the like
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(self._is_field(target, name) for target in targets) and node.value is not None:
                    yield node.value

    def _is_keywords(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id == self.keywords

    def _is_field(self, target: ast.expr, name: str) -> bool:
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
            return target.attr == name
        return isinstance(target, ast.Subscript) and self._is_keywords(target.value) and _is_text(target.slice, name)

    def may_skip(self, name: str) -> bool:
        """Whether the field is set under a condition."""
        return any(
            self._is_field(target, name)
            for block in ast.walk(self.init)
            if isinstance(block, ast.If | ast.Try | ast.For | ast.While)
            for node in ast.walk(block)
            if isinstance(node, ast.Assign)
            for target in node.targets
        )

    def constant(self, node: ast.expr) -> Any:
        """A plain value; a duration as its seconds."""
        if isinstance(node, ast.Constant) and not isinstance(node.value, bytes | complex):
            return node.value
        if isinstance(node, ast.Name) and node.id in self.names:
            return self.constant(self.names[node.id])
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "TriggerRule":
            return node.attr.lower()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "timedelta":
            values = {keyword.arg: self.constant(keyword.value) for keyword in node.keywords if keyword.arg}
            if not node.args and all(isinstance(value, int | float) for value in values.values()):
                return datetime.timedelta(**values).total_seconds()
        return UNREAD


def _is_text(node: ast.expr, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text
