"""Repositories as texts: written cases, their folders, and how dagport reads them.

A topic is a file ``repositories/<topic>.txt`` of cases. A case begins with ``#### name``, or ``#### name | doubt``, and
each of its files with ``== path``. A line ``%airflow`` stands for the imports that every DAG file may need.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dagport.project.discovery import Input, Search, discover
from dagport.project.read import ReadRequest, Result, read_inputs, workspace
from dagport.translation import Document

FOLDER = Path(__file__).with_name("repositories")
HEADER = (FOLDER / "header.txt").read_text("utf-8")
TOPICS = sorted(path.stem for path in FOLDER.glob("*.txt") if path.stem != "header")
EXPECTATIONS = ("exact", "doubt", "refused", "empty")


@dataclass(frozen=True)
class Repository:
    """One case."""

    name: str
    expected: str  # one of EXPECTATIONS
    files: Mapping[str, str]  # path: text

    def write(self, folder: Path) -> Path:
        """Write the files below a folder."""
        for path, text in self.files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        return folder


def written(topic: str) -> Iterator[Repository]:
    """The cases of one topic."""
    for part in _split("#### ", (FOLDER / f"{topic}.txt").read_text("utf-8")):
        title, _, body = part.partition("\n")
        name, _, expected = title.partition(" | ")
        files = dict(_file(item) for item in _split("== ", body))
        yield Repository(name.strip(), expected.strip() or "exact", files)


def _split(mark: str, text: str) -> list[str]:
    return re.split(rf"^{mark}", text, flags=re.MULTILINE)[1:]


def _file(part: str) -> tuple[str, str]:
    path, _, text = part.partition("\n")
    return path.strip(), re.sub("^%airflow\n", HEADER, text, flags=re.MULTILINE)


def inputs(folder: Path) -> list[Input]:
    """The files of a repository that dagport reads."""
    return discover([str(folder)], Search(root=folder, root_given=True))


def read_repository(items: Iterable[Input], jobs: int = 1) -> Iterator[Result]:
    """Read files as one run does."""
    workspace.cache_clear()
    return read_inputs(list(items), ReadRequest(jobs=jobs))


def documents(items: Sequence[Input]) -> dict[str, Document]:
    """The graphs of the files by path. Raises ``AssertionError`` where dagport failed."""
    found = {}
    for result in read_repository(items):
        assert result.crash is None, result.crash.traceback
        for document in result.documents:
            found[document.graph.path] = document
    return found


def lines(items: Sequence[Input], jobs: int = 1) -> dict[str, tuple[str, ...]]:
    """The printed graphs by path, all read in one run."""
    return {item.path: result.lines for item, result in zip(items, read_repository(items, jobs), strict=True)}


def lines_apart(items: Iterable[Input]) -> dict[str, tuple[str, ...]]:
    """The printed graphs by path, each read in a run of its own: nothing is shared."""
    return {item.path: next(iter(read_repository([item]))).lines for item in items}
