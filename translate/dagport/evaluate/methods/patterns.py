"""Methods of compiled regular expressions and their matches.

Matching can take exponential time, so a pattern is applied only when a bound on the work, computed from its
parse tree and the length of the text, is small.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, Native, PyRaise, Unknown
from dagport.evaluate.library.support import all_plain, applied, lost, pure

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

WORK = 20_000_000  # ways through the pattern, times places to start at
TOO_SLOW = "the regular expression could take too long on this text"
ENDLESS = float("inf")
REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}


def ways(pattern: re.Pattern[Any], length: int) -> float:
    """An upper bound of the ways in which a pattern can be tried at one place of a text of some length."""
    parser: Any = import_module("re._parser")
    return _sequence(parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG), length)


def _sequence(items: Any, length: int) -> float:
    result = 1.0
    for operation, argument in items:
        result *= _step(str(operation), argument, length)
        if result > WORK:
            return ENDLESS
    return result


def _step(operation: str, argument: Any, length: int) -> float:
    if operation in REPEATS:
        least, most, body = argument
        return _repeat(least, most, body, length)
    if operation == "BRANCH":
        return sum(_sequence(option, length) for option in argument[1])
    if operation == "SUBPATTERN":
        return _sequence(argument[-1], length)
    if operation in ("ASSERT", "ASSERT_NOT"):
        return _sequence(argument[1], length)
    if operation == "ATOMIC_GROUP":
        return _sequence(argument, length)
    if operation == "GROUPREF_EXISTS":
        return ENDLESS
    return length + 1.0 if operation.startswith("GROUPREF") else 1.0


def _repeat(least: int, most: int, body: Any, length: int) -> float:
    inner = _sequence(body, length)
    times = min(int(most), length)
    if inner > 1 and times > 16:
        return ENDLESS
    return float(inner**times) * max(times - min(least, times) + 1, 1)


def refuses(machine: Machine, pattern: re.Pattern[Any], text: str | bytes) -> bool:
    """Whether applying the pattern to the text could take too long."""
    work = ways(pattern, len(text)) * (len(text) + 1)
    if work > WORK:
        return True
    machine.step(int(work) // 64)
    return False


def _matcher(name: str) -> Native:
    """``match``, ``search``, ``fullmatch``, ``findall``, ``split``."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if not all_plain(args, kwargs):
            return lost(machine, [*args, *kwargs.values()], site)
        pattern, text = args[0], args[1] if len(args) > 1 else kwargs.get("string")
        if not isinstance(text, str | bytes):
            raise PyRaise("TypeError", "expected string or bytes-like object")
        if refuses(machine, pattern, text):
            return machine.unknown(TOO_SLOW, site)
        machine.check_items(len(text) if len(text) > machine.limits.items else 1)
        result = applied(getattr(pattern, name), args[1:], kwargs)
        return list(result) if name == "finditer" else result

    return run


def substitute(
    machine: Machine, pattern: re.Pattern[Any], new: Anything, text: Anything, count: Anything, site: CallSite
) -> tuple[str | bytes, int] | Unknown:
    """``pattern.subn(new, text, count)``, where ``new`` may be a function of the analysed code."""
    if not all_plain([text, count], {}) or isinstance(new, Unknown):
        return lost(machine, [text, count, new], site)
    if not isinstance(text, str | bytes):
        raise PyRaise("TypeError", "expected string or bytes-like object")
    if refuses(machine, pattern, text):
        return machine.unknown(TOO_SLOW, site)
    try:
        parts, found = _pieces(machine, pattern, new, text, count, site)
    except re.error as error:
        raise PyRaise("re.error", str(error)) from None
    if isinstance(parts, Unknown):
        return parts
    machine.check_text(sum(map(len, parts)))
    return text[:0].join(parts), found


def _pieces(
    machine: Machine, pattern: re.Pattern[Any], new: Anything, text: Any, count: int, site: CallSite
) -> tuple[list[Any] | Unknown, int]:
    parts: list[Any] = []
    end = found = size = 0
    for match in applied(pattern.finditer, [text], {}):
        piece = _replacement(machine, match, new, site)
        if not isinstance(piece, type(text)):
            return lost(machine, [piece], site, "the text that is put in isn't known"), 0
        parts += [text[end : match.start()], piece]
        size += len(piece)
        machine.check_text(size)
        end, found = match.end(), found + 1
        if found == count:
            break
    return [*parts, text[end:]], found


def _replacement(machine: Machine, match: re.Match[Any], new: Anything, site: CallSite) -> Anything:
    if isinstance(new, str | bytes):
        references = new.count(b"\\") if isinstance(new, bytes) else new.count("\\")
        machine.check_text(len(new) + references * len(match.string))
        return applied(match.expand, [new], {})
    return machine.call(new, [match], {}, site)


def _sub(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    result = _subn(machine, args, kwargs, site)
    return result if isinstance(result, Unknown) else result[0]


def _subn(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.library.support import bound

    pattern, new, text, count = bound(args, kwargs, "self", "repl", "string", count=0)
    return substitute(machine, pattern, new, text, count, site)


def _item(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return pure(re.Match.__getitem__)(machine, args, kwargs, site)


METHODS: dict[type, dict[str, Native]] = {
    re.Pattern: {
        **{name: _matcher(name) for name in ("match", "search", "fullmatch", "findall", "finditer", "split")},
        "sub": _sub,
        "subn": _subn,
    },
    re.Match: {
        **{name: pure(getattr(re.Match, name)) for name in ("group", "groups", "groupdict", "start", "end", "span")},
        "__getitem__": _item,
    },
}
ATTRIBUTES: dict[type, frozenset[str]] = {
    re.Pattern: frozenset({"pattern", "flags", "groups"}),
    re.Match: frozenset({"string", "re", "pos", "endpos", "lastindex", "lastgroup"}),
}
