"""What an argument of a task can be: known data, or one of a few symbolic forms.

A known value is plain Python data that JSON can hold (``None``, ``bool``, ``int``, ``float``, ``str``,
``list`` and ``dict`` with string keys). Everything else is one of the frozen classes below; each has one
JSON form, an object with a key that starts with ``$`` (see the graph contract in ``docs/graph.md``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, Union

Json: TypeAlias = Union[bool, int, float, str, "list[Json]", "dict[str, Json]", None]


@dataclass(frozen=True, slots=True)
class Template:
    """Jinja text and what it refers to: ``ds``, ``params.x``, ``var.x``, ``conn.x``, ``xcom:task.key``."""

    text: str
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ref:
    """A name defined or imported in the file: a function, a class, an object; by its dotted name."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A constructor or function call that is kept symbolic."""

    name: str
    args: tuple[Value, ...] = ()
    kwargs: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class XCom:
    """The result of another task, or the entry ``key`` of it."""

    task_id: str
    key: str = "return_value"


@dataclass(frozen=True, slots=True)
class Code:
    """Source text whose value could not be determined, and why."""

    text: str
    why: str


Value: TypeAlias = Union[
    bool, int, float, str, "Sequence[Value]", "Mapping[str, Value]", Template, Ref, Call, XCom, Code, None
]

SYMBOLIC = (Template, Ref, Call, XCom, Code)


def is_known(value: Value) -> bool:
    """Whether a value is plain data through and through."""
    if isinstance(value, SYMBOLIC):
        return False
    if isinstance(value, Mapping):
        return all(map(is_known, value.values()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return all(map(is_known, value))
    return True


def opaque_parts(value: Value) -> list[Code]:
    """Every ``Code`` inside a value, in reading order."""
    if isinstance(value, Code):
        return [value]
    if isinstance(value, Call):
        return [part for item in (*value.args, *value.kwargs.values()) for part in opaque_parts(item)]
    if isinstance(value, Mapping):
        return [part for item in value.values() for part in opaque_parts(item)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [part for item in value for part in opaque_parts(item)]
    return []


def value_to_json(value: Value) -> Json:
    """The JSON form of a value, as the contract spells it."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$call": "float", "args": [str(value)], "kwargs": {}}
    if isinstance(value, Template):
        return {"$template": value.text, "refs": list(value.refs)}
    if isinstance(value, Ref):
        return {"$ref": value.name}
    if isinstance(value, Call):
        return {
            "$call": value.name,
            "args": [value_to_json(item) for item in value.args],
            "kwargs": {name: value_to_json(item) for name, item in value.kwargs.items()},
        }
    if isinstance(value, XCom):
        return {"$xcom": value.task_id, "key": value.key}
    if isinstance(value, Code):
        return {"$code": value.text, "why": value.why}
    if isinstance(value, Mapping):
        if any(key.startswith("$") for key in value):
            # Data with a key that looks like one of our forms would read back as that form.
            pairs: Json = [[key, value_to_json(item)] for key, item in value.items()]
            return {"$call": "dict", "args": [pairs], "kwargs": {}}
        return {key: value_to_json(item) for key, item in value.items()}
    return [value_to_json(item) for item in value]


def value_from_json(data: Json) -> Value:
    """Read a value back from its JSON form.

    Raises ``ValueError`` for an object with a ``$`` key that is none of the contract's forms.
    """
    if isinstance(data, list):
        return [value_from_json(item) for item in data]
    if not isinstance(data, dict):
        return data
    marker = next((key for key in data if key.startswith("$")), None)
    if marker is None:
        return {key: value_from_json(item) for key, item in data.items()}
    head = data[marker]
    if not isinstance(head, str):
        raise ValueError(f"{marker} takes a text, not {head!r}")
    if marker == "$template":
        refs = data.get("refs") or []
        return Template(head, tuple(str(ref) for ref in refs) if isinstance(refs, list) else ())
    if marker == "$ref":
        return Ref(head)
    if marker == "$xcom":
        return XCom(head, str(data.get("key") or "return_value"))
    if marker == "$code":
        return Code(head, str(data.get("why") or ""))
    if marker == "$call":
        return _call_from_json(head, data)
    raise ValueError(f"unknown form {marker}")


def _call_from_json(name: str, data: dict[str, Json]) -> Value:
    args, kwargs = data.get("args") or [], data.get("kwargs") or {}
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise ValueError("$call takes a list of args and an object of kwargs")
    if name == "float" and args and isinstance(args[0], str):
        return float(args[0])
    if name == "dict" and len(args) == 1 and isinstance(args[0], list) and _are_text_pairs(args[0]):
        return {pair[0]: value_from_json(pair[1]) for pair in args[0]}  # type: ignore[index,misc]
    return Call(
        name,
        tuple(value_from_json(item) for item in args),
        {key: value_from_json(item) for key, item in kwargs.items()},
    )


def _are_text_pairs(data: list[Json]) -> bool:
    return all(isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in data)
