"""``decimal`` and ``fractions``."""

from __future__ import annotations

import decimal
import fractions
import re
from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, LimitHit, Native
from dagport.evaluate.library.support import constant, opaque, pure

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

EXPONENT = re.compile(r"[eE][+-]?0*(\d+)")
DIGITS = 4


def _moderate(machine: Machine, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    """A text of a few characters can ask for a number of a billion digits."""
    for value in args:
        if isinstance(value, str) and any(len(found) > DIGITS for found in EXPONENT.findall(value)):
            raise LimitHit("digits of an exponent", DIGITS)


FUNCTIONS: dict[str, Native] = {
    "decimal.Decimal": pure(decimal.Decimal, _moderate),
    "decimal.getcontext": opaque("the context of decimal numbers isn't followed"),
    "decimal.setcontext": constant(None),
    "fractions.Fraction": pure(fractions.Fraction, _moderate),
}
CONSTANTS: dict[str, Anything] = {
    f"decimal.{name}": getattr(decimal, name)
    for name in dir(decimal)
    if name.startswith("ROUND_") and isinstance(getattr(decimal, name), str)
}
