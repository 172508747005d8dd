"""Delivery in a process of its own, so that it takes no time from the pipeline's.

Importing the official client takes 0.7 s, during which a thread would slow down the pipeline, whose interpreter it
shares. The process ends soon after the one that started it: it reads from a pipe, whose end tells it so. The working
folder isn't a place that it imports modules from.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
from pathlib import Path

from dagport_lineage.delivery.configuration import load_configuration
from dagport_lineage.delivery.courier import Courier
from dagport_lineage.delivery.spool import Spool

STARTS = 3  # without a regular end, after which it is left to a thread
IDLE = 60.0  # seconds after which it ends; the next event starts another one
LAST_WAIT = 60.0  # seconds for which it may outlive the process that started it while the catalogue takes events


class Apart:
    """The process that delivers a spool; its configuration is that of the environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0

    def poke(self) -> bool:
        """Have it deliver what waits; whether it does."""
        if self._process is None or self._process.poll() is not None:
            if self._process is not None and self._process.returncode == 0:
                self._starts = 0
            self.forget()
            self._process = self._start()
        if self._process is None or self._process.stdin is None:
            return False
        try:
            self._process.stdin.write(b"!")
        except OSError:  # it ended in this moment
            return False
        return True

    def _start(self) -> subprocess.Popen[bytes] | None:
        if self._starts == STARTS or not sys.executable:
            return None
        self._starts += 1
        try:
            return subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", __name__, str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # what interrupts the pipeline doesn't interrupt it
                bufsize=0,
            )
        except (OSError, ValueError, RuntimeError):  # the end of the process allows none
            return None

    def close(self, timeout: float) -> None:
        """Let it end by itself, and wait for that up to ``timeout`` seconds."""
        process = self._process
        if process is not None:
            self._close_pipe()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout)
        self.forget()

    def forget(self) -> None:
        """Leave it alone; a fork that kept its end of the pipe would keep it from ending."""
        self._close_pipe()
        if self._process is not None and self._process.returncode is None:
            self._process.returncode = 0  # or Python warns that it still runs
        self._process = None

    def _close_pipe(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()


def main() -> None:
    """Deliver what is in a spool whenever a byte comes, until no more can come, or none came for long."""
    configuration = load_configuration(os.environ)  # it could be read when this process was started
    courier = Courier(Spool(Path(sys.argv[1])), configuration)
    while _can_read() and os.read(sys.stdin.fileno(), 4096):
        courier.poke()
    courier.close(LAST_WAIT)


def _can_read() -> bool:
    """Wait until there is something to read, or its end; on Windows, a pipe can't be asked."""
    return sys.platform == "win32" or bool(select.select([sys.stdin], [], [], IDLE)[0])


if __name__ == "__main__":
    main()
