"""What the caller can choose for reading."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

AirflowVersion: TypeAlias = Literal["1.10", "2", "3"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the analysis of one file; each that is hit is a diagnostic."""

    steps: int = 2_000_000  # statements and expressions evaluated
    depth: int = 80  # nested calls of the file's own functions
    items: int = 200_000  # of one collection or range
    text: int = 5_000_000  # characters of one string
    tasks: int = 20_000  # of one file
    seconds: float = 20.0  # of processor time


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a source file is read."""

    airflow_version: AirflowVersion | None = None  # None: found from the imports
    limits: Limits = field(default_factory=Limits)
