"""Names, attributes and items: what they mean, and how they are shown."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from dagport_lineage.extract.callables import libraries
from dagport_lineage.extract.callables.domain import (
    FAILS,
    LOST,
    Data,
    Entries,
    Foreign,
    Function,
    Handle,
    Items,
    Known,
    Lost,
    Method,
    OwnClass,
    OwnModule,
    Qualified,
    Value,
    data_of,
    is_object,
    origins_of,
)
from dagport_lineage.extract.callables.frames import Frame
from dagport_lineage.extract.callables.modules import bindings_of, single

if TYPE_CHECKING:
    from dagport_lineage.extract.callables.walker import Walker


def text_of_callee(node: ast.AST) -> str:
    """How the source names something, without arguments or literals: nothing secret is shown."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{text_of_callee(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{text_of_callee(node.func)}()"
    if isinstance(node, ast.Subscript):
        return f"{text_of_callee(node.value)}[]"
    if isinstance(node, ast.Await):
        return text_of_callee(node.value)
    return "..."


def lookup(walker: Walker, name: str) -> Value:
    """The value of a variable, found as Python finds it."""
    frame: Frame | None = walker.frame
    module = walker.frame.module
    if name in module.unstable:
        return Foreign(f"`{name}`, which functions change")
    is_first = True
    while frame is not None:
        if name in frame.env:
            inner_changes = not is_first and walker.late > 0 and name in frame.changing
            return Foreign(f"`{name}`, which is set more than once") if inner_changes else frame.env[name]
        if name in frame.locals:
            return Foreign(f"`{name}`, which isn't set yet")
        if name in frame.hidden:
            return Foreign(f"`{name}` of a function around")
        frame, is_first = frame.parent, False
    return walker.project.name(module, name, walker.project.evaluate)


def attribute(walker: Walker, base: Value, name: str, text: str) -> Value:
    """``base.name``."""
    if isinstance(base, Qualified | OwnModule):
        return constant_of(walker, walker.project.member(walker.frame.module, base, name))
    if isinstance(base, Handle):
        rule = libraries.kind(base.kind).attributes.get(name)
        return rule(walker, base) if rule is not None else Method(base, name, text)
    if isinstance(base, OwnClass):
        return class_attribute(walker, base, name)
    if isinstance(base, Lost):
        return LOST
    if isinstance(base, Foreign):
        return Foreign(f"`{text}`")
    if isinstance(base, Function):
        return Foreign(f"`{text}`")
    return Method(base, name, text)


def constant_of(walker: Walker, value: Value) -> Value:
    """The value that a qualified name stands for, where it isn't a function or a class."""
    if not isinstance(value, Qualified):
        return value
    from dagport_lineage.extract.callables.pure import CONSTANTS

    return CONSTANTS.get(value.name, value)


def class_attribute(walker: Walker, cls: OwnClass, name: str) -> Value:
    """A constant of a plain class, where nothing sets it but the class itself."""
    bindings = bindings_of(cls.node.body)
    binding = single(bindings.get(name, []))
    shown = Foreign(f"`{cls.node.name}.{name}`")
    if binding is None or not isinstance(binding.value, ast.expr) or cls.node.bases or cls.node.keywords:
        return shown
    if cls.node.decorator_list or _is_set_anywhere(walker, cls, name):
        return shown
    names = {item.id for item in ast.walk(binding.value) if isinstance(item, ast.Name)}
    if names & set(bindings):
        return shown
    value = walker.project.evaluate(cls.module, binding.value)
    return value if isinstance(value, Known | Data) else shown


def _is_set_anywhere(walker: Walker, cls: OwnClass, name: str) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == name and not isinstance(node.ctx, ast.Load)
        for module in {cls.module, walker.project.main}
        for node in ast.walk(module.tree)
    )


def path_text(value: Value) -> Value:
    """A path as a text."""
    if isinstance(value, Handle) and value.kind == "files.path" and isinstance(value.data, str):
        return Known(value.data)
    return value


def as_data(value: Value) -> Value:
    """An attribute that is used as a value, and not called."""
    if not isinstance(value, Method):
        return value
    if isinstance(value.receiver, Handle):
        if libraries.kind(value.receiver.kind).has_fields:
            return value.receiver
        return Data(None, None)
    if isinstance(value.receiver, Data | Known | Items | Entries):
        return data_of([value.receiver])
    return value


def item_of(walker: Walker, base: Value, key: Value, text: str) -> Value:
    """``base[key]``."""
    base = as_data(base)
    if isinstance(base, Handle):
        kind = libraries.kind(base.kind)
        if kind.item is not None:
            return kind.item(walker, base, key)
        return base if kind.has_fields else Data(None, base.origins)
    if isinstance(key, Known):
        if isinstance(base, Entries) and base.entries is not None:
            return base.entries.get(key.value, FAILS)
        if isinstance(base, Items) and base.items is not None and isinstance(key.value, int) and base.kind != "set":
            return base.items[key.value] if -len(base.items) <= key.value < len(base.items) else FAILS
        if isinstance(base, Known) and isinstance(base.value, str) and isinstance(key.value, int):
            return Known(base.value[key.value]) if -len(base.value) <= key.value < len(base.value) else FAILS
    if isinstance(base, Items) and base.items is None and base.element is not None:
        return base.element
    if isinstance(base, Items | Entries):
        return Foreign(f"`{text}`") if is_object(base) else Data(None, origins_of(base))
    if isinstance(base, Qualified | OwnClass):
        return base  # a generic class
    return Foreign(f"`{text}`") if isinstance(base, Foreign) else data_of([base])
