"""Writing files whole or not at all, while what they hold goes by."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TextIO

from dagport.project.errors import ProjectError
from dagport_lineage.facets import REPOSITORY, Json

HEAD = 64 * 1024  # bytes of a file that are looked at to tell whether it is ours
MARKS = (REPOSITORY.encode(), b"urn:li:corpuser:dagport", b'"openlineage_namespace"')


def check_target(path: Path, *, force: bool) -> None:
    """Raises ``ProjectError`` where a file can't be written, or where it isn't an earlier one of dagport's."""
    if not os.path.lexists(path):
        if not path.parent.is_dir():
            raise ProjectError(f"can't write to {path}: {path.parent} is not a folder")
        return
    if path.is_dir() or not (path.is_file() or path.is_symlink()):
        raise ProjectError(f"can't write to {path}: it is no file")
    if force:
        return
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise ProjectError(f"can't read {path}: {error.strerror}") from None
    if head.strip(b"[]\n") and not any(mark in head for mark in MARKS):  # an export of nothing is empty
        raise ProjectError(f"{path} wasn't written by dagport: --force overwrites it")


@contextlib.contextmanager
def whole(path: Path, is_wanted: Callable[[], bool] = lambda: True) -> Iterator[TextIO]:
    """A file that appears under its name once the block is done, and not at all if it fails, or isn't wanted then.

    Raises ``ProjectError`` where the system refuses.
    """
    real = Path(os.path.realpath(path))  # a link stays one
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{real.name}-", dir=real.parent)
    except OSError as error:
        raise ProjectError(f"can't write to {path}: {error.strerror}") from None
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123 - a descriptor
            yield file
        if is_wanted():
            os.chmod(name, _mode(real))  # noqa: PTH101
            os.replace(name, real)  # noqa: PTH105
        else:
            os.unlink(name)  # noqa: PTH108
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108
        if isinstance(error, OSError):
            raise ProjectError(f"can't write to {path}: {error.strerror}") from None
        raise


def _mode(path: Path) -> int:
    """The mode of the file that is replaced, else what a new file gets."""
    with contextlib.suppress(OSError):
        return path.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def json_list(items: Iterable[Json]) -> Iterator[str]:
    """The text of a JSON list, an item a line."""
    yield "["
    for number, item in enumerate(items):
        yield ("," if number else "") + "\n" + json.dumps(item, sort_keys=True)
    yield "\n]\n"
