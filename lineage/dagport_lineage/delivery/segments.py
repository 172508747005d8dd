"""The files of a spool's folder, and reading and writing them so that a crash at any instruction does no harm."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".events"
DIGITS = 16
BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One file of records; segments are filled one after the other."""

    number: int
    path: Path
    size: int


def segment_path(folder: Path, number: int) -> Path:
    """Where the segment of a number lies."""
    return folder / f"{number:0{DIGITS}}{SUFFIX}"


def segments(folder: Path) -> list[Segment]:
    """The segments of a folder in their order. Raises ``OSError``."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name.removesuffix(SUFFIX)
            if name != entry.name and len(name) == DIGITS and name.isdecimal():
                with contextlib.suppress(FileNotFoundError):  # a flusher was quicker
                    found.append(Segment(int(name), Path(entry.path), entry.stat().st_size))
    return sorted(found)


def append(path: Path, data: bytes) -> None:
    """Write a whole record at the end of a file, or nothing. Raises ``OSError``.

    A line that a crash left without its end gets one: it is damaged then, the lines after it aren't.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | BINARY, 0o600)
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
        if size:
            os.lseek(descriptor, size - 1, os.SEEK_SET)
            data = data if os.read(descriptor, 1) == b"\n" else b"\n" + data
        try:
            write_all(descriptor, data)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all bytes. Raises ``OSError`` where there is no room for them."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def lines(data: bytes, offset: int) -> Iterator[tuple[bytes, int]]:
    """The complete lines from an offset on, each with the offset of the next one."""
    while (end := data.find(b"\n", offset)) >= 0:
        yield data[offset:end], end + 1
        offset = end + 1


def replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; one process at a time. Raises ``OSError``."""
    new = path.with_name(f".{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | BINARY, 0o600)
    try:
        write_all(descriptor, data)
    finally:
        os.close(descriptor)
    new.replace(path)


def sync(path: Path) -> None:
    """Have the system write a file to the disk. Raises ``OSError``."""
    descriptor = os.open(path, os.O_RDWR | BINARY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
