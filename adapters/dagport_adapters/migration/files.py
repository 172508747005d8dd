"""Reading and writing the switch file, and copying the files that run in Airflow."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import dagport_adapters.airflow
from dagport.digests import sha256
from dagport_adapters.airflow.dagport_switch import SWITCH_FILE, SWITCH_VARIABLE
from dagport_adapters.migration.errors import MigrationError

VENDORED = ("dagport_airflow.py", "dagport_engines.py", "dagport_http.py", "dagport_runs.py", "dagport_switch.py")
MARK = "# Copied from dagport by `dagport migrate vendor`: don't edit. sha256:"
NEW = (
    "# Which tasks have moved out of Airflow, one line a task: dag_id/task_id: target\n"
    "# Taking a line out, or putting # before it, rolls the task back. See `dagport migrate --help`.\n"
)


def switch_file(given: Path | None, near: Path) -> Path:
    """The switch file: the given one, else ``$DAGPORT_SWITCH``, else the nearest one from a file or folder upwards.

    Where there is none, it is to lie in that folder.
    """
    if given or os.environ.get(SWITCH_VARIABLE):
        return given or Path(os.environ[SWITCH_VARIABLE])
    folder = near if near.is_dir() else near.parent
    whole = folder.resolve()
    found = (parent / SWITCH_FILE for parent in whole.parents if (parent / SWITCH_FILE).is_file())
    return folder / SWITCH_FILE if (folder / SWITCH_FILE).is_file() else next(found, folder / SWITCH_FILE)


def read(path: Path) -> bytes | None:
    """The file's content, ``None`` where there is no file. Raises ``MigrationError``."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MigrationError(f"{path} can't be read: {error.strerror}") from None


def text_of(data: bytes | None) -> str:
    """The text of the file, that of a new one where there is none. Raises ``MigrationError``."""
    if data is None:
        return NEW
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MigrationError(f"isn't UTF-8 (byte {error.start})") from None


def replace(path: Path, before: bytes | None, after: bytes) -> None:
    """Put the new content in the place of the one that was read, whole or not at all.

    A link stays one, and the permissions stay. Raises ``MigrationError`` where somebody else has changed it meanwhile.
    """
    place = path.resolve()
    if before is not None and not _mode(place) & 0o222:
        raise MigrationError(f"{path} is read-only: allow writing (chmod u+w), or name another file with --switch")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    except OSError as error:
        raise MigrationError(f"{path} can't be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode(place) if before is not None else 0o644)  # noqa: PTH101
        if read(place) != before:
            raise MigrationError(f"{path} has been changed by somebody else meanwhile: try again")
        os.replace(name, place)  # noqa: PTH105 - a name, not a path
    except OSError as error:
        raise MigrationError(f"{path} can't be written: {error.strerror}") from None
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)  # noqa: PTH108


def _mode(path: Path) -> int:
    """The permissions of a file; those of a new one where it has gone meanwhile."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return 0o644


def marked(code: bytes) -> bytes:
    """A copy, whose first line says what it is, and what it was when it was made."""
    return f"{MARK}{sha256(code)}\n".encode() + code


def vendor(folder: Path) -> list[tuple[Path, bool]]:
    """Copy the files that run in Airflow into a folder; each with whether it has changed.

    Raises ``MigrationError`` where a file of that name isn't one of these copies, or was edited since.
    """
    if not folder.is_dir():
        raise MigrationError(f"{folder} is no folder. Name Airflow's plugins folder")
    source = Path(dagport_adapters.airflow.__file__).parent
    planned = []
    for name in VENDORED:
        after = marked((source / name).read_bytes())
        before = read(folder / name)
        if before is not None and not before.startswith(MARK.encode()):
            raise MigrationError(f"{folder / name} is not a copy that dagport has made: move it away first")
        if before is not None and before != marked(before.partition(b"\n")[2]):
            raise MigrationError(f"{folder / name} was edited since dagport copied it: move it away first")
        planned.append((folder / name, before, after))
    for path, before, after in planned:
        if before != after:
            replace(path, before, after)
    return [(path, before != after) for path, before, after in planned]
