"""Processes that are killed while they append or deliver: run as a program, which prints what they had said by then.

``python crashing.py append|flush lines FOLDER``: a process for each line of our code that it runs, killed there.
``python crashing.py append|flush moments FOLDER [URL]``: processes that are killed after random times.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from dagport_lineage import delivery
from dagport_lineage.delivery.configuration import Configuration
from dagport_lineage.delivery.flushing import Flush
from dagport_lineage.delivery.spool import Bounds, Spool
from dagport_lineage.delivery.targets import Target, open_target
from dagport_lineage.facets import Event

OURS = str(Path(delivery.__file__).parent)
BOUNDS = Bounds(segment=200)  # two events: segments change often
TIMES = 30
EVENTS = 3


def line(number: int) -> str:
    """An event of a run."""
    return json.dumps({"eventTime": f"2026-01-01T00:00:{number % 60:02d}Z", "number": number, "text": "x" * 40})


class Recorder(Target):
    """Takes events into a file, each in one write: it has them when ``send`` returns, and no earlier."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def send(self, event: Event, line: str, timeout: float) -> None:
        os.write(self.descriptor, line.encode() + b"\n")


def killed_at(number: int) -> Callable[[FrameType, str, Any], Any]:
    """A trace function that kills this process at the n-th line of ours."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        count += event == "line"
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def child(work: Callable[[], None], *, kill_at: int | None = None, kill_after: float | None = None) -> bool:
    """Run something in a process that is killed; whether it was."""
    process = os.fork()
    if not process:
        if kill_at:
            sys.settrace(killed_at(kill_at))
        work()
        os._exit(0)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(process, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(process, 0)[1])


def appending(folder: Path, kind: str) -> None:
    """Each process appends to a spool, says so, and is killed; the next one goes on where it said it had come."""
    if kind == "lines":
        said, number = [], 1
        while child(partial(append, folder / f"{number}", 3), kill_at=number):
            append(folder / f"{number}", 1)
            said.append(_said(folder / f"{number}"))
            number += 1
    else:
        for _ in range(TIMES):
            child(partial(append, folder / "0", 100_000), kill_after=random.uniform(0, 0.02))
        said = [_said(folder / "0")]
    sys.stdout.write(json.dumps({"said": said}))


def append(folder: Path, count: int) -> None:
    """Append events to a spool, and note each."""
    folder.mkdir(exist_ok=True)
    said = os.open(folder / "said", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    spool = Spool(folder / "spool", BOUNDS)
    for _ in range(count):
        spool.append(line(os.fstat(said).st_size), wait=5)
        os.write(said, b".")
    os.close(said)


def _said(folder: Path) -> int:
    return (folder / "said").stat().st_size


def flushing_lines(folder: Path) -> None:
    """A process delivers what waits, and is killed; another one delivers the rest."""
    number = 1
    while True:
        spool = Spool(folder / f"{number}" / "spool", BOUNDS)
        for event in range(EVENTS):
            spool.append(line(event))
        killed = child(partial(_flush_to_file, spool), kill_at=number)
        _flush_to_file(spool)
        if not killed:
            break
        number += 1
    sys.stdout.write(json.dumps({"kills": number - 1}))


def _flush_to_file(spool: Spool) -> None:
    Flush(spool, partial(Recorder, spool.folder.parent / "taken"), Configuration({"type": "file"})).run()


def flushing_moments(folder: Path, url: str) -> None:
    """Processes deliver what waits, each until it is killed, and the last one to the end."""
    configuration = Configuration({"type": "http", "url": url})
    open_target(configuration)  # the client is imported once, here

    def work() -> None:
        Flush(Spool(folder / "spool", BOUNDS), partial(open_target, configuration), configuration).run()

    kills = sum(child(work, kill_after=random.uniform(0, 0.03)) for _ in range(TIMES))
    work()
    sys.stdout.write(json.dumps({"kills": kills}))


if __name__ == "__main__":
    what, kind, folder, *rest = sys.argv[1:]
    random.seed(4)
    if what == "append":
        appending(Path(folder), kind)
    elif kind == "lines":
        flushing_lines(Path(folder))
    else:
        flushing_moments(Path(folder), rest[0])
