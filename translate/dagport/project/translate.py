"""Calling a target's writer, so that a bug in it names the file that brings it to light."""

from __future__ import annotations

from collections.abc import Sequence

from dagport import formats
from dagport.project.outcome import Crash
from dagport.project.read import crash_report
from dagport.translation import Document, Translation, WriteOptions


def translate(target: str, documents: Sequence[Document], options: WriteOptions) -> Translation | list[Crash]:
    """The translation of all documents together, or the bugs that keep the writer from making one."""
    result = _attempt(target, documents, options)
    if isinstance(result, Translation):
        return result
    alone = [_attempt(target, [document], options) for document in documents]
    return [item for item in alone if isinstance(item, Crash)] or [result]


def _attempt(target: str, documents: Sequence[Document], options: WriteOptions) -> Translation | Crash:
    try:
        return formats.target(target)(documents, options)
    except Exception as error:  # noqa: BLE001 - turns our bugs into a report on the file
        path = documents[0].graph.path if len(documents) == 1 else f"{len(documents)} files together"
        return crash_report(path, error)
