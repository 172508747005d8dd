"""Edits of a switch file: one line is added or taken away, every other byte stays."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from dagport_adapters.airflow.dagport_switch import TARGETS, SwitchError, read_switch
from dagport_adapters.migration.errors import MigrationError

BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML takes for the end of a line
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
NOT_TEXTS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}  # in YAML 1.1
Key = tuple[str, str]  # DAG and task id


def line_of(key: Key, target: str, settings: Mapping[str, Any]) -> str:
    """The line that says that a task runs in a target."""
    items = {"to": target, **settings}
    said = target if not settings else "{" + ", ".join(f"{name}: {_flow(item)}" for name, item in items.items()) + "}"
    return f"{key[0]}/{key[1]}: {said}"


def lines_of(text: str) -> dict[Key, tuple[int, int]]:
    """The first and the last line, from 0, of each task that has moved. Raises ``MigrationError``."""
    return {key: place for key, place in _entries(text).items() if isinstance(key, tuple)}


def with_line(text: str, key: Key, line: str) -> str:
    """The text with a task's line: after the last one of its DAG, else at the end. Raises ``MigrationError``."""
    before = _read(text)
    if key in before:
        raise MigrationError(f"{key[0]}/{key[1]} has moved already: roll it back first")
    places = _entries(text)
    same = [last for other, (_, last) in places.items() if isinstance(other, tuple) and other[0] == key[0]]
    pieces = _pieces(text)
    at = max(same) + 1 if same else len(pieces)
    end = _newline(text)
    if at == len(pieces) and pieces and not BREAK.search(pieces[-1]):
        pieces[at - 1 :] = [pieces[-1] + end, line]
    else:
        pieces.insert(at, line + end)
    return _checked("".join(pieces), {*before, key}, f"{key[0]}/{key[1]} can't be added")


def without_line(text: str, key: Key) -> str:
    """The text without a task's line. Raises ``MigrationError``."""
    before = _read(text)
    if key not in before:
        raise MigrationError(f"{key[0]}/{key[1]} hasn't moved")
    first, last = lines_of(text)[key]
    if first != last:
        raise MigrationError(f"{key[0]}/{key[1]} has the lines {first + 1} to {last + 1}: take them out by hand")
    pieces = _pieces(text)
    if first == len(pieces) - 1 and first and not BREAK.search(pieces[first]):
        pieces[first - 1] = BREAK.sub("", pieces[first - 1])  # the file had no end of line, and has none again
    del pieces[first]
    return _checked("".join(pieces), {*before} - {key}, f"{key[0]}/{key[1]} can't be taken out")


def _flow(value: Any) -> str:
    """A value in the flow style of YAML, which takes what JSON writes."""
    if isinstance(value, str) and PLAIN.fullmatch(value) and value.lower() not in NOT_TEXTS:
        return value
    text = json.dumps(value, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in text)


def _pieces(text: str) -> list[str]:
    """The lines with their ends."""
    ends = [match.end() for match in BREAK.finditer(text)]
    starts = [0, *ends]
    return [text[start:end] for start, end in zip(starts, [*ends, len(text)], strict=True) if start < end]


def _newline(text: str) -> str:
    found = BREAK.search(text)
    return found.group() if found else "\n"


def _read(text: str) -> set[Key]:
    try:
        return set(read_switch(text))
    except SwitchError as error:
        raise MigrationError(str(error)) from None


def _entries(text: str) -> dict[Key | str, tuple[int, int]]:
    """The first and the last line of each key at the top. Raises ``MigrationError`` for a form that can't be edited."""
    _read(text)
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode) or root.flow_style or any(key.start_mark.column for key, _ in root.value):
        raise MigrationError("isn't written one line a task, without indentation: it can't be edited by dagport")
    found: dict[Key | str, tuple[int, int]] = {}
    for key, value in root.value:
        dag_id, _, task_id = str(key.value).partition("/")
        name: Key | str = key.value if key.value == TARGETS else (dag_id, task_id)
        found[name] = (key.start_mark.line, max(key.end_mark.line, _last_line(value)))
    return found


def _last_line(node: yaml.Node) -> int:
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    mark = node.end_mark
    return mark.line if mark.column or mark.line == node.start_mark.line else mark.line - 1


def _checked(text: str, wanted: set[Key], failure: str) -> str:
    """The text, if it says what it should: a form that the edit didn't foresee is never written."""
    try:
        found = set(read_switch(text))
    except SwitchError as error:
        raise MigrationError(f"{failure}: {error}") from None
    if found != wanted:
        raise MigrationError(f"{failure} by dagport: do it by hand")
    return text
