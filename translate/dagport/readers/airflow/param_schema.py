"""Whether the default of a ``Param`` fits its own schema (JSON Schema, as far as params use it)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from typing import Any

from dagport.evaluate.domain import Anything, Symbolic, is_plain

NOTHING = object()
POSITIONAL = ("default", "description")
# Keywords that say nothing about the value, or only in a form.
ANNOTATIONS = {
    "description", "title", "source", "section", "examples", "values_display", "description_md", "custom_html_form",
    "default", "$comment", "readOnly", "placeholder",
}  # fmt: skip
TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: (isinstance(value, int) and not isinstance(value, bool)) or _is_whole(value),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a default isn't valid, or why that isn't known."""

    message: str
    certain: bool


def problem(value: Anything) -> Problem | None:
    """What is wrong with a param's default; plain values are always fine."""
    if not isinstance(value, Symbolic) or value.name.rpartition(".")[2] != "Param":
        return None
    given = {**dict(zip(POSITIONAL, value.args, strict=False)), **value.kwargs}
    schema = given.pop("schema", None)
    default = given.get("default", NOTHING)
    if default is NOTHING:
        return Problem("it has no default", certain="**" not in given)
    schema = {name: item for name, item in (schema or given).items() if name not in ANNOTATIONS}
    if not is_plain(default) or not is_plain(schema):
        return Problem("whether its default is valid isn't known", certain=False)
    return _against(default, schema)


def _against(value: Any, schema: Mapping[str, Any]) -> Problem | None:
    for keyword, argument in schema.items():
        rule = RULES.get(keyword)
        if rule is None:
            return Problem(f"whether its default is valid by `{keyword}` isn't known", certain=False)
        try:
            fits = rule(value, argument)
        except (TypeError, ValueError, KeyError, re.error):
            return Problem(f"whether its default is valid by `{keyword}` isn't known", certain=False)
        if not fits:
            return Problem(f"its default {value!r} isn't valid by `{keyword}`", certain=True)
    return None


def _is_whole(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()


def _has_type(value: Any, kinds: Any) -> bool:
    return any(TYPES[kind](value) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, bound: not TYPES["number"](value) or compare(value, bound)


def _sized(kind: type[Sized], compare: Callable[[int, Any], bool]) -> Callable[[Any, Any], bool]:
    def fits(value: Any, bound: Any) -> bool:
        return not isinstance(value, kind) or compare(len(value), bound)

    return fits


RULES: dict[str, Callable[[Any, Any], bool]] = {
    "type": _has_type,
    "enum": lambda value, allowed: value in allowed,
    "const": lambda value, wanted: bool(value == wanted),
    "minimum": _compared(lambda value, bound: value >= bound),
    "maximum": _compared(lambda value, bound: value <= bound),
    "exclusiveMinimum": _compared(lambda value, bound: value > bound),
    "exclusiveMaximum": _compared(lambda value, bound: value < bound),
    "minLength": _sized(str, lambda size, bound: size >= bound),
    "maxLength": _sized(str, lambda size, bound: size <= bound),
    "minItems": _sized(list, lambda size, bound: size >= bound),
    "maxItems": _sized(list, lambda size, bound: size <= bound),
    "minProperties": _sized(dict, lambda size, bound: size >= bound),
    "pattern": lambda value, pattern: not isinstance(value, str) or re.search(pattern, value) is not None,
    "uniqueItems": lambda value, wanted: True if not wanted else len(value) == len(set(map(repr, value))),
}
