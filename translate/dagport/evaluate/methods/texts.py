"""Methods of texts, bytes and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, Native, PyRaise, Unknown
from dagport.evaluate.enums import unwrapped
from dagport.evaluate.library.support import Check, lost, pure
from dagport.evaluate.objects import UserDict

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


# What a method may grow to


def _argument(args: list[Anything], kwargs: dict[str, Anything], index: int, name: str, default: Anything) -> Anything:
    return args[index] if len(args) > index else kwargs.get(name, default)


def _width(machine: Machine, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    if len(args) > 1 and isinstance(args[1], int):
        machine.check_text(args[1])


def _replaced(machine: Machine, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    if len(args) < 3 or not all(isinstance(item, str | bytes) for item in args[:3]):
        return
    text, old, new = args[:3]
    if type(old) is type(text) or isinstance(text, str) == isinstance(old, str):
        machine.check_text(len(text) + text.count(old) * max(len(new) - len(old), 0))


def _tabs(machine: Machine, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    text, size = args[0], _argument(args, kwargs, 1, "tabsize", 8)
    if isinstance(size, int):
        machine.check_text(len(text) + text.count(b"\t" if isinstance(text, bytes) else "\t") * max(size, 0))


def _translated(machine: Machine, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    table = args[1] if len(args) > 1 else None
    if isinstance(table, dict):
        longest = max((len(value) for value in table.values() if isinstance(value, str)), default=1)
        machine.check_text(len(args[0]) * max(longest, 1))


def _pieces(machine: Machine, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    text, separator = args[0], _argument(args, kwargs, 1, "sep", None)
    if isinstance(separator, str | bytes) and isinstance(separator, str) == isinstance(text, str) and separator:
        machine.check_items(text.count(separator) + 1)
    else:
        _lines(machine, args, kwargs)


def _lines(machine: Machine, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    # Every character that splits a line is white space.
    text = args[0] if isinstance(args[0], str) else args[0].decode("latin-1")
    machine.check_items(sum(map(str.isspace, text)) + 1 if len(text) > machine.limits.items else 1)


def _coded(machine: Machine, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    # Codecs for names of domains are written in Python, and go through a text character by character.
    encoding = _argument(args, kwargs, 1, "encoding", "utf-8")
    if isinstance(encoding, str) and encoding.strip().lower() in ("punycode", "idna"):
        machine.check_items(len(args[0]))


def _bytes_of_number(machine: Machine, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    length = _argument(args, kwargs, 1, "length", 1)
    if isinstance(length, int):
        machine.check_text(length)


GROWING: dict[str, Check] = {
    "ljust": _width, "rjust": _width, "center": _width, "zfill": _width, "replace": _replaced, "expandtabs": _tabs,
    "translate": _translated, "split": _pieces, "rsplit": _pieces, "splitlines": _lines,
    "encode": _coded, "decode": _coded,
}  # fmt: skip
TEXT_AND_BYTES = (
    "capitalize center count endswith expandtabs find index isalnum isalpha isascii isdigit islower isspace istitle "
    "isupper ljust lower lstrip partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit "
    "rstrip split splitlines startswith strip swapcase title translate upper zfill"
)
TEXT_ONLY = "casefold encode isdecimal isidentifier isnumeric isprintable"
BYTES_ONLY = "decode hex"
INT = "as_integer_ratio bit_count bit_length conjugate"
FLOAT = "as_integer_ratio conjugate hex is_integer"


def _all_pure(cls: type, names: str) -> dict[str, Native]:
    return {name: pure(getattr(cls, name), GROWING.get(name)) for name in names.split()}


# join and format look into their arguments


def _join(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if len(args) != 2 or kwargs:
        raise PyRaise(
            "TypeError", f"{type(args[0]).__name__}.join() takes exactly one argument ({len(args) - 1} given)"
        )
    separator, parts = args
    if isinstance(parts, set | frozenset) and len(parts) > 1:
        return machine.unknown("the order of a set changes from run to run", site, clock=True)
    if isinstance(parts, int | float | type(None)):
        raise PyRaise("TypeError", "can only join an iterable")
    items = machine.iterate(parts, site)
    if isinstance(items, Unknown):
        return items
    items = [unwrapped(item) for item in items]
    kind = str if isinstance(separator, str) else bytes
    if not all(isinstance(item, kind) for item in items):
        wrong = next(item for item in items if not isinstance(item, kind))
        if isinstance(wrong, (*_PLAIN, list, tuple, dict, set)):
            shown = "str instance" if kind is str else "a bytes-like object"
            place = f"sequence item {items.index(wrong)}"
            raise PyRaise("TypeError", f"{place}: expected {shown}, {type(wrong).__name__} found")
        return lost(machine, items, site, "a part of the text isn't known")
    machine.check_text(sum(map(len, items)) + len(separator) * len(items))
    return separator.join(items)


_PLAIN = (type(None), bool, int, float, str, bytes)


def _format(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.methods.formatting import format_text

    return format_text(machine, args[0], args[1:], kwargs, site)


def _format_map(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.methods.formatting import format_text

    if len(args) != 2 or kwargs:
        raise PyRaise("TypeError", "format_map() takes exactly one argument")
    if not isinstance(args[1], dict):
        return lost(machine, args, site, "the mapping isn't known")
    if isinstance(args[1], UserDict):
        return format_text(machine, args[0], None, args[1], site)
    names = {name: value for name, value in args[1].items() if isinstance(name, str)}
    return format_text(machine, args[0], None, names, site)


# Numbers


def _to_bytes(value: Any, length: Any = 1, byteorder: Any = "big", *, signed: Any = False) -> bytes:
    return int.to_bytes(value, length, byteorder, signed=signed)


NUMBER_PARTS = frozenset({"real", "imag", "numerator", "denominator"})

METHODS: dict[type, dict[str, Native]] = {
    str: {
        **_all_pure(str, f"{TEXT_AND_BYTES} {TEXT_ONLY}"),
        "join": _join,
        "format": _format,
        "format_map": _format_map,
    },
    bytes: {**_all_pure(bytes, f"{TEXT_AND_BYTES} {BYTES_ONLY}"), "join": _join},
    int: {**_all_pure(int, INT), "to_bytes": pure(_to_bytes, _bytes_of_number)},
    float: _all_pure(float, FLOAT),
    slice: {"indices": pure(slice.indices)},
}
ATTRIBUTES: dict[type, frozenset[str]] = {
    int: NUMBER_PARTS,
    float: NUMBER_PARTS - {"numerator", "denominator"},
    complex: NUMBER_PARTS - {"numerator", "denominator"},
    range: frozenset({"start", "stop", "step"}),
    slice: frozenset({"start", "stop", "step"}),
}
