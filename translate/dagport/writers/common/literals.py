"""Values of the graph as Python source."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from dagport.pycode import text_constant as text_literal
from dagport.values import Call, Code, Ref, Template, Value, XCom, is_known

Resolve = Callable[[Value], str]
"""The source of a symbolic value. Raises ``NotExpressible`` when there is none."""
CONSTRUCTORS = {
    "set": "set",
    "tuple": "tuple",
    "frozenset": "frozenset",
    "range": "range",
    "bytes.fromhex": "bytes.fromhex",
}


class NotExpressible(Exception):  # noqa: N818 - carries a reason to the place that refuses
    """A value has no source form; the message says why."""


def literal(value: Value) -> str:
    """The source of a known value. Raises ``NotExpressible`` for a symbolic one."""
    return expression(value, _refuse)


def expression(value: Value, resolve: Resolve) -> str:
    """The source of a value, in which ``resolve`` writes the symbolic parts."""
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, Call) and value.name == "tuple" and len(value.args) == 1 and isinstance(value.args[0], list):
        items = [expression(item, resolve) for item in value.args[0]]
        return f"({', '.join(items)}{',' * (len(items) == 1)})"
    if isinstance(value, Call) and value.name in CONSTRUCTORS and not value.kwargs:
        return f"{CONSTRUCTORS[value.name]}({', '.join(expression(item, resolve) for item in value.args)})"
    if isinstance(value, Call) and value.name == "dict" and len(value.args) == 1:
        return _pairs(value.args[0], resolve)
    if isinstance(value, Template | Ref | Call | XCom | Code):
        return resolve(value)
    if isinstance(value, Mapping):
        items = [f"{text_literal(key)}: {expression(item, resolve)}" for key, item in value.items()]
        return f"{{{', '.join(items)}}}"
    return f"[{', '.join(expression(item, resolve) for item in value)}]"


def _pairs(value: Value, resolve: Resolve) -> str:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise NotExpressible("a dict is made from something unknown")
    items = []
    for pair in value:
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise NotExpressible("a dict is made from something unknown")
        items.append(f"{expression(pair[0], resolve)}: {expression(pair[1], resolve)}")
    return f"{{{', '.join(items)}}}"


def _refuse(value: Value) -> str:
    raise NotExpressible(describe(value))


def describe(value: Value) -> str:
    """What a symbolic value is, in words."""
    if isinstance(value, Code):
        return f"`{value.text}` isn't known: {value.why}" if value.text else value.why
    if isinstance(value, Ref | Call):
        return f"`{value.name}` has no form in the generated code"
    if isinstance(value, Template):
        return f"the template {value.text!r} has no exact form in Python"
    if isinstance(value, XCom):
        return f"the result of {value.task_id!r} can't be used here"
    return "a part of it is symbolic"


__all__ = ["NotExpressible", "Resolve", "describe", "expression", "is_known", "literal", "text_literal"]
