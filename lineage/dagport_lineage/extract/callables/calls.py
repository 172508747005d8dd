"""What calls give, and what they read and write."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from dagport_lineage.extract.callables import folding, libraries
from dagport_lineage.extract.callables.access import as_data, attribute, text_of_callee
from dagport_lineage.extract.callables.containers import container_method
from dagport_lineage.extract.callables.domain import (
    FAILS,
    LOST,
    PURE,
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
    Partial,
    Qualified,
    Value,
    data_of,
    forget,
    held_by,
    is_object,
    origins_of,
    spoil,
)
from dagport_lineage.extract.callables.frames import Frame, own_nodes
from dagport_lineage.extract.callables.parameters import bind
from dagport_lineage.extract.callables.pure import is_exception, is_pure, keeps, looks
from dagport_lineage.extract.callables.resolve import canonical
from dagport_lineage.extract.callables.site import Site
from dagport_lineage.extract.callables.special import CALLERS, SPECIAL

if TYPE_CHECKING:
    from dagport_lineage.extract.callables.walker import Walker

HARMLESS_DECORATORS = frozenset({
    "functools.cache", "functools.lru_cache", "functools.wraps", "tenacity.retry", "builtins.staticmethod",
    "retrying.retry", "retry.retry", "backoff.on_exception", "typing.no_type_check", "typing.overload",
})  # fmt: skip
"""Decorators after which a function still does what its body says."""


def call(walker: Walker, node: ast.Call) -> Value:
    """A call: the function is looked up, the arguments are evaluated, and the rules are asked."""
    text = text_of_callee(node.func)
    receiver: Value | None = None
    if isinstance(node.func, ast.Attribute):
        receiver = walker.value(node.func.value)
        target: Value | None = None
    else:
        target = walker.value(node.func)
    site = Site(walker, node, text)
    _take_arguments(walker, site)
    if receiver is not None and isinstance(node.func, ast.Attribute):
        return method(site, receiver, node.func.attr)
    return LOST if target is None else invoke(site, target)


def _take_arguments(walker: Walker, site: Site) -> None:
    for arg in site.node.args:
        value = walker.value(arg)
        if not isinstance(arg, ast.Starred):
            site.args.append(_argument(value))
        elif isinstance(value, Items) and value.items is not None and value.kind != "set" and not site.is_open:
            site.args += value.items
        else:
            site.is_open = True
    for keyword in site.node.keywords:
        value = walker.value(keyword.value)
        if keyword.arg is not None:
            site.kwargs[keyword.arg] = _argument(value)
        elif (
            isinstance(value, Entries) and value.entries is not None and all(isinstance(k, str) for k in value.entries)
        ):
            site.kwargs.update(value.entries)
        else:
            site.is_open = True


def _argument(value: Value) -> Value:
    """An attribute of data is data; a method stays one: whoever gets it may call it."""
    if isinstance(value, Method) and isinstance(value.receiver, Handle):
        kind = libraries.kind(value.receiver.kind)
        return value if value.name in kind.methods or not kind.has_fields else value.receiver
    return as_data(value)


def method(site: Site, receiver: Value, name: str) -> Value:
    """``receiver.name(...)``."""
    if isinstance(receiver, Qualified | OwnModule | OwnClass):
        return invoke(site, attribute(site.walker, receiver, name, site.text))
    receiver = as_data(receiver)
    site.receiver = receiver
    if isinstance(receiver, Handle):
        return _handle_method(site, receiver, name)
    escape(site)
    if isinstance(receiver, Lost):
        return LOST
    if isinstance(receiver, Known | Items | Entries):
        return _data_method(site, receiver, name)
    if isinstance(receiver, Data) and name in folding.DATA_METHODS:
        _mix(site)
        return data_of(site.values) if origins_of(receiver) is not None else Data(receiver.why, None)
    return _gap(site)


def _data_method(site: Site, receiver: Known | Items | Entries, name: str) -> Value:
    if isinstance(receiver, Known):
        if isinstance(receiver.value, str) and not site.is_open:
            return folding.text_method(receiver.value, name, site.args, site.kwargs, site.walker.region)
        return site.data() if hasattr(receiver.value, name) else FAILS
    return container_method(site, receiver, name)


def _handle_method(site: Site, receiver: Handle, name: str) -> Value:
    kind = libraries.kind(receiver.kind)
    rule = kind.methods.get(name)
    if (receiver.kind, receiver.data) in site.walker.spoiled:
        escape(site)
        return _gap(site)
    if rule not in CALLERS:
        escape(site)
    if rule is not None:
        return rule(site)
    if name in kind.same or kind.gives_same:
        return Handle(receiver.kind, receiver.data, site.origins)
    if name in kind.pure or kind.is_pure:
        return site.data()
    return _gap(site)


def _gap(site: Site) -> Value:
    """Nothing is known of a call: it may change what it is handed."""
    for value in site.values:
        spoil(value)
    return site.unknown()


def _mix(site: Site) -> None:
    if site.is_open or any(origins_of(value) != frozenset() for value in (*site.args, *site.kwargs.values())):
        site.walker.record.mixed = True


def invoke(site: Site, target: Value) -> Value:
    """A call of a value."""
    if isinstance(target, Lost):
        return LOST
    if isinstance(target, Function):
        return call_function(site, target)
    if isinstance(target, Method):
        return method(site, target.receiver, target.name)
    if isinstance(target, Partial):
        return invoke(_completed(site, target), target.target)
    if isinstance(target, Qualified):
        return _library_call(site, target.name)
    escape(site)
    if isinstance(target, OwnClass):
        return _new(site, target)
    if isinstance(target, Foreign):
        return _gap(site)
    if isinstance(target, Handle):
        rule = libraries.kind(target.kind).methods.get("__call__")
        site.receiver = target
        return rule(site) if rule is not None else _gap(site)
    return FAILS if isinstance(target, Known | Items | Entries) else _gap(site)


def _completed(site: Site, partial: Partial) -> Site:
    """The call that a call of ``functools.partial`` makes."""
    kwargs = {**dict(partial.kwargs), **site.kwargs}
    return Site(site.walker, site.node, site.text, [*partial.args, *site.args], kwargs, is_open=site.is_open)


# Libraries


def _library_call(site: Site, name: str) -> Value:
    name = canonical(name)
    special = SPECIAL.get(name)
    if special is not None:
        return special(site)
    escape(site)
    if _is_tampered(site.walker, name):
        return _gap(site)
    rule = libraries.function(name)
    if rule is not None:
        return rule(site)
    if not is_pure(name) or (any(isinstance(value, Foreign) for value in site.values) and not looks(name)):
        return _gap(site)
    if not keeps(name):
        for value in site.values:
            forget(value)
        _mix(site)
    return _pure_result(site)


def _pure_result(site: Site) -> Value:
    """Data made of the arguments; where one is more than data, so may be what comes of it."""
    if any(_reaches_data(value) for value in site.values):
        return Foreign(f"`{site.text}()`")
    handles = [value for value in site.values if isinstance(value, Handle)]
    if (
        any(is_object(value) and not isinstance(value, Function | Partial | Qualified) for value in site.values)
        and not handles
    ):
        return Foreign(f"`{site.text}()`")
    if any(isinstance(value, Function | Partial | Qualified) for value in site.values):
        return Data(None, None)
    return data_of(site.values) if not site.is_open else Data(None, None)


def _reaches_data(value: Value) -> bool:
    """Whether a value is an object such as a hook, whose methods go somewhere; a frame holds data."""
    if not isinstance(value, Handle):
        return False
    kind = libraries.kind(value.kind)
    return not (kind.has_fields or kind.is_pure or value.kind == "files.path")


def _is_tampered(walker: Walker, name: str) -> bool:
    """Whether a module assigns into the library, or into something of it."""
    package = name.partition(".")[0]
    return any(package in module.tampered_packages for module in {walker.frame.module, walker.project.main})


# Functions of the project


def call_function(site: Site, function: Function, *, late: bool = False) -> Value:
    """Follow a function of the project with these arguments."""
    walker = site.walker
    doubt = doubtful_decorator(walker, function)
    if doubt is not None:
        for value in site.values:
            spoil(value)
        return site.gap("both", "callable", f"what the decorator `{doubt}` makes of a function isn't known")
    env = bind(walker, function, site.args, site.kwargs, is_open=site.is_open)
    if env is None:
        return FAILS  # the arguments don't fit: the call fails
    walker.late += late
    try:
        return walker.enter(function, env)
    finally:
        walker.late -= late


def doubtful_decorator(walker: Walker, function: Function) -> str | None:
    """The first decorator that may change what a function does."""
    for decorator in getattr(function.node, "decorator_list", []):
        node = decorator.func if isinstance(decorator, ast.Call) else decorator
        walker.frames.append(_frame_of(function))
        try:
            value = walker.value(node) if isinstance(node, ast.Name | ast.Attribute) else LOST
        finally:
            walker.frames.pop()
        if not (isinstance(value, Qualified) and value.name in HARMLESS_DECORATORS):
            return text_of_callee(node)
    return None


def _frame_of(function: Function) -> Frame:
    return function.frame or Frame(function.module)


def escape(site: Site) -> None:
    """Functions among the arguments may be called with anything."""
    for value in [*site.args, *site.kwargs.values()]:
        escaped(site, value)


def escaped(site: Site, value: Value) -> None:
    """Follow a function that someone else will call, if at all."""
    if isinstance(value, Items | Entries):
        for item in held_by(value):
            escaped(site, item)
        return
    if isinstance(value, Qualified):
        _library_escaped(site, value)
    elif isinstance(value, Partial):
        inner = Site(site.walker, site.node, site.text, is_open=True)
        with site.walker.branch():
            if isinstance(value.target, Foreign):
                _gap(inner)
            else:
                invoke(_completed(inner, value), value.target)
    elif isinstance(value, Function):
        walker = site.walker
        inner = Site(walker, site.node, site.text, is_open=True)
        with walker.branch():
            _without_double_calls(inner, value)
    elif isinstance(value, Method) and not isinstance(value.receiver, Data | Known | Items | Entries | Lost):
        inner = Site(site.walker, site.node, value.text or site.text, is_open=True)
        with site.walker.branch():
            method(inner, value.receiver, value.name)


def _library_escaped(site: Site, value: Qualified) -> None:
    """A function or a class of a library that is handed on: it may be called with anything."""
    name = canonical(value.name)
    rule = libraries.function(name)
    is_constant = rule is None and name.rpartition(".")[2].isupper()  # ``subprocess.PIPE``
    if site.text in ("isinstance", "issubclass") or is_constant or (rule is None and is_pure(name)):
        return
    inner = Site(site.walker, site.node, value.name, is_open=True)
    with site.walker.branch():
        _library_call(inner, value.name)


def _without_double_calls(site: Site, function: Function) -> None:
    if any((function.node, id(function.frame)) == key for key in site.walker.pending):
        return
    call_function(site, function, late=True)


# Classes of the project


def _new(site: Site, cls: OwnClass) -> Value:
    """An object of a class of the project: plain records and exceptions; others aren't followed."""
    bases = [_base(site.walker, cls, base) for base in cls.node.bases]
    has_code = any(isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) for item in own_nodes(cls.node))
    is_record = all(name in RECORDS for name in bases) and _decorators(site.walker, cls) <= RECORD_DECORATORS
    if has_code or cls.node.keywords:
        return _gap(site)
    if bases and all(is_exception(name) for name in bases):
        return PURE
    return Data(None, None) if is_record and not any(map(is_object, site.values)) else _gap(site)


RECORDS = frozenset(
    {"typing.NamedTuple", "typing.TypedDict", "enum.Enum", "builtins.object", "enum.IntEnum", "enum.StrEnum"}
)
RECORD_DECORATORS = frozenset({"dataclasses.dataclass"})


def _base(walker: Walker, cls: OwnClass, node: ast.expr) -> str:
    value = _global(walker, cls, node)
    if isinstance(value, OwnClass) and value.node.bases:
        return _base(walker, value, value.node.bases[0])
    return value.name.removeprefix("builtins.") if isinstance(value, Qualified) else ""


def _decorators(walker: Walker, cls: OwnClass) -> set[str]:
    nodes = [item.func if isinstance(item, ast.Call) else item for item in cls.node.decorator_list]
    values = [_global(walker, cls, node) for node in nodes]
    return {value.name if isinstance(value, Qualified) else "" for value in values}


def _global(walker: Walker, cls: OwnClass, node: ast.expr) -> Value:
    return walker.project.evaluate(cls.module, node) if isinstance(node, ast.Name | ast.Attribute) else LOST
