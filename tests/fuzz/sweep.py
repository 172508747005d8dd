"""Reads every Python file below a folder as a DAG file, and as a module that a DAG file imports."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dagport.options import Limits
from tests.fuzz.case import Case, Finding, Result
from tests.fuzz.worker import Worker

IMPORTER = """\
from airflow.sdk import DAG
import {module} as subject
from {module} import *
for name, thing in list(vars(subject).items()):
    try:
        thing()
    except Exception:
        pass
"""


@dataclass
class Sweep:
    """The figures of a sweep."""

    read: int = 0
    seconds: float = 0.0
    peak: int = 0
    exact: int = 0
    pipelines: int = 0
    slowest: list[tuple[float, str]] = field(default_factory=list)
    findings: list[tuple[Case, Finding]] = field(default_factory=list)

    def add(self, case: Case, result: Result) -> None:
        """Count one result."""
        self.read += 1
        self.seconds += result.seconds
        self.peak = max(self.peak, result.peak)
        self.exact += result.exact
        self.pipelines += result.pipelines
        self.slowest = sorted([*self.slowest, (result.seconds, case.name)], reverse=True)[:15]
        self.findings += [(case, finding) for finding in result.findings]

    def report(self) -> str:
        """Some lines."""
        lines = [
            f"{self.read} files in {self.seconds:.1f} s of processor time, at most {self.peak} MiB; "
            f"{self.pipelines} pipelines, {self.exact} exact; {len(self.findings)} findings",
            *(f"  {seconds:6.2f} s  {name}" for seconds, name in self.slowest[:8]),
            *(f"{finding.kind}: {case.name}\n{finding.detail}" for case, finding in self.findings),
        ]
        return "\n".join(lines)


def python_files(folder: Path) -> Iterator[Path]:
    """All Python files below a folder, in the order of their names; links aren't followed."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names) if name.endswith(".py"))


def as_dag_file(file: Path, folder: Path) -> Case:
    """A file read for its DAGs, alone."""
    text = file.read_bytes().decode("utf-8", "replace")
    return Case(file.relative_to(folder).as_posix(), text, limits=Limits(), empty=True)


def as_module(file: Path, folder: Path) -> Case | None:
    """A DAG file that imports the file as a module of its project; ``None`` where its name can't be imported."""
    parts = file.relative_to(folder).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    if not parts or not all(part.isidentifier() for part in parts):
        return None
    module = ".".join(parts)
    text = IMPORTER.format(module=module)
    return Case(f"import {module}", text, path="case.py", root=str(folder.resolve()), limits=Limits(), empty=True)


def cases_of(folder: Path, every: int = 1) -> Iterator[Case]:
    """Both cases of every file (or of every n-th)."""
    for number, file in enumerate(python_files(folder)):
        if number % every:
            continue
        yield as_dag_file(file, folder)
        module = as_module(file, folder)
        if module is not None:
            yield module


def sweep(folder: Path, every: int = 1) -> Sweep:
    """Read the files of a folder."""
    figures = Sweep()
    worker = Worker()
    for case in cases_of(folder, every):
        figures.add(case, worker.check(case))
    worker.stop()
    return figures
