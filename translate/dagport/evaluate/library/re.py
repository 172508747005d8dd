"""``re``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Native, PyRaise, is_plain
from dagport.evaluate.library.support import bound, constant, lost, pure
from dagport.evaluate.methods import METHODS
from dagport.evaluate.methods.patterns import substitute

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

LONGEST = 2_000  # characters of a pattern
FLAGS = "A ASCII DOTALL I IGNORECASE L LOCALE M MULTILINE NOFLAG S U UNICODE VERBOSE X"


def _compile(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    pattern, flags = bound(args, kwargs, "pattern", flags=0)
    if not is_plain(pattern) or not isinstance(flags, int):
        return lost(machine, [pattern, flags], site)
    if isinstance(pattern, str | bytes) and len(pattern) > LONGEST:
        return machine.unknown("so long a regular expression isn't followed", site)
    try:
        return re.compile(pattern, int(flags) & ~int(re.DEBUG))
    except re.error as error:
        raise PyRaise("re.error", str(error)) from None
    except (TypeError, ValueError, OverflowError) as error:
        raise PyRaise(type(error).__name__, str(error)) from None


def _compiled(name: str) -> Native:
    """``re.NAME(pattern, text, flags)``, the same as the method of the compiled pattern."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if name == "split":
            pattern, text, extra, flags = bound(args, kwargs, "pattern", "string", maxsplit=0, flags=0)
            rest = [extra]
        else:
            pattern, text, flags = bound(args, kwargs, "pattern", "string", flags=0)
            rest = []
        compiled = _compile(machine, [pattern, flags], {}, site)
        if not isinstance(compiled, re.Pattern):
            return compiled
        return METHODS[re.Pattern][name](machine, [compiled, text, *rest], {}, site)

    return run


def _substituted(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    pattern, new, text, count, flags = bound(args, kwargs, "pattern", "repl", "string", count=0, flags=0)
    compiled = _compile(machine, [pattern, flags], {}, site)
    return substitute(machine, compiled, new, text, count, site) if isinstance(compiled, re.Pattern) else compiled


def _sub(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    result = _substituted(machine, args, kwargs, site)
    return result[0] if isinstance(result, tuple) else result


FUNCTIONS: dict[str, Native] = {
    "re.compile": _compile,
    "re.sub": _sub,
    "re.subn": _substituted,
    "re.escape": pure(re.escape),
    "re.purge": constant(None),
    **{f"re.{name}": _compiled(name) for name in ("match", "search", "fullmatch", "findall", "finditer", "split")},
}
CONSTANTS: dict[str, Anything] = {f"re.{name}": int(getattr(re, name)) for name in FLAGS.split()}
