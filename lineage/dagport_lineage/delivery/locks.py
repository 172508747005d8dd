"""Locks between processes that end with the process that holds them, and aren't handed on to its children."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

PAUSE = 0.001  # seconds between two tries
_HELD: set[int] = set()  # descriptors of the locks of this process


class LockedError(OSError):
    """Another process, or another thread, holds the lock."""


@contextlib.contextmanager
def locked(path: Path, wait: float) -> Iterator[None]:
    """Hold the lock of a file that is made if it isn't there. Raises ``LockedError`` after ``wait`` seconds."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        _acquire(descriptor, time.monotonic() + wait)
        _HELD.add(descriptor)
        try:
            yield
        finally:
            _HELD.discard(descriptor)
            _release(descriptor)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, deadline: float) -> None:
    while not _try(descriptor):
        if time.monotonic() >= deadline:
            raise LockedError("it is locked")
        time.sleep(PAUSE)


if sys.platform == "win32":

    def _try(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _release(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:

    def _try(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _release(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing isn't enough where a child has the descriptor, too


def _forget() -> None:
    """A child has its parent's descriptors: the parent's locks would end only with the child."""
    for descriptor in _HELD:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _HELD.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
