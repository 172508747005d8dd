"""What ``check`` and ``translate`` found, and the forms it can be printed in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TypeAlias, cast

from dagport.cli.console import Console
from dagport.diagnostics import Diagnostic
from dagport.project.summary import Row, rows
from dagport.translation import Document, Translation

REPORTS = {
    "text": "dagport.cli.reports.text",
    "json": "dagport.cli.reports.json",
    "sarif": "dagport.cli.reports.sarif",
    "github": "dagport.cli.reports.github",
}


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one run."""

    documents: Sequence[Document]
    translation: Translation | None  # None: none was asked for
    target: str | None
    diagnostics: tuple[Diagnostic, ...]  # by path and place
    rows: tuple[Row, ...]

    @classmethod
    def of(
        cls,
        documents: Sequence[Document],
        translation: Translation | None,
        target: str | None,
        more: Sequence[Diagnostic] = (),
    ) -> Report:
        """The report of what was read and, if it was asked for, translated; ``more`` is what was found besides."""
        read = [item for document in documents for item in document.graph.diagnostics]
        written = translation.diagnostics if translation else ()
        found = sorted((*read, *written, *more), key=_place)
        return cls(documents, translation, target, tuple(found), tuple(rows(documents, translation)))


ReportWriter: TypeAlias = Callable[[Report, Console], Iterator[str]]


def report_writer(name: str) -> ReportWriter:
    """The writer of a form. Raises ``KeyError`` for a name that isn't in ``REPORTS``."""
    return cast(ReportWriter, import_module(REPORTS[name]).write)


def percent(share: float) -> str:
    """A share rounded down, so that 100% means all."""
    return f"{math.floor(share * 10) / 10:g}%"


def _place(item: Diagnostic) -> tuple[str, int, int, str, str]:
    return (item.path or "", item.line or 0, item.column or 0, item.code, item.message)
