"""``tomllib``, and ``tomli`` and ``toml`` from before it."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from dagport.evaluate.domain import CONTAINERS, Anything, CallSite, Native, PyRaise, walk
from dagport.evaluate.library.support import bound, lost, tolerant

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

DEEPEST = 60  # brackets that are open at once
SAME_ERRORS = {"tomllib": "tomllib.TOMLDecodeError", "tomli": "tomli.TOMLDecodeError"}


def _loads(package: str) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        (text,) = bound(args, kwargs, "s")
        if not isinstance(text, str):
            return lost(machine, [text], site)
        return _parsed(machine, text, package, site)

    return run


def _load(package: str) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        from dagport.evaluate import files
        from dagport.evaluate.library.io import OpenFile

        (source,) = bound(args, kwargs, "f")
        if isinstance(source, OpenFile):
            content: Anything = source.take(machine, site)
        elif package == "toml":
            content = files.read(machine, source, site)
        else:
            return lost(machine, [source], site)
        if isinstance(content, str) and package != "toml":
            raise PyRaise("TypeError", "File must be opened in binary mode, e.g. use `open('foo.toml', 'rb')`")
        text = files.decoded(machine, content, None, None, site) if isinstance(content, bytes) else content
        return _parsed(machine, text, package, site) if isinstance(text, str) else lost(machine, [text], site)

    return run


def _parsed(machine: Machine, text: str, package: str, site: CallSite) -> Anything:
    import tomllib

    if _depth(text) > DEEPEST:
        return machine.unknown(f"the TOML is nested more than {DEEPEST} levels deep", site)
    machine.check_text(len(text))
    machine.step(len(text) // 16)
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if package not in SAME_ERRORS:
            return machine.unknown(f"whether `{package}` accepts this TOML isn't known: {error}", site)
        raise PyRaise(SAME_ERRORS[package], str(error)) from None
    except RecursionError:
        return machine.unknown("the TOML is nested too deeply", site)
    if package == "toml" and not _is_plain_toml(value):
        return machine.unknown("the package `toml` reads dates and mixed arrays in its own way", site)
    return value


def _depth(text: str) -> int:
    depth = deepest = 0
    for char in text:
        if char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    longest_key = max((line.count(".") for line in text.splitlines()), default=0)
    return max(deepest, longest_key)


def _is_plain_toml(value: Anything) -> bool:
    for item in walk([value]):
        if isinstance(item, datetime.date | datetime.time | datetime.datetime):
            return False
        if isinstance(item, list) and (len({type(part) for part in item}) > 1 or any(_is_list(part) for part in item)):
            return False
    return True


def _is_list(value: Anything) -> bool:
    return isinstance(value, CONTAINERS) and not isinstance(value, dict)


FUNCTIONS: dict[str, Native] = {
    f"{package}.{name}": tolerant(make(package))
    for package in ("tomllib", "tomli", "toml")
    for name, make in (("load", _load), ("loads", _loads))
}
