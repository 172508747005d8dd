"""The params of a DAG as typed fields: of a class, or parameters of a function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dagport.graph import Pipeline
from dagport.values import Call, Value, is_known
from dagport.writers.common.literals import literal, text_literal
from dagport.writers.common.naming import clean, python_names

PARAM_CLASSES = ("Param", "DagParam")
JSON_TYPES = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "array": "list",
    "object": "dict",
}
FIELD_ARGUMENTS = {"minimum": "ge", "maximum": "le", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt"}
CHECKED_BY_TYPE = frozenset(
    {"type", "title", "description", "description_md", "section", "examples", "const", "values_display"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One param."""

    name: str
    type: str
    default: str | None
    arguments: Mapping[str, str] = field(default_factory=dict)  # of pydantic's Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """All params of a DAG."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)  # param -> why it can't be carried over
    unchecked: tuple[str, ...] = ()  # params with rules that the class doesn't check


def params_of(pipeline: Pipeline, taken: Iterable[str]) -> Params:
    """The params of a pipeline, those that can be carried over as fields; ``taken``: names that no field may have."""
    names = python_names(taken)
    fields: dict[str, Field] = {}
    refusals: dict[str, str] = {}
    unchecked: list[str] = []
    for name, value in pipeline.params.items():
        default, schema = _parts(value)
        kind = _type(default, schema) if is_known(default) and is_known(dict(schema)) else None
        cleaned = clean(name).lstrip("_") or "param"
        if kind is None:
            refusals[name] = f"the type of the param `{name}` can't be told"
            continue
        unchecked += [name] * bool(set(schema) - CHECKED_BY_TYPE - set(FIELD_ARGUMENTS))
        fields[name] = Field(
            name=names.allocate(cleaned if not cleaned[0].isdigit() else f"param_{cleaned}"),
            type=kind,
            default=_default(default, kind),
            arguments=_arguments(schema),
        )
    return Params(fields=fields, refusals=refusals, unchecked=tuple(unchecked))


def _parts(value: Value) -> tuple[Value, Mapping[str, Value]]:
    """The default and the schema of a param."""
    if not isinstance(value, Call) or value.name.rpartition(".")[2] not in PARAM_CLASSES:
        return value, {}
    rest = dict(value.kwargs)
    given = (*value.args, None)[0]
    default = rest.pop("default", given)
    if "description" not in rest and len(value.args) > 1:
        rest["description"] = value.args[1]
    return default, rest


def _type(default: Value, schema: Mapping[str, Value]) -> str | None:
    declared = schema.get("type")
    kinds = [declared] if isinstance(declared, str) else list(declared) if isinstance(declared, list | tuple) else []
    found = [JSON_TYPES.get(str(kind)) for kind in kinds if kind != "null"]
    optional = "null" in kinds
    if kinds and (len(found) != 1 or found[0] is None):
        return None
    kind = found[0] if found else _type_of(default)
    if kind is None:
        return None
    if default is None and not optional:
        # Airflow lets a param without a default be given when the DAG is run.
        return kind
    if default is not None and kind == "float" and isinstance(default, int) and not isinstance(default, bool):
        kind = "float"
    return f"{kind} | None" if optional else kind


def _type_of(default: Value) -> str | None:
    for cls in (bool, int, float, str, list, dict):
        if isinstance(default, cls):
            return cls.__name__
    return None


def _default(default: Value, kind: str) -> str | None:
    if default is None and not kind.endswith("| None"):
        return None
    return literal(default)


def _arguments(schema: Mapping[str, Value]) -> dict[str, str]:
    found = {new: literal(schema[old]) for old, new in FIELD_ARGUMENTS.items() if old in schema}
    description = schema.get("description") or schema.get("title")
    if isinstance(description, str):
        found["description"] = text_literal(description)
    return found
