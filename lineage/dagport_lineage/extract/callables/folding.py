"""Operators and methods of plain data, computed where everything is known and small."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

from dagport_lineage.extract.callables.domain import (
    FAILS,
    Data,
    Entries,
    Items,
    Known,
    Value,
    data_of,
    held_by,
    joined,
    origins_of,
    some,
    union,
)
from dagport_lineage.model import Unresolved

MAX_TEXT = 20_000
MAX_ITEMS = 500
MAX_NUMBER = 10**12
WIDTH = re.compile(r"\d{4,}")

BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.FloorDiv: operator.floordiv,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Mult: operator.mul,
}
COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
TEXT_METHODS = frozenset({
    "lower", "upper", "strip", "lstrip", "rstrip", "replace", "format", "join", "split", "rsplit", "removeprefix",
    "removesuffix", "title", "capitalize", "startswith", "endswith", "partition", "rpartition", "splitlines",
    "casefold", "swapcase", "count", "find", "isdigit", "isalpha", "isidentifier",
})  # fmt: skip
DATA_METHODS = frozenset(
    name
    for cls in (str, bytes, bytearray, list, dict, set, tuple, int, float, complex, range, re.Pattern, re.Match)
    for name in dir(cls)
    if not name.startswith("_")
) | {
    "strftime", "isoformat", "timestamp", "date", "time", "replace", "astimezone", "utcoffset", "weekday", "isoweekday",
    "total_seconds", "timetuple", "toordinal", "isocalendar", "tzname", "hexdigest", "digest", "most_common",
    "subtract",
    "appendleft", "popleft", "extendleft", "rotate", "elements", "in_timezone", "in_tz", "to_date_string", "format",
    "to_datetime_string", "to_iso8601_string", "start_of", "end_of", "add", "diff", "quantize", "total_days",
    "_asdict", "_replace", "tolist", "item", "title", "localize", "normalize", "to_pydatetime", "int_timestamp",
}  # fmt: skip
"""Methods of data whose type isn't known: no type of data has a method of such a name that touches anything else."""


def to_value(data: Any, region: int = 0) -> Value:
    """Plain Python data as a value."""
    if isinstance(data, list | tuple | set | frozenset):
        items = sorted(data, key=repr) if isinstance(data, set | frozenset) else data
        return Items(_kind(data), [to_value(item, region) for item in items], region=region)
    if isinstance(data, dict):
        return Entries({key: to_value(item, region) for key, item in data.items()}, region=region)
    if data is None or isinstance(data, bool | int | float | str | bytes):
        return Known(data)
    return Data()


def _kind(data: Any) -> str:
    return "list" if isinstance(data, list) else "tuple" if isinstance(data, tuple) else "set"


def plain(value: Value) -> Any:
    """The Python data of a value; ``NotImplemented`` where a part of it isn't known."""
    if isinstance(value, Known):
        return value.value
    if isinstance(value, Items) and value.items is not None and value.kind != "set":
        parts = [plain(item) for item in value.items]
        if any(part is NotImplemented for part in parts):
            return NotImplemented
        return parts if value.kind == "list" else tuple(parts)
    if isinstance(value, Entries) and value.entries is not None:
        pairs = {key: plain(item) for key, item in value.entries.items()}
        return NotImplemented if any(part is NotImplemented for part in pairs.values()) else pairs
    return NotImplemented


def binary(op: ast.operator, left: Value, right: Value, region: int) -> Value:
    """``left op right`` of data."""
    if isinstance(op, ast.Add):
        if isinstance(left, Items) and isinstance(right, Items) and left.kind == right.kind:
            return _chained(left, right, region)
        pieces = text_pieces(left), text_pieces(right)
        if (
            pieces[0] is not None
            and pieces[1] is not None
            and not (isinstance(left, Known) and isinstance(right, Known))
        ):
            return _partly(pieces[0] + pieces[1], [left, right])
    run = BINARY.get(type(op))
    one, other = plain(left), plain(right)
    if run is None or one is NotImplemented or other is NotImplemented or not _is_small(op, one, other):
        return data_of([left, right])
    try:
        return to_value(run(one, other), region)
    except (ArithmeticError, TypeError, ValueError, KeyError, LookupError):
        return FAILS


def _chained(left: Items, right: Items, region: int) -> Value:
    """A new list of the items of two."""
    if left.items is None or right.items is None or len(left.items) + len(right.items) > MAX_ITEMS:
        return some(left.kind, [*held_by(left), *held_by(right), left, right], region)
    return Items(left.kind, [*left.items, *right.items], union([left.origins, right.origins]), region)


def _is_small(op: ast.operator, one: Any, other: Any) -> bool:
    if isinstance(op, ast.Mult):
        return all(isinstance(item, int | float) and abs(item) < MAX_NUMBER for item in (one, other))
    if isinstance(op, ast.Mod) and isinstance(one, str | bytes):
        return (
            isinstance(one, str) and not WIDTH.search(one) and "*" not in one and len(one) + len(str(other)) < MAX_TEXT
        )
    if isinstance(one, str | bytes | list | tuple):
        return len(one) + len(other if isinstance(other, str | bytes | list | tuple) else ()) < MAX_TEXT
    return isinstance(one, int | float) and isinstance(other, int | float) and max(abs(one), abs(other)) < MAX_NUMBER


