"""``ast``: only the reading of literals."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Native, PyRaise
from dagport.evaluate.library.support import applied, bound, lost, opaque

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

LONGEST = 200_000


def _literal_eval(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (text,) = bound(args, kwargs, "node_or_string")
    if not isinstance(text, str):
        return lost(machine, [text], site)
    if len(text) > LONGEST:
        return machine.unknown("so long a literal isn't read", site)
    try:
        return applied(ast.literal_eval, [text], {})
    except SyntaxError as error:
        raise PyRaise("SyntaxError", str(error)) from None
    except (MemoryError, RecursionError):
        return machine.unknown("so deep a literal isn't read", site)


FUNCTIONS: dict[str, Native] = {
    "ast.literal_eval": _literal_eval,
    **{f"ast.{name}": opaque("the syntax tree of other code isn't followed") for name in ("parse", "dump", "unparse")},
}
