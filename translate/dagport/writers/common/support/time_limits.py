"""A limit to the time that a task takes, with the rule of Airflow's ``execution_timeout``: each try has its own."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
_LOG = logging.getLogger(__name__)


class _Over(BaseException):
    """The time is over: not an ``Exception``, so that no handler of the function's own takes it for another error."""


def time_limit(*, seconds: float) -> Callable[[Function], Function]:
    """Decorate a function, a generator or a coroutine: it raises ``TimeoutError`` when it takes longer.

    A signal interrupts it, so it has to run in the main thread of its process, as steps do in Dagster's own executors.
    Elsewhere there is no limit, and a warning in the log.
    """

    def decorate(function: Function) -> Function:
        limited: Callable[..., Any]
        if inspect.isgeneratorfunction(function):

            def generate(*args: Any, **kwargs: Any) -> Any:
                with _limit(seconds):
                    return (yield from function(*args, **kwargs))

            limited = generate
        elif inspect.iscoroutinefunction(function):

            async def wait(*args: Any, **kwargs: Any) -> Any:
                try:
                    return await asyncio.wait_for(function(*args, **kwargs), seconds)
                except asyncio.TimeoutError:  # noqa: UP041 - another one before Python 3.11
                    raise TimeoutError(_too_long(seconds)) from None

            limited = wait
        else:

            def call(*args: Any, **kwargs: Any) -> Any:
                with _limit(seconds):
                    return function(*args, **kwargs)

            limited = call
        return functools.wraps(function)(limited)  # type: ignore[return-value]

    return decorate


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        _LOG.warning(
            "There is no time limit of %g s here: only the main thread of a process can be interrupted", seconds
        )
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise _Over

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _Over:
        raise TimeoutError(_too_long(seconds)) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _too_long(seconds: float) -> str:
    return f"It took longer than {seconds:g} s"
