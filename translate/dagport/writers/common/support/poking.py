"""Waiting for something by looking at it every so often, with the rules of Airflow's sensors."""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Poke:
    """What a look has found: whether the wait is over, and with what result."""

    is_done: bool
    xcom_value: Any = None

    def __bool__(self) -> bool:
        """Whether the wait is over."""
        return self.is_done


def poke_until(
    look: Callable[[], object],
    *,
    interval: float = 60,
    timeout: float = 7 * 24 * 3600,
    late: Callable[[str], Exception] = RuntimeError,
) -> Any:
    """Look until what is found is true; the result is that of the `Poke` that was found, if it was one.

    Raises what `late` makes of a message after a look that comes later than `timeout` seconds after the first.
    """
    started = time.monotonic()
    while True:
        found = look()
        if found:
            return found.xcom_value if isinstance(found, Poke) else None
        waited = time.monotonic() - started
        if waited > timeout:
            raise late(f"It has been waited for {waited:.0f} seconds, and {timeout:g} are the most")
        time.sleep(interval)


def has_passed(moment: datetime | str, *, seconds: float = 0) -> bool:
    """Whether a moment, some seconds later, is over; a text is an ISO 8601 date, in UTC where it has no offset."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo("UTC"))
    return datetime.now(ZoneInfo("UTC")) > moment + timedelta(seconds=seconds)


def has_file(pattern: str, *, recursive: bool = False) -> bool:
    """Whether a path or glob pattern is that of a file, or of a folder with a file anywhere below it."""
    for path in glob.glob(pattern, recursive=recursive):
        if Path(path).is_file() or any(files for _, _, files in os.walk(path)):
            return True
    return False
