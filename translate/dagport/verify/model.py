"""What a verification finds."""

from __future__ import annotations

from dataclasses import dataclass
from reprlib import Repr
from typing import Literal, TypeAlias

Check: TypeAlias = Literal["structure", "schedule", "outcomes", "engines", "data"]
CHECKS: tuple[Check, ...] = ("structure", "schedule", "outcomes")  # the others only where they are asked for
State: TypeAlias = Literal["same", "reported", "different", "unknown"]
STATES: tuple[State, ...] = ("same", "reported", "different", "unknown")


_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxdict = _SHORT.maxlist = _SHORT.maxtuple = 3


def shown(value: object) -> str:
    """A value, short enough for a line."""
    return _SHORT.repr(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that isn't the same on both sides, as a smallest example."""

    message: str
    task: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer of one check about one pipeline."""

    path: str
    pipeline: str
    check: Check
    differences: tuple[Difference, ...] = ()
    unknown: str | None = None  # why it can't be told
    compared: int = 0  # tasks, edges and inputs, runs, or outcomes
    space: int | None = None  # how many outcomes there are; more than were compared: a sample was
    target: str | None = None  # what it is compared with, where there are several
    reported: tuple[str, ...] = ()  # what the writer says isn't quite the same, or isn't its own

    @property
    def state(self) -> State:
        """A difference weighs more than what isn't known, and that more than what the writer has reported."""
        if self.differences:
            return "different"
        return "unknown" if self.unknown else "reported" if self.reported else "same"
