"""What differs between targets whose tasks are Python functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a target says what the users' functions say in Airflow's words."""

    engine: str  # its name in messages
    reserved: frozenset[str]  # names that the engine refuses for the parameters of a function
    generated: Mapping[str, str]  # names that generated code uses -> the import that gives the user's code the same
    exceptions: Mapping[str, str]  # Airflow's exception -> what is raised instead, as ``Plan.exceptions`` has it

    @property
    def raised(self) -> frozenset[str]:
        """Names that what is raised is taken from: a function that binds one of them can't be carried over."""
        return frozenset(text.partition("(")[0].partition(".")[0] for text in self.exceptions.values())
