"""Parameters of functions and their values."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from dagport_lineage.extract.callables.domain import (
    PURE,
    Data,
    Entries,
    Foreign,
    Function,
    Items,
    Known,
    Value,
    forget,
)
from dagport_lineage.extract.callables.site import SPREAD

if TYPE_CHECKING:
    from dagport_lineage.extract.callables.walker import Walker


def bind(
    walker: Walker, function: Function, args: list[Value], kwargs: dict[str, Value], *, is_open: bool
) -> dict[str, Value] | None:
    """The parameters of a function with their values; ``None`` where the call would fail."""
    spec = function.node.args
    positional = [item.arg for item in (*spec.posonlyargs, *spec.args)]
    rest = {**kwargs}
    env: dict[str, Value] = dict(zip(positional, args, strict=False))
    if len(args) > len(positional) and spec.vararg is None:
        return None
    if spec.vararg is not None:
        extra = args[len(positional) :]
        env[spec.vararg.arg] = (
            Items("tuple", None, None) if is_open else Items("tuple", list(extra), region=walker.region)
        )
    for name in [*(item.arg for item in spec.args), *(item.arg for item in spec.kwonlyargs)]:
        if name in rest:
            if name in env:
                return None
            env[name] = rest.pop(name)
    if spec.kwarg is not None:
        env[spec.kwarg.arg] = Entries(None, None) if is_open else Entries(dict(rest), region=walker.region)
    elif rest:
        return None
    return env if _fill(walker, function, env, positional, is_open=is_open) else None


def _fill(walker: Walker, function: Function, env: dict[str, Value], positional: list[str], *, is_open: bool) -> bool:
    """Take the defaults; whether every parameter has a value then."""
    spec = function.node.args
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(spec.defaults)) + list(spec.defaults)
    keyword = [item.arg for item in spec.kwonlyargs]
    for name, default in [*zip(positional, defaults, strict=True), *zip(keyword, spec.kw_defaults, strict=True)]:
        if name in env:
            continue
        if is_open:
            env[name] = Data(SPREAD, None)
        elif default is None:
            return False
        else:
            env[name] = default_value(walker, function, default)
    return True


def default_value(walker: Walker, function: Function, node: ast.expr) -> Value:
    """The default of a parameter: it was evaluated where the function was defined, perhaps long ago."""
    if isinstance(node, ast.Constant):
        return Known(node.value) if not isinstance(node.value, complex | type(...)) else PURE
    if isinstance(node, ast.List | ast.Dict | ast.Set):
        return Data(None, None)  # one for all calls
    names = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
    frame = function.frame
    while frame is not None:
        if names & (frame.locals | frame.hidden | set(frame.env)):
            return Foreign("the default of a parameter")
        frame = frame.parent
    value = walker.project.evaluate(function.module, node)
    if isinstance(value, Items | Entries):
        forget(value)
    return value
