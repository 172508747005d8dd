"""Reading files in several processes."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from dagport.project.discovery import Input
from dagport.project.read import UNKNOWN, Reading, ReadRequest, crashed, read_input

CHUNKS_PER_PROCESS = 4  # files differ in size: several portions a process even that out


def read_in_processes(inputs: Sequence[Input], request: ReadRequest, jobs: int) -> Iterator[Reading]:
    """Read the inputs in order. A process that dies costs the file that killed it, not the run."""
    size = max(1, len(inputs) // (jobs * CHUNKS_PER_PROCESS))
    chunks = [inputs[start : start + size] for start in range(0, len(inputs), size)]
    pool = ProcessPoolExecutor(jobs, initializer=die_quietly)
    try:
        futures = [pool.submit(read_chunk, chunk, request) for chunk in chunks]
        for chunk, future in zip(chunks, futures, strict=True):
            yield from _result(future) or _one_by_one(chunk, request)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def die_quietly() -> None:
    """An interrupt from the keyboard reaches every process; only the first one has something to say about it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def read_chunk(chunk: Sequence[Input], request: ReadRequest) -> list[Reading]:
    """Read some inputs; runs in a process of the pool."""
    return [read_input(item, request) for item in chunk]


def _result(future: Future[list[Reading]]) -> list[Reading] | None:
    try:
        return future.result()
    except BrokenProcessPool:
        return None


def _one_by_one(chunk: Sequence[Input], request: ReadRequest) -> Iterator[Reading]:
    """Read each input in a process of its own, to tell which one kills it."""
    for item in chunk:
        with ProcessPoolExecutor(1, initializer=die_quietly) as pool:
            try:
                yield from pool.submit(read_chunk, [item], request).result()
            except BrokenProcessPool as error:
                yield crashed(item.path, request.format or UNKNOWN, error)
