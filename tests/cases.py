"""The cases below ``fixtures/``: an input, and all that dagport is expected to make of it.

A case is a folder ``fixtures/<format>/<case>/`` with ``input.py``, or ``input.yaml`` for dag-factory, and

- ``graph.json``: the graph, as ``dagport graph --format json`` prints it;
- ``diagnostics.txt``: what is said about reading and translating it, and what became of each task;
- ``dagster/``: the translated project, without the files that are the same for every project;
- ``prefect/``: the flows and deployments for Prefect, and in ``messages.txt`` what is said about them;
- any other files: what the input reads and imports; the folder is then the root of its project;
- ``case.toml``, where something isn't the default: ``engine`` names the environment whose Airflow the graph
  is compared with ("airflow3"; "none" needs a ``why``).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from dagport import codec, formats
from dagport.diagnostics import Diagnostic
from dagport.options import ReadOptions
from dagport.source import Source
from dagport.translation import Document, Translation, WriteOptions
from dagport.workspace import Workspace

FIXTURES = Path(__file__).parent.parent / "fixtures"
EXPECTED = {"input.py", "input.yaml", "graph.json", "diagnostics.txt", "case.toml", "dagster", "prefect", "__pycache__"}
SUFFIXES = {"airflow": ".py", "dag-factory": ".yaml"}
ENGINES = {"airflow": "airflow3", "dag-factory": "airflow3-dag-factory"}
PACKAGE = "pipelines"
SHOWN = PurePosixPath(f"src/{PACKAGE}/defs")  # what lies elsewhere is the same for every project that needs it
INSTANCE = "dagster.yaml"
FLOWS = f"src/{PACKAGE}/flows/"
SAME_FOR_ALL = {SHOWN / "__init__.py"}


@dataclass(frozen=True)
class Case:
    """One folder of ``fixtures/<format>``."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def format(self) -> str:
        return self.folder.parent.name

    @property
    def input(self) -> Path:
        """The file that is read."""
        return self.folder / f"input{SUFFIXES[self.format]}"

    @cached_property
    def engine(self) -> str:
        """The environment of the Airflow that can import the input, or "none"."""
        file = self.folder / "case.toml"
        settings = tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
        engine = str(settings.get("engine", ENGINES[self.format]))
        if engine == "none" and not settings.get("why"):
            raise ValueError(f"{file}: why can't an engine check this case?")
        return engine

    @cached_property
    def document(self) -> Document:
        """The input as dagport reads it."""
        alone = all(entry.name in {*EXPECTED, self.input.name} for entry in self.folder.iterdir())
        path = f"dags/{self.name}{self.input.suffix}"
        source = Source(path, self.input.read_text("utf-8"), None if alone else self.input.name)
        options = ReadOptions(workspace=None if alone else Workspace(self.folder))
        return Document(source, formats.reader(self.format)(source, options))

    @cached_property
    def translation(self) -> Translation:
        """The input translated to Dagster."""
        return formats.target("dagster")([self.document], WriteOptions(package=PACKAGE))

    @cached_property
    def for_prefect(self) -> Translation:
        """The input translated to Prefect."""
        return formats.target("prefect")([self.document], WriteOptions(package=PACKAGE))

    def graph(self) -> dict[str, str]:
        """The expected graph, by file name."""
        record = codec.to_json(self.document.graph)
        return {"graph.json": json.dumps(record, indent=1, ensure_ascii=False) + "\n"}

    def output(self) -> dict[str, str]:
        """The expected translation and messages, by path below the case's folder."""
        shown = {
            f"dagster/{path}": text
            for path, text in self.translation.files.items()
            if path == INSTANCE
            or (PurePosixPath(path).is_relative_to(SHOWN) and PurePosixPath(path) not in SAME_FOR_ALL)
        }
        return {"diagnostics.txt": self.messages(), **shown}

    def flows(self) -> dict[str, str]:
        """The expected translation to Prefect and its messages, by path below the case's folder."""
        files = self.for_prefect.files.items()
        shown = {
            f"prefect/{path}": text
            for path, text in files
            if path == "prefect.yaml" or (path.startswith(FLOWS) and not path.endswith("__init__.py"))
        }
        sections = {"write": map(line, self.for_prefect.diagnostics), "tasks": fates(self.for_prefect)}
        return {"prefect/messages.txt": _told(sections), **shown} if len(shown) > 1 else {}

    def messages(self) -> str:
        """Diagnostics of the reader and the writer, and the fate of every task."""
        read, written = self.document.graph.diagnostics, self.translation.diagnostics
        return _told({"read": map(line, read), "write": map(line, written), "tasks": fates(self.translation)})


def _told(sections: Mapping[str, Iterable[str]]) -> str:
    return "".join(f"{title}\n" + "".join(f"  {text}\n" for text in lines) for title, lines in sections.items())


def fates(translation: Translation) -> list[str]:
    """What became of each task."""
    return [
        f"{outcome.pipeline}.{outcome.task}: {outcome.fidelity}"
        + (f" -> {outcome.target}" if outcome.target else "")
        + (f" ({outcome.reason})" if outcome.reason else "")
        for outcome in translation.outcomes
    ]


def line(diagnostic: Diagnostic) -> str:
    """A diagnostic on one line."""
    place = ":".join(str(part) for part in (diagnostic.path, diagnostic.line, diagnostic.column) if part)
    subject = ".".join(filter(None, (diagnostic.pipeline, diagnostic.task)))
    message = diagnostic.message.replace("\n", "\\n")
    return f"{place} {diagnostic.severity} {diagnostic.code} {message}" + (f" [{subject}]" if subject else "")


def cases(format_: str) -> list[Case]:
    """All cases of one format."""
    return [Case(folder) for folder in sorted((FIXTURES / format_).iterdir()) if folder.is_dir()]


def expected(case: Case, pattern: str) -> dict[str, str]:
    """The committed expectations of a case whose path matches a glob."""
    files = sorted(file for file in case.folder.glob(pattern) if file.is_file())
    return {file.relative_to(case.folder).as_posix(): file.read_text("utf-8") for file in files}


def write(case: Case, pattern: str, files: dict[str, str]) -> None:
    """Replace the committed expectations of a case that match a glob."""
    for stale in expected(case, pattern).keys() - files.keys():
        (case.folder / stale).unlink()
    for path, text in files.items():
        file = case.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


def write_project(translation: Translation, folder: Path) -> Path:
    """Write a translated project into a folder."""
    for path, text in translation.files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return folder
