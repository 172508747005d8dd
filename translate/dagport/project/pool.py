"""Reading files in several processes."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TypeAlias

from dagport import formats
from dagport.project.discovery import Input
from dagport.project.outcome import Outcome
from dagport.project.read import UNKNOWN, ReadRequest, crashed, read_input

CHUNKS_PER_PROCESS = 4  # files differ in size: several portions a process even that out
LARGEST_CHUNK = 32  # files; neighbours stay together, as they import the same modules
AHEAD = 4  # portions a process that may be under way: what is done waits in memory until its turn

Chunk: TypeAlias = Sequence[Input]


def read_in_processes(inputs: Sequence[Input], request: ReadRequest, jobs: int) -> Iterator[tuple[Input, Outcome]]:
    """Read the inputs in order. A process that dies costs the file that killed it, not the run."""
    size = max(1, min(LARGEST_CHUNK, len(inputs) // (jobs * CHUNKS_PER_PROCESS)))
    chunks = deque(inputs[start : start + size] for start in range(0, len(inputs), size))
    _import_readers(request)
    while chunks:  # once, but for processes that die
        with _pool(jobs) as pool:
            yield from _until_broken(pool, chunks, request, jobs * AHEAD)
        if chunks:
            yield from _one_by_one(chunks.popleft(), request)


def read_chunk(chunk: Chunk, request: ReadRequest) -> list[Outcome]:
    """Read some inputs; runs in a process of the pool."""
    return [read_input(item, request).outcome() for item in chunk]


def _until_broken(
    pool: ProcessPoolExecutor, chunks: deque[Chunk], request: ReadRequest, ahead: int
) -> Iterator[tuple[Input, Outcome]]:
    """The results of all chunks, which are taken away when they are done; ends early when a process dies."""
    submitted: deque[Future[list[Outcome]]] = deque()
    others = multiprocessing.active_children()
    try:
        while chunks:
            for chunk in list(chunks)[len(submitted) : ahead]:
                with _no_interrupt():  # submitting starts processes
                    submitted.append(pool.submit(read_chunk, chunk, request))
            outcomes = submitted.popleft().result()
            yield from zip(chunks.popleft(), outcomes, strict=True)
    except BrokenProcessPool:
        return
    except (GeneratorExit, KeyboardInterrupt):
        for process in multiprocessing.active_children():
            if process not in others:
                process.terminate()  # nobody waits for the rest of what it reads
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _one_by_one(chunk: Chunk, request: ReadRequest) -> Iterator[tuple[Input, Outcome]]:
    """Read each input alone, to tell which one kills its process."""
    waiting: deque[Chunk] = deque([item] for item in chunk)
    while waiting:
        with _pool(1) as pool:
            yield from _until_broken(pool, waiting, request, 1)
        for item in waiting.popleft() if waiting else ():
            error = BrokenProcessPool("the process that read the file died")
            yield item, crashed(item.path, request.format or UNKNOWN, error).outcome()


def _pool(jobs: int) -> ProcessPoolExecutor:
    """Processes that are forked where that is safe: they have everything imported, and start at once."""
    method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else None
    if method:
        gc.freeze()  # what is there now stays: looking through it would only copy its pages
    return ProcessPoolExecutor(jobs, multiprocessing.get_context(method), initializer=_settle)


@contextlib.contextmanager
def _no_interrupt() -> Iterator[None]:
    """Hold an interrupt back: a process that has just been forked would still raise it, as its parent does."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _import_readers(request: ReadRequest) -> None:
    """Import what a forked process needs; another one imports it by itself."""
    with contextlib.suppress(ImportError):  # every file will say so
        formats.reader(request.format or "airflow")
    if request.extra:
        request.extra.loaded()


def _settle() -> None:
    """Begin in a process of the pool.

    An interrupt from the keyboard reaches every process: only the first one has something to say about it. When the
    first one is killed, nothing else would end this one: it waits for work on a pipe whose other end it holds itself.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
