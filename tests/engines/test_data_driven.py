"""Repositories whose files make the DAGs: read by dagport, imported by real Airflow, and compared field by field.

``data_driven/*.txt`` hold them: ``#### name: what it shows`` begins a repository, ``== path`` a file of it. In
``honest.txt`` a part of a message follows after ``|``: these can't be known, and must say why.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dagport import formats
from dagport.options import ReadOptions
from dagport.source import Source
from dagport.translation import Document
from dagport.workspace import Workspace
from tests.engines.environments import environment
from tests.engines.reading import TRUTH, judge

REPOSITORIES = Path(__file__).with_name("data_driven")


@dataclass(frozen=True)
class Repository:
    """A small project of one DAG file."""

    name: str
    said: str  # a part of a message; empty: all is known
    files: tuple[tuple[str, str], ...]

    @property
    def main(self) -> str:
        """The DAG file: the first one."""
        return self.files[0][0]

    def write(self, folder: Path) -> Path:
        """Write it below a folder, under its name."""
        for path, text in self.files:
            file = folder / self.name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        return folder / self.name


def repositories(name: str) -> dict[str, Repository]:
    """The repositories of one file."""
    found = {}
    for block in ("\n" + (REPOSITORIES / name).read_text("utf-8")).split("\n#### ")[1:]:
        title, *parts = block.split("\n== ")
        named, _, said = title.partition(" | ")
        files = [part.partition("\n") for part in parts]
        # The empty line that ends a repository is no part of its last file.
        texts = [(path, text.strip("\n") + "\n" if text.strip("\n") else "") for path, _, text in files]
        found[named.partition(":")[0]] = Repository(named.partition(":")[0], said.strip(), tuple(texts))
    return found


EXACT, HONEST = repositories("exact.txt"), repositories("honest.txt")

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("data_driven")]


@cache
def built(folder: Path) -> dict[str, Any]:
    """What Airflow builds from all of them, in one process."""
    every = [*EXACT.values(), *HONEST.values()]
    files = [repository.write(folder) / repository.main for repository in every]
    # Airflow has the DAGs folder on its path; two repositories never share the name of a module.
    path = os.pathsep.join(str(file.parent) for file in files)
    done = environment("airflow3").run([TRUTH, *files], env={"PYTHONPATH": path})
    records = [json.loads(line) for line in done.stdout.splitlines()]
    return {repository.name: record for repository, record in zip(every, records, strict=True)}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data_driven")


def read(repository: Repository, folder: Path) -> Document:
    """A repository as dagport reads it. The record of the truth names the file alone."""
    built(folder)
    root = folder / repository.name
    if repository.name == "written":
        repository.write(folder)
    source = Source(Path(repository.main).name, (root / repository.main).read_text("utf-8"), repository.main)
    return Document(source, formats.reader("airflow")(source, ReadOptions(workspace=Workspace(root))))


@pytest.mark.parametrize("name", EXACT)
def test_exact(name: str, folder: Path) -> None:
    document = read(EXACT[name], folder)
    record = built(folder)[name]
    assert record["ok"], record["error"]
    verdicts = judge(record, document)
    assert verdicts
    assert [str(verdict) for verdict in verdicts if verdict.name != "exact"] == [], document.graph.diagnostics


@pytest.mark.parametrize("name", HONEST)
def test_honest(name: str, folder: Path) -> None:
    document = read(HONEST[name], folder)
    wrong = [str(v) for v in judge(built(folder)[name], document) if v.name in ("exact", "false exact", "invented")]
    assert wrong == []
    messages = [item.message for item in document.graph.diagnostics]
    assert any(HONEST[name].said in message for message in messages), messages
