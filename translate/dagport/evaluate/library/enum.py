"""``enum``: the classes themselves are in ``evaluate.classes``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, External, Native

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

AUTO = External("enum.auto()")
"""Stands for ``auto()`` until the class is complete."""


def _auto(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return AUTO


def _unique(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return args[0]


FUNCTIONS: dict[str, Native] = {"enum.auto": _auto, "enum.unique": _unique}
