"""``enum``: the classes themselves are in ``evaluate.classes``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, External, Native
from dagport.evaluate.library.support import SAME

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

AUTO = External("enum.auto()")
"""Stands for ``auto()`` until the class is complete."""


def _auto(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return AUTO


FUNCTIONS: dict[str, Native] = {"enum.auto": _auto, "enum.unique": SAME}
