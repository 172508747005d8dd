"""``json``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, Native, PyRaise, Unknown, is_plain
from dagport.evaluate.library.support import EXPECTED_ERRORS, bound, error_name, lost, opaque, tolerant

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

DEEPEST = 60  # levels of nesting that are written with an indent
WIDEST = 40  # characters of an indent
OPTIONS = {"ensure_ascii", "indent", "separators", "sort_keys", "skipkeys", "allow_nan", "check_circular"}


def _depth(value: Anything) -> int:
    if not isinstance(value, dict | list | tuple):
        return 0
    items = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, items), default=0)


def _dumps(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    options = dict(kwargs)
    default = options.pop("default", None)
    value = args[0] if args else options.pop("obj", None)
    if len(args) > 1:
        raise PyRaise("TypeError", f"dumps() takes 1 positional argument but {len(args)} were given")
    if not is_plain(value) or not all(map(is_plain, options.values())):
        return lost(machine, [value, *options.values()], site)
    if not set(options) <= OPTIONS or not _is_small(value, options):
        return machine.unknown("these options of json.dumps aren't followed", site)
    return _written(machine, value, default, options, site)


def _is_small(value: Anything, options: dict[str, Anything]) -> bool:
    indent = options.get("indent")
    parts = options.get("separators") or ()
    if not isinstance(indent, int | str | None) or not isinstance(parts, tuple | list):
        return False
    width = indent if isinstance(indent, int) else len(indent or "")
    if any(isinstance(part, str) and len(part) > WIDEST for part in parts):
        return False
    return not indent or (width <= WIDEST and _depth(value) <= DEEPEST)


def _written(
    machine: Machine, value: Anything, default: Anything, options: dict[str, Anything], site: CallSite
) -> Anything:
    unknown: list[Unknown] = []

    def replaced(item: Any) -> Any:
        result = machine.call(default, [item], {}, site)
        if not is_plain(result):
            unknown.append(lost(machine, [result], site))
            return None
        return result

    try:
        text = json.dumps(value, default=None if default is None else replaced, **options)
    except EXPECTED_ERRORS as error:
        raise PyRaise(error_name(error), str(error)) from None
    if unknown:
        return unknown[0]
    machine.check_text(len(text))
    return text


def _loads(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if set(kwargs) - {"s"}:
        return machine.unknown("these options of json.loads aren't followed", site)
    (text,) = bound(args, kwargs, "s")
    if not is_plain(text):
        return lost(machine, [text], site)
    if isinstance(text, str | bytes):
        machine.check_items(text.count(",") if isinstance(text, str) else text.count(b","))
    try:
        return json.loads(text)
    except EXPECTED_ERRORS as error:
        raise PyRaise(error_name(error), str(error)) from None


def _load(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.library.io import text_of

    (file,) = bound(args, kwargs, "fp")
    text = text_of(machine, file, site)
    return text if isinstance(text, Unknown) else _loads(machine, [text], {}, site)


FUNCTIONS: dict[str, Native] = {
    "json.dumps": _dumps,
    "json.loads": _loads,
    "json.load": tolerant(_load),
    "json.dump": opaque("nothing is written while a file is read"),
}
