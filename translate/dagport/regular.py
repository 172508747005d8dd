"""Opening files nobody vouches for: without hanging on a FIFO, and without reading a device."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)


def read_regular(path: Path, limit: int | None = None) -> bytes:
    """The bytes of a regular file of at most ``limit`` bytes.

    Raises ``OSError`` for anything else. The file is opened without waiting for a FIFO's other end, and its kind
    is asked of the open file, so that it can't be swapped in between.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, f"it is {kind_of(status.st_mode)}, not a regular file")
        if limit is not None and status.st_size > limit:
            raise OSError(errno.EFBIG, f"it is larger than {limit // 1024**2} MiB")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(-1 if limit is None else status.st_size)  # also where it grows meanwhile
    finally:
        os.close(descriptor)


def kind_of(mode: int) -> str:
    """What a file mode says in words."""
    return next((name for test, name in KINDS if test(mode)), "something else")
