"""Warm runners that the steps of one process share: one for each configuration, closed when the process ends."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from multiprocessing.util import Finalize
from typing import cast

from dagport_adapters.runners.protocol import Event, Runner, RunRequest

LOOK_SECONDS = 0.5  # how often one who waits for its turn can be interrupted


class Queued:
    """A runner that does one run at a time, where several threads may ask at once: they take turns."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self._turn = threading.Lock()
        self._under_way: _Closable | None = None

    def run(self, request: RunRequest, *, timeout: float | None = None) -> Iterator[Event]:
        """As ``Runner.run``, when the runs before it have ended; closing the iterator ends this run alone."""
        while not self._turn.acquire(timeout=LOOK_SECONDS):
            # A step that Dagster gave up between two events is garbage, and its run ends when that is collected.
            gc.collect()
        try:
            with closing(cast("_Closable", self.runner.run(request, timeout=timeout))) as events:
                self._under_way = events
                yield from events
        finally:
            self._under_way = None
            self._turn.release()

    def cancel(self) -> None:
        """End the run that is under way, whoever asked for it."""
        self.runner.cancel()

    def close(self) -> None:
        """Cancel the run that is under way, and end the runner and all that it has started.

        A step that is interrupted between two events is dropped by Dagster and not closed: its run ends here.
        """
        events = self._under_way
        if events is not None:
            with suppress(ValueError):  # another thread is at it
                events.close()
        self.runner.close()


class _Closable(Iterator[Event]):
    def close(self) -> None: ...


_POOL: dict[tuple[int, str], Runner] = {}
_POOL_LOCK = threading.Lock()


def warm_runner(key: str, make: Callable[[], Runner]) -> Runner:
    """The runner of a configuration in this process, made when there is none yet.

    A forked process makes its own: it can't share the pipes of its parent's.
    """
    owned = (os.getpid(), key)
    with _POOL_LOCK:
        if owned not in _POOL:
            if not any(pid == owned[0] for pid, _ in _POOL):
                Finalize(None, close_all, exitpriority=100)  # also in processes of ``multiprocessing``, unlike atexit
            _POOL[owned] = make()
        return _POOL[owned]


def close_all() -> None:
    """Close every runner of this process."""
    with _POOL_LOCK:
        mine = [_POOL.pop(key) for key in list(_POOL) if key[0] == os.getpid()]
    for runner in mine:
        runner.close()
