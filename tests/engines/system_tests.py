"""The system tests of Airflow's providers: DAGs that people wrote, which import helpers of their own repository.

They come from the providers' source distributions, in the versions that the engine ``airflow3-providers`` has, and are
kept beside the environments, never in the tree. ``tests_common`` isn't published: ``stand_ins.txt`` stands in for it.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock

from dagport.options import Deployment, ReadOptions
from dagport.project.discovery import Search, discover
from dagport.project.read import ReadRequest, read_inputs, workspace
from dagport.translation import Document
from tests.engines.compare import Verdict
from tests.engines.environments import INSTALL_SECONDS, REQUIREMENTS, Environment, cache_folder, environment
from tests.engines.reading import TRUTH, judge

ENGINE = "airflow3-providers"
STAND_INS = Path(__file__).with_name("stand_ins.txt")
ENVIRONMENT = {"SYSTEM_TESTS_ENV_ID": "test", "USER": "tester"}  # told to Airflow and to dagport
IMPORT_SECONDS = "600"  # of one file; the first that needs a large library takes longer than Airflow allows
TESTS = "/tests/system/"
MISSING_PACKAGE = (
    r"([\w.]+\.)?(ImportError|ModuleNotFoundError|AirflowOptionalProviderFeatureException|Skipped)\b"
    r"|RuntimeError: You do not have `\w+` package installed"
)
TRUTH_SECONDS = 3600.0
LAYOUT = 1  # raise it when what is below the folder changes


@dataclass(frozen=True)
class Corpus:
    """All files that Airflow imports, as it builds them and as dagport reads them."""

    records: tuple[Mapping[str, Any], ...]
    documents: Mapping[str, Document]  # by path below the project
    verdicts: tuple[Verdict, ...]

    @property
    def loaded(self) -> list[Verdict]:
        """The verdicts on the DAGs that Airflow loads: neither invented ones nor those of a file that it refuses."""
        built = {(record["file"], dag["dag_id"]) for record in self.records for dag in record["dags"]}
        return [verdict for verdict in self.verdicts if (verdict.file, verdict.dag) in built]


def project() -> Path:
    """The folder of the system tests, fetched when it isn't in the cache yet.

    Raises ``EngineError`` when a distribution can't be fetched.
    """
    folder = cache_folder() / f"system-tests-{_key()}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock"), timeout=INSTALL_SECONDS * 2):
        if not folder.exists():
            _make(folder)
    return folder


def airflow_release() -> str:
    """The Airflow of the environment: some files ask for it."""
    lock = (REQUIREMENTS / f"{ENGINE}.txt").read_text("utf-8")
    found = re.search(r"^apache-airflow==([\w.]+)", lock, re.MULTILINE)
    assert found is not None
    return found[1]


def _key() -> str:
    parts = (str(LAYOUT), *distributions(), STAND_INS.read_text("utf-8"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def distributions() -> list[str]:
    """The providers with their versions, as the engine's lock has them."""
    lock = (REQUIREMENTS / f"{ENGINE}.txt").read_text("utf-8")
    return sorted(set(re.findall(r"^apache-airflow-providers-[\w-]+==[\w.]+", lock, re.MULTILINE)))


def _make(folder: Path) -> None:
    work = Path(tempfile.mkdtemp(prefix=".system-tests-", dir=folder.parent))
    try:
        made = work / "project"
        for archive in _downloaded(work / "archives"):
            _extract(archive, made)
        for path, text in stand_ins():
            _write(made / path, text.encode())
        made.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _downloaded(folder: Path) -> list[Path]:
    """The source distributions; their metadata is built with what the environment has."""
    source_only: tuple[str, ...] = ("--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--quiet")
    download: tuple[str | Path, ...] = ("-m", "pip", "download", *source_only, "--dest", folder, *distributions())
    environment(ENGINE).run(download, timeout=INSTALL_SECONDS)
    return sorted(folder.glob("*.tar.gz"))


def _extract(archive: Path, folder: Path) -> None:
    """Write the files below ``tests/system`` of a distribution to ``system``. Links aren't followed."""
    with tarfile.open(archive) as opened:
        for member in opened.getmembers():
            _, found, path = member.name.partition(TESTS)
            content = opened.extractfile(member) if found and member.isfile() else None
            if content is not None and ".." not in Path(path).parts:
                _write(folder / "system" / path, content.read())


def stand_ins() -> Iterator[tuple[str, str]]:
    """Paths and texts of what isn't published."""
    for part in re.split("^== ", STAND_INS.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        path, _, text = part.partition("\n")
        yield path, text


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def airflow_variables(folder: Path) -> dict[str, str]:
    """The environment variables that Airflow imports the files with."""
    limit = {"AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": IMPORT_SECONDS}
    return {**ENVIRONMENT, **limit, "PYTHONPATH": str(folder)}


def truth(engine: Environment, folder: Path) -> list[dict[str, Any]]:
    """What real Airflow builds, a record a file, with paths below the project."""
    arguments = [TRUTH, folder / "system"]
    done = engine.run(arguments, env=airflow_variables(folder), cwd=folder, timeout=TRUTH_SECONDS)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    return [{**record, "file": f"system/{record['file']}"} for record in records]


def read_project(folder: Path) -> dict[str, Document]:
    """The graphs by path, as ``dagport graph`` makes them. Raises ``AssertionError`` where dagport failed."""
    workspace.cache_clear()
    told = Deployment(environment=ENVIRONMENT, airflow_release=airflow_release(), only_project_files=True)
    inputs = discover([str(folder)], Search(root=folder, root_given=True))
    found = {}
    for result in read_inputs(inputs, ReadRequest(options=ReadOptions(deployment=told), jobs=1)):
        assert result.crash is None, result.crash.traceback
        found.update({document.graph.path: document for document in result.documents})
    return found


@cache
def corpus() -> Corpus:
    """The whole corpus, compared."""
    folder = project()
    return compared(truth(environment(ENGINE), folder), read_project(folder))


def compared(records: Sequence[dict[str, Any]], documents: Mapping[str, Document]) -> Corpus:
    """The verdicts on all files, but for those that need a package which the environment doesn't have."""
    verdicts = [verdict for record in records if not lacks_package(record) for verdict in _verdicts(record, documents)]
    return Corpus(tuple(records), documents, tuple(verdicts))


def lacks_package(record: Mapping[str, Any]) -> bool:
    """Whether Airflow can't import a file for want of a package: the graph takes it that all packages are there."""
    lines = (record["error"] or "").strip().splitlines()
    return bool(lines) and re.match(MISSING_PACKAGE, lines[-1]) is not None


def _verdicts(record: dict[str, Any], documents: Mapping[str, Document]) -> Sequence[Verdict]:
    """The verdicts on one file; one that isn't read has no pipelines."""
    document = documents.get(record["file"])
    if document is None:
        return [Verdict(record["file"], dag["dag_id"], "missed") for dag in record["dags"]]
    return judge(record, document)
