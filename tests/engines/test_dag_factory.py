"""YAML files in real dag-factory and real Airflow: none of our graphs may claim what they don't build."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dagport import formats
from dagport.options import ReadOptions
from dagport.source import Source
from dagport.translation import Document
from dagport.workspace import Workspace
from tests.cases import Case, cases
from tests.engines.compare import Verdict
from tests.engines.dag_factory.programs import PROGRAMS
from tests.engines.environments import environment
from tests.engines.reading import TRUTH, judge

HERE = Path(__file__).with_name("dag_factory")
DEFAULTS = "defaults.yml"
WHOLE = sorted(path.relative_to(HERE).as_posix() for path in (HERE / "dags").rglob("*.yml") if path.name != DEFAULTS)
FIXTURES = [case for case in cases("dag-factory") if case.engine != "none"]
LOADER = """\
import os
import airflow
from dagfactory import load_yaml_dags

load_yaml_dags(globals_dict=globals(), config_filepath=os.path.dirname(os.path.abspath(__file__)) + "/{name}")
"""

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("dag-factory")]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose DAGs folder has the committed files, and one for each small program, all with a loader."""
    root = tmp_path_factory.mktemp("dag_factory")
    put_files(root)
    return root


def put_files(root: Path) -> list[Path]:
    """Put all YAML files into the DAGs folder of a project: the committed ones, the fixtures, the small programs."""
    shutil.copytree(HERE / "dags", root / "dags")
    (root / "dags" / "programs").mkdir()
    (root / "dags" / "fixtures").mkdir()
    for case in FIXTURES:
        shutil.copy(case.input, root / "dags" / "fixtures" / f"{case.name}.yml")
    for number, text in enumerate(PROGRAMS.values()):
        (root / "dags" / "programs" / f"program_{number:03d}.yml").write_text(text, "utf-8", newline="")
    return yaml_files(root)


def yaml_files(root: Path) -> list[Path]:
    """The YAML files of DAGs in a project."""
    return sorted(path for path in (root / "dags").rglob("*.yml") if path.name != DEFAULTS)


@cache
def built(root: Path) -> dict[str, Any]:
    """What Airflow builds from all of them, by the YAML file."""
    files = yaml_files(root)
    for file in files:
        file.with_name(f"load_{file.stem}.py").write_text(LOADER.format(name=file.name), "utf-8")
    variables = {
        "PYTHONPATH": str(root / "dags"),
        "AIRFLOW_HOME": str(root / "home"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
        "AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
    }
    loaders = [file.with_name(f"load_{file.stem}.py") for file in files]
    done = environment("airflow3-dag-factory").run([TRUTH, *loaders], env=variables)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    return {file.relative_to(root).as_posix(): record for file, record in zip(files, records, strict=True)}


def read(root: Path, path: str) -> Document:
    source = Source(path, (root / path).read_bytes().decode("utf-8"), path)
    options = ReadOptions(workspace=Workspace(root))
    return Document(source, formats.reader("dag-factory")(source, options))


def check(root: Path, path: str) -> list[Verdict]:
    """The verdicts; none may be a lie, and what is refused there must be reported here."""
    record, document = built(root)[path], read(root, path)
    verdicts = judge(record, document)
    lies = [str(verdict) for verdict in verdicts if verdict.name in ("false exact", "invented")]
    assert lies == []
    errors = [item for item in document.graph.diagnostics if item.severity == "error"]
    if record["ok"]:
        assert errors == []
    else:
        assert not any(pipeline.exact for pipeline in document.graph.pipelines), record["error"]
    said = [item for item in document.graph.diagnostics if item.severity != "info"]
    assert said or all(verdict.name == "exact" for verdict in verdicts), [str(verdict) for verdict in verdicts]
    return verdicts


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str, project: Path) -> None:
    check(project, f"dags/programs/program_{list(PROGRAMS).index(name):03d}.yml")


@pytest.mark.parametrize("path", WHOLE)
def test_whole_file_is_exact(path: str, project: Path) -> None:
    verdicts = check(project, path)
    assert verdicts
    assert [str(verdict) for verdict in verdicts if verdict.name != "exact"] == []


@pytest.mark.parametrize("case", FIXTURES, ids=lambda case: case.name)
def test_fixture(case: Case, project: Path) -> None:
    check(project, f"dags/fixtures/{case.name}.yml")
