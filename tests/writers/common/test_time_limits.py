"""The time limit that generated projects carry."""

from __future__ import annotations

import asyncio
import inspect
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from dagport.writers.common.support.time_limits import time_limit


@time_limit(seconds=0.05)
def plain(length: float, *, context: str = "") -> str:
    try:
        time.sleep(length)
    except Exception:  # noqa: BLE001 - what a user's function may do
        return "swallowed"
    return f"{context} done"


@time_limit(seconds=0.05)
def generator(length: float) -> Iterator[int]:
    yield 1
    time.sleep(length)
    yield 2


@time_limit(seconds=0.05)
async def coroutine(length: float) -> str:
    await asyncio.sleep(length)
    return "done"


def test_what_is_in_time() -> None:
    assert plain(0, context="a") == "a done"
    assert list(generator(0)) == [1, 2]
    assert asyncio.run(coroutine(0)) == "done"
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_what_takes_longer() -> None:
    with pytest.raises(TimeoutError, match=r"longer than 0.05 s"):
        plain(5)
    with pytest.raises(TimeoutError):
        list(generator(5))
    with pytest.raises(TimeoutError):
        asyncio.run(coroutine(5))
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL


def test_it_looks_like_the_function() -> None:
    assert list(inspect.signature(plain).parameters) == ["length", "context"]
    assert plain.__name__ == "plain"
    assert inspect.isgeneratorfunction(generator)
    assert inspect.iscoroutinefunction(coroutine)


def test_another_thread_has_no_limit_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(plain(0.1)))
    thread.start()
    thread.join()
    assert found == [" done"]
    assert "no time limit" in caplog.text
