"""What goes into a target's writer and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from dagport.diagnostics import Diagnostic
from dagport.graph import FileGraph
from dagport.source import Source

Style: TypeAlias = Literal["auto", "assets", "ops"]
"""How a Dagster project holds control flow: "auto" takes assets where they carry the meaning, else a graph of ops with
assets at its ends; "assets" takes nothing but assets; "ops" writes jobs of ops."""

Fidelity: TypeAlias = Literal["native", "approximate", "delegated", "manual"]
"""How well a task was carried over: exactly, nearly (a diagnostic says how it differs), by calling the
original engine, or not at all (the generated code raises when it is run)."""


@dataclass(frozen=True, slots=True)
class Document:
    """One source file and its graph: a writer copies function bodies from the source."""

    source: Source
    graph: FileGraph


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOutcome:
    """What became of one task."""

    path: str
    pipeline: str
    task: str
    fidelity: Fidelity
    target: str | None  # where it went, in the target's own terms, e.g. an asset key "train/load"
    reason: str | None = None  # for all but native: what differs or what is missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """Everything a writer produced: files by their path below the output folder, "/" between parts."""

    files: Mapping[str, str] = field(default_factory=dict)
    outcomes: tuple[TaskOutcome, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """What the caller chose for a translation."""

    package: str = "pipelines"  # name of the generated Python package
    allow_inexact: bool = False  # translate pipelines whose graph isn't exact, too
    style: Style = "auto"
    airflow_version: str = "3"  # Airflow that files are written for: "2" or "3"
    delegate: bool = True  # have the original engine run what has no form in the target; otherwise it is refused
    tidy: bool = True  # format the generated code, of Dagster and Prefect; what isn't formatted means the same


class TargetWriter(Protocol):
    """Writes source files for another orchestrator."""

    def __call__(self, documents: Sequence[Document], options: WriteOptions) -> Translation:
        """All documents of one run at once: a target project names and checks them together."""
        ...
