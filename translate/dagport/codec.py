"""The graph's dataclasses to JSON and back, and the JSON Schema of that form, all from the types."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from dagport.graph import SCHEMA_VERSION, FileGraph, Schedule
from dagport.values import Json, Value, value_from_json, value_to_json

OMIT_NULLS: tuple[type, ...] = (Schedule,)  # a schedule shows only the fields of its kind


def to_json(record: Any) -> dict[str, Json]:
    """The JSON form of one of the graph's dataclasses."""
    result: dict[str, Json] = {}
    omit = isinstance(record, OMIT_NULLS)
    cls: Any = type(record)
    for name, key, encode in _encoders(cls):
        value = getattr(record, name)
        if value is None:
            if not omit:
                result[key] = None
        else:
            result[key] = encode(value)
    return result


def from_json(data: Json) -> FileGraph:
    """Read one object of ``dagport graph --format jsonl`` back.

    Raises ``ValueError`` with the path of the first field that doesn't follow the contract.
    """
    if isinstance(data, dict) and data.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"schema_version is {data.get('schema_version')!r}, not {SCHEMA_VERSION}")
    graph = _decode(FileGraph, data, "graph")
    assert isinstance(graph, FileGraph)  # noqa: S101 - narrows for the type checker
    return graph


def json_key(name: str) -> str:
    """The JSON name of a field: ``class_`` is ``class``."""
    return name.rstrip("_")


@cache
def type_hints(cls: type) -> dict[str, Any]:
    """The resolved types of a dataclass's fields. A ``Value`` inside is left alone: it is recursive."""
    return typing.get_type_hints(cls, localns={"Value": object, "Sequence": Sequence, "Mapping": Mapping})


@cache
def _encoders(cls: Any) -> tuple[tuple[str, str, Callable[[Any], Json]], ...]:
    hints = type_hints(cls)
    return tuple((field.name, json_key(field.name), _encoder(hints[field.name])) for field in dataclasses.fields(cls))


def _encoder(hint: Any) -> Callable[[Any], Json]:
    arguments = [item for item in typing.get_args(hint) if item is not type(None)]
    if typing.get_origin(hint) in (typing.Union, types.UnionType) and len(arguments) == 1:
        return _encoder(arguments[0])
    if typing.get_origin(hint) is Mapping:
        return _encode_mapping
    if typing.get_origin(hint) is tuple:
        if dataclasses.is_dataclass(arguments[0]):
            return lambda items: [to_json(item) for item in items]
        return list
    if dataclasses.is_dataclass(hint):
        return to_json
    return lambda value: value


def _encode_mapping(mapping: Mapping[str, Value]) -> Json:
    return {key: value_to_json(value) for key, value in mapping.items()}


def _decode(hint: Any, data: Json, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(arguments, data, where)
    if origin is typing.Literal:
        if data not in arguments:
            raise ValueError(f"{where}: {data!r} is none of {', '.join(map(str, arguments))}")
        return data
    if origin is Mapping:
        if not isinstance(data, dict):
            raise ValueError(f"{where}: an object is wanted")
        return {key: _value(item, f"{where}.{key}") for key, item in data.items()}
    if origin is tuple:
        return _decode_tuple(arguments, data, where)
    if dataclasses.is_dataclass(hint):
        return _decode_record(hint, data, where)
    # bool is an int to Python, not to JSON.
    if not isinstance(data, hint) or (isinstance(data, bool) and hint is not bool):
        raise ValueError(f"{where}: {data!r} is not {hint.__name__}")
    return data


def _decode_union(arguments: tuple[Any, ...], data: Json, where: str) -> Any:
    if data is None and type(None) in arguments:
        return None
    options = [item for item in arguments if item is not type(None)]
    if len(options) == 1:
        return _decode(options[0], data, where)
    for option in options:
        if isinstance(data, option) and isinstance(data, bool) == (option is bool):
            return data
    raise ValueError(f"{where}: {data!r} is none of {', '.join(option.__name__ for option in options)}")


def _decode_tuple(arguments: tuple[Any, ...], data: Json, where: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise ValueError(f"{where}: a list is wanted")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_decode(arguments[0], item, f"{where}[{index}]") for index, item in enumerate(data))
    if len(arguments) != len(data):
        raise ValueError(f"{where}: {len(arguments)} items are wanted")
    pairs = zip(arguments, data, strict=True)
    return tuple(_decode(hint, item, f"{where}[{index}]") for index, (hint, item) in enumerate(pairs))


def _decode_record(cls: Any, data: Json, where: str) -> Any:
    if not isinstance(data, dict):
        raise ValueError(f"{where}: an object is wanted")
    hints = type_hints(cls)
    arguments = {}
    for field in dataclasses.fields(cls):
        key = json_key(field.name)
        if key in data:
            arguments[field.name] = _decode(hints[field.name], data[key], f"{where}.{key}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ValueError(f"{where}.{key}: missing")
    # Unknown keys are additions of a newer dagport: the contract allows them.
    return cls(**arguments)


def _value(data: Json, where: str) -> Value:
    try:
        return value_from_json(data)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
