"""What the sensor knows from one tick to the next: its cursor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from dagport_adapters.runners.remote.model import Cursor

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Memory:
    """How far the runs that have ended were told, and what was told of those under way."""

    runs: Cursor | None = None
    under_way: Mapping[str, str] = field(default_factory=dict)  # run -> digest of its outcomes

    def to_text(self) -> str:
        """As text."""
        return json.dumps({"v": FORMAT, "runs": self.runs, "under_way": dict(self.under_way)})

    @classmethod
    def from_text(cls, text: str | None) -> Memory:
        """Read it back; nothing is known without a text. Raises ``ValueError`` for a text that isn't one."""
        if not text:
            return cls()
        try:
            values = json.loads(text)
            if values["v"] != FORMAT:
                raise ValueError
            return cls(
                values["runs"] and Cursor(str(values["runs"])), {str(k): str(v) for k, v in values["under_way"].items()}
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(
                "This is no cursor of observe_airflow. Reset the sensor's cursor: nothing is told twice"
            ) from None
