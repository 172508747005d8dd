"""Waiting for work that another service does."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any


class WorkFailedError(Exception):
    """The work has ended otherwise than well, or wasn't done in time."""


def wait_until(
    look: Callable[[], Mapping[str, Any]],
    state: str,
    *,
    failed: Collection[str],
    done: Collection[str] | None = None,
    running: Collection[str] = (),
    every: float,
    attempts: int | None = None,
    log: Callable[[str], object] = print,
) -> Mapping[str, Any]:
    """Look at the work every so many seconds until it is done, and give what was seen last.

    ``state`` is where the state is, "Step.Status.State" for instance. Work is done in one of the states of ``done``,
    or without those in any that is neither ``running`` nor ``failed``. Raises ``WorkFailedError``.
    """
    count = 0
    while True:
        seen = look()
        now = state_of(seen, state)
        log(f"{state}: {now}")
        if now in failed:
            raise WorkFailedError(f"{state} is {now}: {seen}")
        if (now in done) if done is not None else (now not in running):
            return seen
        count += 1
        if attempts is not None and count >= attempts:
            raise WorkFailedError(f"{state} is {now} after {attempts} looks")
        time.sleep(every)


def state_of(seen: Mapping[str, Any], place: str) -> Any:
    """What stands at a place, "a.b.c". Raises ``KeyError`` when there is nothing."""
    found: Any = seen
    for key in place.split("."):
        found = found[key]
    return found
