"""The JSON Schema of what ``dagport graph --format jsonl`` prints, from the types of ``dagport.graph``.

The package ships it as ``graph.schema.json``; ``python -m dagport.schema`` prints it.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from typing import Any

from dagport.codec import OMIT_NULLS, json_key, type_hints
from dagport.graph import SCHEMA_VERSION, FileGraph
from dagport.values import Json

DRAFT = "https://json-schema.org/draft/2020-12/schema"
VALUE = "Value"
PRIMITIVES: dict[Any, str] = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def graph_schema() -> dict[str, Json]:
    """The schema of one record: one source file."""
    definitions: dict[str, Json] = {VALUE: _value()}
    record = _record(FileGraph, definitions)
    properties = typing.cast("dict[str, Json]", record["properties"])
    properties["schema_version"] = {"const": SCHEMA_VERSION}
    return {
        "$schema": DRAFT,
        "title": "dagport graph",
        **record,
        "$defs": dict(sorted(definitions.items())),
    }


def schema_text() -> str:
    """The schema as the package ships it."""
    return json.dumps(graph_schema(), indent=2) + "\n"


def _record(cls: Any, definitions: dict[str, Json]) -> dict[str, Json]:
    """The schema of a dataclass. Other properties are allowed: a newer dagport may add some."""
    hints = type_hints(cls)
    fields = dataclasses.fields(cls)
    wanted = [field for field in fields if cls not in OMIT_NULLS or field.default is dataclasses.MISSING]
    return {
        "description": (cls.__doc__ or "").split("\n")[0],
        "type": "object",
        "required": [json_key(field.name) for field in wanted],
        "properties": {json_key(field.name): _schema(hints[field.name], definitions) for field in fields},
    }


def _schema(hint: Any, definitions: dict[str, Json]) -> dict[str, Json]:
    """The schema of a type of the graph."""
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments, definitions)
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": {"$ref": f"#/$defs/{VALUE}"}}
    if origin is tuple:
        return _array(arguments, definitions)
    if dataclasses.is_dataclass(hint):
        return _reference(hint, definitions)
    return {"type": PRIMITIVES[hint]}


def _union(arguments: tuple[Any, ...], definitions: dict[str, Json]) -> dict[str, Json]:
    if all(item in PRIMITIVES for item in arguments):
        names = [PRIMITIVES[item] for item in arguments]
        # To JSON Schema every integer is a number.
        return {"type": [name for name in names if name != "integer" or "number" not in names]}
    return {"anyOf": [_schema(item, definitions) for item in arguments]}


def _array(arguments: tuple[Any, ...], definitions: dict[str, Json]) -> dict[str, Json]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    items: list[Json] = [_schema(item, definitions) for item in arguments]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "items": False}


def _reference(cls: Any, definitions: dict[str, Json]) -> dict[str, Json]:
    if cls.__name__ not in definitions:
        definitions[cls.__name__] = {}  # ends the recursion of a type that holds itself
        definitions[cls.__name__] = _record(cls, definitions)
    return {"$ref": f"#/$defs/{cls.__name__}"}


def _value() -> dict[str, Json]:
    """Known data, or one of the symbolic forms of ``dagport.values``."""
    value: Json = {"$ref": f"#/$defs/{VALUE}"}
    values: Json = {"type": "array", "items": value}
    text: Json = {"type": "string"}
    texts: Json = {"type": "array", "items": text}
    forms: dict[str, dict[str, Json]] = {
        "$template": {"refs": texts},
        "$ref": {},
        "$call": {"args": values, "kwargs": {"type": "object", "additionalProperties": value}},
        "$xcom": {"key": text},
        "$code": {"why": text},
    }
    known: list[Json] = [
        {"type": ["null", "boolean", "number", "string"]},
        values,
        {"type": "object", "propertyNames": {"pattern": "^[^$]|^$"}, "additionalProperties": value},
    ]
    symbolic: list[Json] = [
        {
            "type": "object",
            "required": [marker, *others],
            "properties": {marker: text, **others},
            "additionalProperties": False,
        }
        for marker, others in forms.items()
    ]
    return {"description": "Known data, or an object with one key that starts with $.", "anyOf": known + symbolic}


if __name__ == "__main__":
    print(schema_text(), end="")  # noqa: T201
