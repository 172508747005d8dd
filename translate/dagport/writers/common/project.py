"""What the project writers of the targets whose tasks are Python functions share: what they take, how they end.

A writer goes through the pipelines that ``_accepted`` lets pass, collects files, outcomes and diagnostics, and hands
them back by ``_finished``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from dagport.diagnostics import Diagnostic, diagnose
from dagport.graph import Pipeline
from dagport.translation import Document, TaskOutcome, Translation, WriteOptions
from dagport.writers.common.format import format_files, insert
from dagport.writers.common.model import Chunk
from dagport.writers.common.module import ModuleText

HEADER = "# Written by dagport.\n"


@dataclass
class ProjectWriter:
    """Collects the files, outcomes and diagnostics of one run."""

    engine: ClassVar[str]  # the distribution that the project is written for

    options: WriteOptions
    files: dict[str, str] = field(default_factory=dict)
    chunks: dict[str, tuple[Chunk, ...]] = field(default_factory=dict)
    outcomes: list[TaskOutcome] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    support: set[str] = field(default_factory=set)

    @property
    def root(self) -> str:
        """The folder of the package."""
        return f"src/{self.options.package}"

    def _accepted(self, document: Document) -> Iterator[Pipeline]:
        """The pipelines of a document that are translated; of the others is told."""
        for pipeline in document.graph.pipelines:
            if not pipeline.exact and not self.options.allow_inexact:
                message = f"the DAG {pipeline.id!r} isn't exact, so it wasn't translated"
                self._say("DP406", message, document, pipeline)
            elif pipeline.tasks:
                yield pipeline

    def _say(self, code: str, message: str, document: Document, pipeline: Pipeline) -> None:
        self.diagnostics.append(diagnose(code, message, document.source.path, pipeline.span, pipeline=pipeline.id))

    def _say_needs(self, document: Document, pipeline: Pipeline, written: ModuleText) -> None:
        """What the deployment has to bring: installed modules, and the values that were taken for granted."""
        assumed = [item for item in pipeline.assumptions if ":" in item]
        if assumed:
            message = f"the generated code may hold the defaults of: {', '.join(assumed)}"
            self._say("DP409", message, document, pipeline)
        foreign = sorted(written.imported - sys.stdlib_module_names)
        if foreign:
            message = f"the generated module imports {', '.join(foreign)}: install what has them beside {self.engine}"
            self._say("DP408", message, document, pipeline)

    def _finished(self) -> Translation:
        """The files, formatted, the users' own pieces in their places; and all that was collected."""
        python = {path: text for path, text in self.files.items() if path.endswith(".py")}
        formatted = format_files(python, self.options.package) if self.options.tidy else python
        for path, text in formatted.items():
            self.files[path] = insert(text, self.chunks.get(path, ()))
        return Translation(
            files=dict(sorted(self.files.items())), outcomes=tuple(self.outcomes), diagnostics=tuple(self.diagnostics)
        )
