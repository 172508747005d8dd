"""From a worker's messages to events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from dagport_adapters.runners.protocol import Event, Handed, Result, RunFinished, RunStarted, TaskEvent
from dagport_lineage.secrets import redact


class Telling:
    """The events of one run. What a second process of the run says again is left out."""

    def __init__(self) -> None:
        self._started: RunStarted | None = None
        self._states: dict[tuple[str, int], tuple[str, int]] = {}

    def event(self, message: Mapping[str, Any]) -> Event | None:
        """The event of a message, if it says anything new."""
        kind, run = message["type"], self._started
        if kind == "run_started":
            self._started = _run_started(message)
            return self._started
        if run is None:
            return None
        if kind == "run_finished":
            return RunFinished(
                dag_id=run.dag_id,
                run_id=run.run_id,
                state="success" if message["state"] == "success" else "failed",
                ended=_date(message["ended"]),
                cancelled=message["cancelled"],
            )
        return self._task(message, run) if kind == "task" else None

    def _task(self, message: Mapping[str, Any], run: RunStarted) -> TaskEvent | None:
        key, state = (message["task_id"], message["map_index"]), (message["state"], message["try_number"])
        if self._states.get(key) == state:
            return None
        self._states[key] = state
        result = message.get("result")
        return TaskEvent(
            dag_id=run.dag_id,
            run_id=run.run_id,
            task_id=message["task_id"],
            map_index=message["map_index"],
            try_number=message["try_number"],
            state=message["state"],
            started=_date(message["started"]),
            ended=_date(message["ended"]),
            log=Path(message["log"]) if message["log"] else None,
            result=Result(redact(result["preview"]), result["whole"]) if result else None,
            results=_results(message),
            error=redact(message["error"]) if message.get("error") else None,
        )


def _run_started(message: Mapping[str, Any]) -> RunStarted:
    return RunStarted(
        dag_id=message["dag_id"],
        run_id=message["run_id"],
        logical_date=_date(message["logical_date"]),
        started=_date(message["started"]),
        resumed=message["resumed"],
        run_after=_date(message.get("run_after")),
        data_interval=_interval(message.get("data_interval")),
        clear_number=message.get("clear_number", 0),
    )


def _interval(texts: list[str] | None) -> tuple[datetime, datetime] | None:
    return (datetime.fromisoformat(texts[0]), datetime.fromisoformat(texts[1])) if texts else None


def _results(message: Mapping[str, Any]) -> tuple[Handed, ...] | None:
    if message.get("results") is None:
        return None
    where = {"task_id": message["task_id"], "map_index": message["map_index"]}
    return tuple(Handed(**where, **one) for one in message["results"])


def _date(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
