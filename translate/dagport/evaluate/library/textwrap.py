"""``textwrap``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, LimitHit, Native
from dagport.evaluate.library.support import lazily

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

LONGEST_WORD = 20_000


def _growth(machine: Machine, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    """At most every character becomes a line of its own, with every text of the arguments put before it."""
    texts = [value for value in (*args, *kwargs.values()) if isinstance(value, str)]
    if not texts:
        return
    lines = texts[0].count("\n") + 1 if len(kwargs) + len(args) == len(texts) else len(texts[0])
    machine.check_text(sum(map(len, texts)) * 2 + lines * sum(map(len, texts[1:])))
    width = next((value for value in (*args[1:], kwargs.get("tabsize")) if isinstance(value, int)), 0)
    machine.check_text(width)
    if len(args) + len(kwargs) > len(texts) and max(map(len, texts[0].split()), default=0) > LONGEST_WORD:
        raise LimitHit("characters of a word that is wrapped", LONGEST_WORD)  # it is cut again for every line


FUNCTIONS: dict[str, Native] = {
    f"textwrap.{name}": lazily("textwrap", name, _growth) for name in ("dedent", "indent", "fill", "wrap", "shorten")
}
