"""What tasks hand over (XComs) and why they fail, for the events of the ends of their tries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from dagport_adapters.runners.protocol import Handed, Result, TaskEvent
from dagport_adapters.runners.remote.api import Api
from dagport_adapters.runners.remote.errors import (
    ForbiddenError,
    MissingError,
    RefusedError,
    TooLargeError,
    UnexpectedAnswerError,
    UnreachableError,
)
from dagport_adapters.runners.remote.model import LiveTask, RunHandle
from dagport_lineage.secrets import redact

PREVIEW_BYTES = 2**20  # of an answer: a larger result has no preview, and a larger log is not looked into
PREVIEW_SECONDS = 5.0  # a preview isn't worth more: some results make the API fail each time
WHOLE_BYTES = 64 * 2**20
ERROR_CHARACTERS = 2000
RETURNED = "return_value"
_NONE = (MissingError, ForbiddenError, RefusedError, TooLargeError, UnexpectedAnswerError, UnreachableError)


class Results:
    """Fetches results and errors, in as many characters and as often as is wanted."""

    def __init__(self, api: Api, preview: int, previews: int) -> None:
        self._api, self._preview, self._previews = api, preview, previews

    def added(self, event: TaskEvent, task: LiveTask, handle: RunHandle, fetched: Iterator[int]) -> TaskEvent:
        """The event with what its task has handed over, all of it where the handle says so, or why it has failed.

        Only the last try has results: Airflow deletes those of the earlier ones.
        """
        if event.state in ("failed", "up_for_retry") and task.try_number > 0:
            return replace(event, error=self._error(task)) if self._may(fetched) else event
        if event.state != "success" or not task.latest:
            return event
        if handle.results:
            handed = self._all(task)
            returned = next((each for each in handed if each.key == RETURNED and each.unreadable is None), None)
            return replace(event, results=handed, result=self._shown(returned.value) if returned else None)
        return replace(event, result=self._previewed(task)) if self._may(fetched) else event

    def _may(self, fetched: Iterator[int]) -> bool:
        return self._preview > 0 and next(fetched) < self._previews

    def _all(self, task: LiveTask) -> tuple[Handed, ...]:
        return tuple(self._handed(task, key) for key in self._api.xcom_keys(task))

    def _handed(self, task: LiveTask, key: str) -> Handed:
        handed = Handed(task_id=task.task_id, value=None, key=key, map_index=task.map_index)
        try:
            value = self._api.xcom(task, key, WHOLE_BYTES)
        except TooLargeError:
            return replace(handed, unreadable=f"larger than {WHOLE_BYTES >> 20} MiB, the most that is handed over")
        except (MissingError, RefusedError):
            return replace(handed, unreadable="Airflow's API doesn't give it")
        classes = ", ".join(sorted(_classes_in(value)))
        return replace(handed, value=value, serialized_from=classes or None)

    def _previewed(self, task: LiveTask) -> Result | None:
        """The beginning of the result; none, or one that can't be had, is no reason to stop following the run."""
        try:
            value = self._api.xcom(task, RETURNED, PREVIEW_BYTES, PREVIEW_SECONDS)
        except _NONE:
            return None
        return self._shown(value)

    def _error(self, task: LiveTask) -> str | None:
        try:
            error = self._api.failure(task, PREVIEW_BYTES, PREVIEW_SECONDS)
        except _NONE:
            return None
        return redact(error)[:ERROR_CHARACTERS] if error else None

    def _shown(self, value: Any) -> Result | None:
        if self._preview <= 0:
            return None
        text = json.dumps(_without_secrets(value), ensure_ascii=False, default=str)
        return Result(text[: self._preview], len(text) <= self._preview)


def _without_secrets(value: Any) -> Any:
    """The value without what looks like a credential in one of its texts: Airflow's API masks nothing there."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_without_secrets(one) for one in value]
    if isinstance(value, dict):
        return {_without_secrets(key): _without_secrets(one) for key, one in value.items()}
    return value


def _classes_in(value: Any) -> set[str]:
    """Classes that Airflow's serialization has made dicts of."""
    found: set[str] = set()
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if "__classname__" in one:
                found.add(str(one["__classname__"]))
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)
    return found
