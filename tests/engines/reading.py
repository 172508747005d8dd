"""What the tests do with a real Airflow: its own example DAGs, and what it builds from files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from dagport import codec, formats
from dagport.options import ReadOptions
from dagport.source import Source
from dagport.translation import Document
from dagport.workspace import Workspace
from tests.engines.compare import Verdict, compare_file
from tests.engines.environments import NO_PROGRAMS, Environment, environment

TRUTH = Path(__file__).with_name("inside") / "truth.py"
EXAMPLES = {
    "airflow3": ("airflow/example_dags", "airflow/providers/standard/example_dags"),
    "airflow2": ("airflow/example_dags",),
}


@cache
def example_folders(engine: str) -> tuple[Path, ...]:
    """The folders of DAGs that an Airflow brings along."""
    script = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(environment(engine).run(["-c", script]).stdout.strip())
    return tuple(packages / folder for folder in EXAMPLES[engine])


def truth(
    engine: Environment, paths: Iterable[Path], variables: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """What a real Airflow builds from files and folders: a record a file."""
    done = engine.run([TRUTH, *paths], env={**NO_PROGRAMS, **(variables or {})})
    return [json.loads(line) for line in done.stdout.splitlines()]


def read(path: Path, root: Path) -> Document:
    """A file as dagport reads it."""
    name = path.relative_to(root).as_posix()
    source = Source(name, path.read_text("utf-8"), name)
    return Document(source, formats.reader("airflow")(source, ReadOptions(workspace=workspace(root))))


@cache
def workspace(root: Path) -> Workspace:
    """The project that a folder is."""
    return Workspace(root)


def judge(record: dict[str, Any], document: Document) -> list[Verdict]:
    """Compare one file."""
    return compare_file(record, codec.to_json(document.graph))
