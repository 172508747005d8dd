"""What an analysis saw of the project besides its own file, and whether that still holds.

Every question that the analysis asked (``Look``) is kept with the fingerprint of its answer, be it "there is
nothing".
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from dagport.digests import sha256
from dagport.workspace import ABSENT, MAX_FILE_BYTES, Aspect, Look, Workspace

NO_LOOKS = "[]"
LENGTH = 32  # characters of a fingerprint that are kept
ASPECTS: dict[str, Aspect] = {"content": "content", "kind": "kind", "entries": "entries", "module": "module"}


class Witness:
    """Answers looks at one project, each once: a project is taken not to change during a run."""

    def __init__(self, workspace: Workspace, digest: Callable[[Path], str] | None = None) -> None:
        self.workspace = workspace
        self.digest = digest  # of a regular file, if that can be told without reading it; may raise ``OSError``
        self._answers: dict[Look, str] = {}
        self._verdicts: dict[str, bool] = {}

    def statement(self, looks: Iterable[Look]) -> str:
        """The text that is kept: one for the same looks and answers."""
        return json.dumps([[look.aspect, look.path, self._answer(look)] for look in sorted(looks)])

    def agrees(self, statement: str) -> bool:
        """Whether every answer of a statement is what the project answers now."""
        if statement not in self._verdicts:
            self._verdicts[statement] = self._check(statement)
        return self._verdicts[statement]

    def _check(self, statement: str) -> bool:
        try:
            looks = [(Look(ASPECTS[aspect], path), answer) for aspect, path, answer in json.loads(statement)]
            return all(isinstance(look.path, str) and self._answer(look) == answer for look, answer in looks)
        except (ValueError, TypeError, KeyError, RecursionError):
            return False

    def _answer(self, look: Look) -> str:
        if look not in self._answers:
            known = self._quick(look) if look.aspect == "content" and self.digest else None
            self._answers[look] = (known or self.workspace.fingerprint(look))[:LENGTH]
        return self._answers[look]

    def _quick(self, look: Look) -> str | None:
        """The fingerprint of a file's content as ``Workspace.fingerprint`` gives it, without reading a known file."""
        real = self.workspace.inside(look.path)
        if real is None or self.digest is None:
            return ABSENT
        try:
            return self.digest(real) if os.stat(real).st_size <= MAX_FILE_BYTES else None  # noqa: PTH116 - speed
        except OSError:
            return None


def identity(statement: str) -> str:
    """A short name of a statement: the same name, the same statement."""
    return sha256(statement.encode())[:LENGTH]
