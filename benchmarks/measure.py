"""Running a command and noting what it took."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Candidate:
    """A command and what its runs took, in seconds."""

    command: Sequence[str | Path]
    statuses: tuple[int, ...] = (0,)
    folder: Path | None = None
    wall: list[float] = field(default_factory=list)
    process: list[float] = field(default_factory=list)  # user and system, of the processes that it started, too
    megabytes: list[float] = field(default_factory=list)  # at the peak, of the largest process

    def run(self, variables: Mapping[str, str]) -> None:
        """Run it once. Raises ``SystemExit`` when it fails: a failed run measures nothing."""
        start = time.perf_counter()
        child = subprocess.Popen(
            [str(word) for word in self.command],
            env=variables,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(child.pid, 0)
        self.wall.append(time.perf_counter() - start)
        self.process.append(usage.ru_utime + usage.ru_stime)
        self.megabytes.append(usage.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024))
        child.returncode = os.waitstatus_to_exitcode(status)  # it has been waited for
        if child.returncode not in self.statuses:
            sys.exit(f"{' '.join(map(str, self.command))}: status {child.returncode}")
