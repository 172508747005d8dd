"""Ports for servers that tests start: nobody else takes one between its choice and the server's start.

A port that the system gives is of the range from which every client's connection gets its own, and other test processes
ask for the same: by the time a slow server binds it, it may be taken. These are outside of that range, and each is
locked until the process that chose it ends.
"""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from random import Random

from filelock import FileLock, Timeout

RANGE = range(20_000, 32_000)  # below those that Linux gives to clients
_kept: list[FileLock] = []


def free_port() -> int:
    """A port of the loopback address, this process's own until it ends. Raises ``OSError`` where there is none."""
    folder = Path(tempfile.gettempdir()) / f"dagport-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for port in Random(os.getpid()).sample(RANGE, len(RANGE)):
        lock = FileLock(folder / f"{port}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        if _is_free(port):
            _kept.append(lock)
            return port
        lock.release()
    raise OSError("no port is free")


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