def compare(op: ast.cmpop, left: Value, right: Value) -> bool | None:
    """Whether a comparison holds; ``None`` where that isn't known."""
    if isinstance(op, ast.Is | ast.IsNot):
        return _is(op, left, right)
    one, other = plain(left), plain(right)
    if one is NotImplemented or other is NotImplemented:
        return None
    try:
        if isinstance(op, ast.In | ast.NotIn):
            return (one in other) == isinstance(op, ast.In)
        return bool(COMPARE[type(op)](one, other))
    except TypeError:
        return None


def _is(op: ast.cmpop, left: Value, right: Value) -> bool | None:
    if not (isinstance(right, Known) and right.value is None):
        return None
    if isinstance(left, Known):
        return (left.value is None) == isinstance(op, ast.Is)
    return isinstance(op, ast.IsNot) if isinstance(left, Items | Entries) else None


def truth(value: Value) -> bool | None:
    """Whether a value counts as true; ``None`` where that isn't known."""
    if isinstance(value, Known):
        return bool(value.value)
    if isinstance(value, Items) and value.items is not None:
        return bool(value.items)
    if isinstance(value, Entries) and value.entries is not None:
        return bool(value.entries)
    return None


# Texts that are known in part


def text_pieces(value: Value) -> str | None:
    """A text with ``{{ ... }}`` for what isn't known of it; ``None``: nothing of it is known, or it can't be told."""
    if isinstance(value, Known) and isinstance(value.value, str):
        return None if "{{" in value.value or "{%" in value.value or "{#" in value.value else value.value
    return value.text if isinstance(value, Data) else None


def mask(value: Value, shown: str) -> str:
    """What stands for an unknown expression in a text."""
    known = value.text if isinstance(value, Data) else None
    return known if known is not None else "{{ " + re.sub(r"[^\w.]+", "_", shown)[:60].strip("_") + " }}"


def _partly(text: str, parts: list[Value]) -> Value:
    made = data_of(parts)
    if not isinstance(made, Data) or len(text) > MAX_TEXT:
        return made
    return Data(made.why, made.origins, text)


def f_string(parts: list[tuple[Value, str | None, bool]], region: int) -> Value:
    """An f-string: of each part its value, its source text (``None``: a literal) and whether it is used as it is."""
    values = [value for value, _, _ in parts]
    texts = [plain(value) for value in values]
    is_known = all(isinstance(text, str | int | float | bool) or text is None for text in texts)
    if is_known and all(is_plain for _, _, is_plain in parts):
        joined_text = "".join(map(str, texts))
        return Known(joined_text) if len(joined_text) < MAX_TEXT else data_of(values)
    pieces: list[str] = []
    for value, shown, is_plain in parts:
        literal = text_pieces(value)
        if literal is not None and is_plain:
            pieces.append(literal)
        elif is_plain and isinstance(value, Known) and isinstance(value.value, int):
            pieces.append(str(value.value))
        elif shown is not None:
            pieces.append(mask(value if is_plain else Data(), shown))
        else:
            return data_of(values)
    return _partly("".join(pieces), values)


# Methods


def text_method(value: str, name: str, args: list[Value], kwargs: dict[str, Value], region: int) -> Value:
    """A method of a known text."""
    plain_args = [plain(arg) for arg in args]
    plain_kwargs = {key: plain(arg) for key, arg in kwargs.items()}
    lost = [*plain_args, *plain_kwargs.values()]
    if name not in TEXT_METHODS or any(item is NotImplemented for item in lost):
        return _format_partly(value, name, args, kwargs)
    if len(value) + sum(len(str(item)) for item in lost) > MAX_TEXT or (name == "replace" and len(value) > 2000):
        return data_of(args)
    if name == "format" and (WIDTH.search(value) or re.search(r"\{[^}]*[.\[]|\{[^}]*\{", value)):
        return data_of([*args, *kwargs.values()])
    try:
        return to_value(getattr(value, name)(*plain_args, **plain_kwargs), region)
    except (TypeError, ValueError, LookupError):
        return FAILS


def _format_partly(value: str, name: str, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """``"... {x} ...".format(x=...)`` of which some values aren't known."""
    values = [*args, *kwargs.values()]
    if name != "format" or "{{" in value or "}}" in value or "%}" in value:
        return data_of(values)
    counter = iter(range(len(args)))

    def part(match: re.Match[str]) -> str:
        field = match.group(1)
        index = int(field) if field.isdigit() else next(counter, None) if not field else None
        found = args[index] if index is not None and index < len(args) else kwargs.get(field)
        if found is None:
            raise LookupError(field)
        known = plain(found)
        return str(known) if isinstance(known, str | int) and "{" not in str(known) else mask(found, field or "value")

    try:
        return _partly(re.sub(r"\{(\w*)\}", part, value), values) if _is_simple(value) else data_of(values)
    except LookupError:
        return FAILS


def _is_simple(text: str) -> bool:
    return not re.search(r"[{}]", re.sub(r"\{\w*\}", "", text))


def element(value: Value, region: int = 0) -> Value:
    """What a loop over a value gives, where its items aren't known one by one."""
    if isinstance(value, Items) and value.items:
        found = value.items[0]
        for item in value.items[1:]:
            found = joined(found, item)
        return found
    if isinstance(value, Data):
        return Data(value.why, value.origins)
    return data_of([value]) if origins_of(value) is not None else Data(UNKNOWN_ITEM, None)


UNKNOWN_ITEM = Unresolved("opaque", "it is an item of something that isn't known")
