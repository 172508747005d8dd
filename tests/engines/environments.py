"""Virtual environments of the real orchestrators, made once and kept outside the tree.

They can't share one environment, nor dagport's own. A new engine is a row of ``ENGINES``, a file
``requirements/<name>.in`` and its lock, made by ``python -m tests.engines.environments lock``.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path
from uv import find_uv_bin

REQUIREMENTS = Path(__file__).with_name("requirements")
CACHE_VARIABLE = "DAGPORT_ENV_CACHE"
OLDEST_PYTHON = "3.11"
INSTALL_SECONDS = 1200
RUN_SECONDS = 300
LAYOUT = 2  # raise it when the way environments are made changes: older ones are then left alone
FOREIGN_VARIABLES = ("AIRFLOW", "DAGSTER", "PREFECT", "PYTHON", "VIRTUAL_ENV", "COVERAGE", "PYTEST")


class EngineError(Exception):
    """An environment could not be made, or a program run in it failed; the message has its output."""


@dataclass(frozen=True)
class Engine:
    """One orchestrator and what its environment needs."""

    imports: str  # proves that the environment works
    newest_python: tuple[int, int]  # the newest minor version that it installs on


ENGINES: Mapping[str, Engine] = {
    "airflow3": Engine("import airflow.sdk, airflow.providers.standard, sklearn", (3, 14)),
    "airflow3-dag-factory": Engine("import airflow.sdk, dagfactory", (3, 14)),
    "airflow3-openlineage": Engine("import airflow.sdk, airflow.providers.openlineage", (3, 13)),
    "airflow3-providers": Engine("import airflow.sdk, airflow.providers.google, pip", (3, 13)),
    "airflow2-10": Engine("import airflow.models, airflow.operators.bash", (3, 12)),
    "airflow2": Engine("import airflow.models, airflow.operators.bash", (3, 12)),
    "dagster": Engine("import dagster, pandas, sklearn, sqlalchemy", (3, 14)),
    "dagster-integrations": Engine(
        "import dagster_k8s, dagster_docker, dagster_gcp, boto3, databricks.sdk, sqlalchemy", (3, 14)
    ),
    "dagster-host": Engine("import dagster, dagster_webserver, sqlglot, libcst", (3, 14)),
    "datahub": Engine("import datahub.lite, duckdb", (3, 13)),
    "prefect-host": Engine("import prefect, sqlglot, libcst", (3, 13)),
}

NO_PROGRAMS = {"PATH": ""}
"""Variables with which a DAG file that looks for an installed program (``virtualenv``) finds none, on any machine."""
SOURCES = tuple(str(Path(__file__).parents[2] / folder) for folder in ("translate", "lineage", "adapters"))
"""Where dagport's own packages are, for hosts that import them: ``PYTHONPATH`` of ``with_dagport``."""


@dataclass(frozen=True)
class Environment:
    """A ready environment."""

    name: str
    python: Path

    def run(
        self,
        arguments: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = RUN_SECONDS,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run this environment's Python with the arguments, and nothing of ours in its variables.

        Raises ``EngineError`` when it takes longer than ``timeout`` seconds, or, with ``check``, ends
        with another status than 0.
        """
        return run_program([self.python, *arguments], env=env, cwd=cwd, timeout=timeout, check=check)


def run_program(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = RUN_SECONDS,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a program in a clean environment; see ``Environment.run``."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            env={**clean_variables(), **(env or {})},
            cwd=cwd,
            timeout=timeout,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{' '.join(words)}: still running after {timeout} s\n{error.stderr!r}") from None
    if check and done.returncode != 0:
        raise EngineError(f"{' '.join(words)}: status {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}")
    return done


def with_dagport(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables with which an environment of ours, such as ``dagster-host``, imports this checkout's packages."""
    return {**(env or {}), "PYTHONPATH": os.pathsep.join(SOURCES)}


def clean_variables() -> dict[str, str]:
    """The process's variables without those that would change what another Python or an engine does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_VARIABLES)}
    return {**kept, "PYTHONUTF8": "1", "TZ": "UTC"}


def environment(name: str) -> Environment:
    """The environment of one engine, made when it isn't in the cache yet.

    Safe when several processes ask at once: one makes it under a lock and it appears whole, by a rename.
    Raises ``EngineError`` with the installer's own words when it can't be made.
    """
    folder = cache_folder() / f"{name}-{_key(name)}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock"), timeout=INSTALL_SECONDS * 2):
            if not python.exists():
                _make(name, folder)
    return Environment(name, python)


def cache_folder() -> Path:
    """Where environments are kept: ``DAGPORT_ENV_CACHE``, else the user's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen).resolve() if chosen else user_cache_path("dagport") / "engines"


def _key(name: str) -> str:
    """What an environment depends on, as a short hash."""
    parts = (str(LAYOUT), _locked(name).read_text("utf-8"), _python_version(name), platform.platform())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _locked(name: str) -> Path:
    return REQUIREMENTS / f"{name}.txt"


def _python_version(name: str) -> str:
    """The version to make an environment with: that of this process where the engine takes it."""
    running, newest = sys.version_info[:2], ENGINES[name].newest_python
    if running <= newest:
        return platform.python_version()
    return ".".join(map(str, newest))


def _make(name: str, folder: Path) -> None:
    version = _python_version(name)
    interpreter = sys.executable if version == platform.python_version() else version
    work = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder.parent))
    made = work / "env"
    try:
        _uv("venv", "--relocatable", "--python", interpreter, made)
        _uv("pip", "install", "--compile-bytecode", "--python", made, "--requirement", _locked(name))
        python = made / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        run_program([python, "-c", ENGINES[name].imports])
        made.rename(folder)
    except EngineError as error:
        raise EngineError(f"The environment of {name} can't be made: {error}") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _uv(*arguments: str | Path) -> None:
    run_program([find_uv_bin(), *arguments], timeout=INSTALL_SECONDS)


def lock() -> None:
    """Resolve every ``requirements/*.in`` again: exact versions for every platform, and no addresses."""
    for source in sorted(REQUIREMENTS.glob("*.in")):
        options = ("--universal", "--upgrade", "--no-annotate", "--no-header", "--quiet")
        target = ("--python-version", OLDEST_PYTHON, "--output-file", source.with_suffix(".txt"))
        _uv("pip", "compile", *options, *target, source)


if __name__ == "__main__":
    if sys.argv[1:] != ["lock"]:
        sys.exit("usage: python -m tests.engines.environments lock")
    lock()
