"""Homes of Airflow that runners make for themselves: a copy of a database that was set up once for each Airflow."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

from dagport.project.folders import cache_folder
from dagport_adapters.runners.errors import AirflowError, AirflowNotFoundError
from dagport_lineage.secrets import redact

DATABASE = "airflow.db"
OWN_DATABASE = "DAGPORT_OWN_DATABASE"  # tells the worker that the database is a SQLite of ours
MIGRATE_SECONDS = 300
LOCKED_SECONDS = 300  # that one process waits for another to have written
FINGERPRINT = "import airflow, sys, glob, os\n\
migrations = sorted(glob.glob(os.path.join(os.path.dirname(airflow.__file__), 'migrations', 'versions', '*.py')))\n\
print(airflow.__version__, sys.version_info[:2], len(migrations))"
# They would lead the worker to somebody else's database, home or DAGs.
DROPPED = (
    "AIRFLOW_HOME", "AIRFLOW_CONFIG", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_SECRET", "AIRFLOW__CORE__SQL_ALCHEMY_CONN", "AIRFLOW__CORE__DAGS_FOLDER",
    "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__", OWN_DATABASE,
)  # fmt: skip


def home_for(python: Path, folder: Path) -> Path:
    """The home of an interpreter and a folder of DAGs, below dagport's cache folder."""
    name = hashlib.sha256(f"{python}\0{folder}".encode()).hexdigest()[:16]
    return _base() / "homes" / name


def variables(home: Path, folder: Path, environment: Mapping[str, str], *, own: bool) -> dict[str, str]:
    """The environment of a worker. In a home of ours it also says where the database and the logs are."""
    found = {name: value for name, value in environment.items() if name not in DROPPED}
    found |= {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__DAGS_FOLDER": str(folder)}
    if own:
        found |= {
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / DATABASE}?timeout={LOCKED_SECONDS}",
            OWN_DATABASE: str(home / DATABASE),
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
            "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        }
    return found


def is_configured(home: Path) -> bool:
    """Whether somebody has set this home up, so that its configuration counts and ours doesn't."""
    return (home / "airflow.cfg").exists() and not (home / ".dagport").exists()


def prepare(home: Path, python: Path, environment: Mapping[str, str]) -> None:
    """Give a home a database, unless it has one.

    Raises ``AirflowNotFoundError`` when the interpreter has no Airflow, and ``AirflowError`` when it can't set one up.
    """
    if (home / DATABASE).exists():
        return
    home.mkdir(parents=True, exist_ok=True)
    with _held(home / ".dagport-lock"):
        if (home / DATABASE).exists():  # another process has made it, and may be using it
            return
        (home / ".dagport").touch()
        copy = home / f".{DATABASE}.{uuid4().hex}"
        shutil.copyfile(_template(python, environment), copy)
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("pragma journal_mode = wal")  # who reads doesn't keep others from writing
        copy.replace(home / DATABASE)


def _template(python: Path, environment: Mapping[str, str]) -> Path:
    """The database that was set up for this Airflow, made when there is none yet."""
    with tempfile.TemporaryDirectory(prefix="dagport-airflow-") as work:
        scratch = variables(Path(work), Path(work, "dags"), environment, own=True)
        told = _ran([str(python), "-c", FINGERPRINT], scratch)
        key = hashlib.sha256(f"{python}\0{told}".encode()).hexdigest()[:16]
        template = _base() / "databases" / f"{key}.db"
        template.parent.mkdir(parents=True, exist_ok=True)
        with _held(template.with_suffix(".lock")):
            if not template.exists():
                _ran([str(python), "-m", "airflow", "db", "migrate"], scratch)
                made = template.with_suffix(".new")
                shutil.copyfile(Path(work, DATABASE), made)
                made.replace(template)
    return template


def _ran(command: list[str], environment: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the interpreter that the user names
            command, env=dict(environment), capture_output=True, timeout=MIGRATE_SECONDS, stdin=subprocess.DEVNULL,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
    except OSError as error:
        raise AirflowNotFoundError(
            f"{command[0]} can't be started: {error.strerror}. Name the Python of an Airflow"
        ) from None
    except subprocess.TimeoutExpired:
        raise AirflowError(f"Airflow took longer than {MIGRATE_SECONDS} s to set up its database") from None
    if done.returncode == 0:
        return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
    last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-5:])
    if "No module named 'airflow'" in last:
        raise AirflowNotFoundError(f"{command[0]} has no Airflow. Name the Python of an environment that has one")
    raise AirflowError(f"Airflow can't set up its database:\n{redact(last)}")


@contextmanager
def _held(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _base() -> Path:
    found = cache_folder()
    if found is None:
        raise AirflowError("There is no folder for a home of Airflow. Name one, or set DAGPORT_CACHE_DIR")
    return found / "airflow"
