"""The graph's dataclasses to JSON and back, and the JSON Schema of that form, all from the types."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

from dagport.graph import SCHEMA_VERSION, FileGraph, Schedule
from dagport.values import Json, Value, value_from_json, value_to_json

Decode: TypeAlias = Callable[[Json], Any]

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


def to_line(graph: FileGraph) -> str:
    """The JSON form of a graph on one line, without its end."""
    return json.dumps(to_json(graph), ensure_ascii=False, allow_nan=False)


def from_json(data: Json) -> FileGraph:
    """Read one object of ``dagport graph --format jsonl`` back.

    Raises ``ValueError`` with the path of the first field that doesn't follow the contract.
    """
    if isinstance(data, dict) and data.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"schema_version is {data.get('schema_version')!r}, not {SCHEMA_VERSION}")
    try:
        graph = _decoder(FileGraph)(data)
    except _Mismatch as mismatch:
        raise ValueError(f"graph{mismatch.way}: {mismatch.message}") from None
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


class _Mismatch(Exception):  # noqa: N818 - a verdict on data
    """Data that doesn't follow the contract; the way to it is added on the way out, as it is seldom needed."""

    def __init__(self, message: str, way: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.way = way

    def below(self, step: str) -> _Mismatch:
        """The same, told from one level above."""
        return _Mismatch(self.message, step + self.way)


@cache
def _decoder(hint: Any) -> Decode:
    """The function that reads a type back. It raises ``_Mismatch``."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _union_decoder(arguments)
    if origin is typing.Literal:
        return _literal_decoder(arguments)
    if origin is Mapping:
        return _decode_mapping
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _list_decoder(_decoder(arguments[0]))
    if origin is tuple:
        return _tuple_decoder([_decoder(item) for item in arguments])
    if dataclasses.is_dataclass(hint):
        return _record_decoder(hint)
    return _scalar_decoder(hint)


def _scalar_decoder(hint: type) -> Decode:
    def decode(data: Json) -> Json:
        if type(data) is not hint:  # bool is an int to Python, not to JSON
            raise _Mismatch(f"{data!r} is not {hint.__name__}")
        return data

    return decode


def _literal_decoder(arguments: tuple[Any, ...]) -> Decode:
    def decode(data: Json) -> Json:
        if data not in arguments:
            raise _Mismatch(f"{data!r} is none of {', '.join(map(str, arguments))}")
        return data

    return decode


def _union_decoder(arguments: tuple[Any, ...]) -> Decode:
    nullable = type(None) in arguments
    options = [item for item in arguments if item is not type(None)]
    alone = _decoder(options[0]) if len(options) == 1 else None

    def decode(data: Json) -> Any:
        if data is None and nullable:
            return None
        if alone is not None:
            return alone(data)
        if type(data) not in options:
            raise _Mismatch(f"{data!r} is none of {', '.join(option.__name__ for option in options)}")
        return data

    return decode


def _decode_mapping(data: Json) -> dict[str, Value]:
    if not isinstance(data, dict):
        raise _Mismatch("an object is wanted")
    return {key: _value(item, key) for key, item in data.items()}


def _list_decoder(decode_item: Decode) -> Decode:
    def decode(data: Json) -> tuple[Any, ...]:
        if not isinstance(data, list):
            raise _Mismatch("a list is wanted")
        found: list[Any] = []
        try:
            for item in data:
                found.append(decode_item(item))
        except _Mismatch as mismatch:
            raise mismatch.below(f"[{len(found)}]") from None
        return tuple(found)

    return decode


def _tuple_decoder(items: Sequence[Decode]) -> Decode:
    def decode(data: Json) -> tuple[Any, ...]:
        if not isinstance(data, list):
            raise _Mismatch("a list is wanted")
        if len(items) != len(data):
            raise _Mismatch(f"{len(items)} items are wanted")
        found: list[Any] = []
        try:
            for item, value in zip(items, data, strict=True):
                found.append(item(value))
        except _Mismatch as mismatch:
            raise mismatch.below(f"[{len(found)}]") from None
        return tuple(found)

    return decode


def _record_decoder(cls: Any) -> Decode:
    hints = type_hints(cls)
    fields = [(item.name, json_key(item.name), _decoder(hints[item.name])) for item in dataclasses.fields(cls)]
    needed = {
        item.name
        for item in dataclasses.fields(cls)
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
    }

    def decode(data: Json) -> Any:
        if not isinstance(data, dict):
            raise _Mismatch("an object is wanted")
        arguments = {}
        key = ""
        try:
            for name, key, decode_field in fields:
                if key in data:
                    arguments[name] = decode_field(data[key])
                elif name in needed:
                    raise _Mismatch("missing")
        except _Mismatch as mismatch:
            raise mismatch.below(f".{key}") from None
        # Unknown keys are additions of a newer dagport: the contract allows them.
        return cls(**arguments)

    return decode


def _value(data: Json, key: str) -> Value:
    if data is None or isinstance(data, str | int | float):
        return data
    try:
        return value_from_json(data)
    except ValueError as error:
        raise _Mismatch(str(error), f".{key}") from None
