"""A process of its own for the readings: with a bound on its memory, and killed when it doesn't answer."""

from __future__ import annotations

import faulthandler
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz.case import Case, Finding, Result

MEMORY = 1 << 30  # bytes of address space
PATIENCE = 15.0  # times the case's own seconds, by the clock on the wall: other processes use the machine too
LEAST_PATIENCE = 60.0
LASTING = ("raises", "memory")  # findings that may leave something behind in the process


class Worker:
    """Checks cases in another process, which is started again where one kills it."""

    def __init__(self, hash_seed: int = 0) -> None:
        self.hash_seed = hash_seed
        self.trace = Path(tempfile.mkdtemp(prefix="fuzz-")) / "trace.txt"
        self.connection: Connection | None = None
        self.starts = 0

    def check(self, case: Case) -> Result:
        """What became of a case; a process that dies or doesn't answer is a finding of it."""
        connection = self.connection or self._start()
        patience = max(LEAST_PATIENCE, PATIENCE * case.limits.seconds)
        try:
            connection.send((case, patience * 0.8))
            if connection.poll(patience):
                answer: Result = connection.recv()
                if any(finding.kind in LASTING for finding in answer.findings):
                    self.stop()
                return answer
            died = False
        except (EOFError, ConnectionError):
            died = True
        self.stop()
        kind = "died" if died and "Timeout" not in self._last_words() else "slow"
        return Result((Finding(kind, f"{self._last_words()}\nno answer"),))

    def stop(self) -> None:
        """End the process."""
        if self.connection is not None:
            self.process.kill()
            self.process.join()
            self.connection.close()
            self.connection = None

    def _start(self) -> Connection:
        with environment("PYTHONHASHSEED", str(self.hash_seed)):
            context = get_context("spawn")
            self.connection, theirs = context.Pipe()
            self.process = context.Process(target=serve, args=(theirs, str(self.trace)), daemon=True)
            self.process.start()
        theirs.close()
        self.starts += 1
        return self.connection

    def _last_words(self) -> str:
        text = self.trace.read_text("utf-8", "replace") if self.trace.exists() else ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return "\n".join(lines[:8])


def serve(connection: Connection, trace: str) -> None:
    """Check cases until there are no more."""
    from tests.fuzz.check import Checker

    checker = Checker()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with Path(trace).open("w") as file:
        faulthandler.enable(file)
        while True:
            try:
                case, patience = connection.recv()
            except EOFError:
                return
            file.seek(0)
            file.truncate()
            # A primitive of C can't be interrupted from Python; this ends the process, and tells where it was.
            faulthandler.dump_traceback_later(patience, exit=True, file=file)
            _trial()
            result = checker.check(case)
            faulthandler.cancel_dump_traceback_later()
            connection.send(result)


def _trial() -> None:
    """For the tests of this file: do what no reading should."""
    kind = os.environ.get("DAGPORT_FUZZ_TRIAL")
    if kind == "die":
        os.abort()
    while kind == "hang":
        pass


@contextmanager
def environment(name: str, value: str) -> Iterator[None]:
    """An environment variable that a process started inside the block gets."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
