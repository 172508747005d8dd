"""Prints what real Airflow builds from the DAG files of repositories, one JSON record a file.

    AIRFLOW_PYTHON repositories.py FOLDER_OF_REPOSITORIES > truth.jsonl

Each file below ``dags`` of a repository is imported in a process of its own, as Airflow's DAG processor does, with
the repository on the path as ``PYTHONPATH`` puts it there, then the config, plugins and DAGs folders behind all else
(``airflow.settings.prepare_syspath_for_config_and_plugins``, ``airflow.dag_processing.dagbag.BundleDagBag``).
``repository`` and ``file`` say which file a record is of.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from truth import file_record, files_under  # its folder is the path of a script

PRELOADED = (
    "airflow.dag_processing.dagbag",
    "airflow.providers.standard.operators.bash",
    "airflow.providers.standard.operators.empty",
    "airflow.providers.standard.operators.python",
    "airflow.sdk",
)


def in_own_process(repository: Path, file: Path) -> dict[str, Any]:
    """The record of one file. Raises ``RuntimeError`` when the process dies."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        sys.path.insert(0, str(repository))
        sys.path += [str(repository / name) for name in ("config", "plugins", "dags")]
        with os.fdopen(writing, "w") as pipe, contextlib.redirect_stdout(sys.stderr):
            json.dump(file_record(file, repository, 3), pipe, default=str)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    if not text:
        raise RuntimeError(f"{file}: the process died")
    return {"repository": repository.name, **json.loads(text)}


def records(folder: Path) -> Iterator[dict[str, Any]]:
    """The records of all repositories."""
    for repository in sorted(folder.iterdir()):
        for file in files_under(repository / "dags"):
            yield in_own_process(repository, file)


def main(folder: str) -> None:
    """Print the records."""
    with contextlib.redirect_stdout(sys.stderr):
        for name in PRELOADED:
            __import__(name)
    for record in records(Path(folder)):
        sys.stdout.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-home-"))
    os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
    main(*sys.argv[1:])
