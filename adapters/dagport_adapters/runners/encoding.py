"""Events as JSON objects, for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from dagport_adapters.runners.protocol import Event, RunFinished, RunStarted, TaskEvent

_NAMES = {RunStarted: "run_started", TaskEvent: "task", RunFinished: "run_finished"}


def as_json(event: Event) -> str:
    """One line: ``event`` says which, the rest are the fields of its class that have a value."""
    found: dict[str, Any] = {"event": _NAMES[type(event)]}
    for name in type(event).__dataclass_fields__:
        value = getattr(event, name)
        if value is not None:
            found[name] = value
    if isinstance(event, TaskEvent):
        if event.duration is not None:
            found["duration"] = round(event.duration, 3)
        if event.result is not None:
            found["result"] = {"preview": event.result.preview, "whole": event.result.whole}
        if event.results is not None:
            found["results"] = [asdict(handed) for handed in event.results]
    return json.dumps(found, default=_text)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
