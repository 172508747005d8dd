"""How an event lies in the spool: one line, whose first word is the id of the event and the check of the line.

OpenLineage has no field for the id of an event. An event that is sent again is the same bytes again, so its content is
its id: who receives it twice can tell by the body alone. Here the id is the SHA-256 of the event as compact JSON.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

ID_LENGTH = 32  # hexadecimal digits


@dataclass(frozen=True, slots=True)
class Record:
    """An event of the spool."""

    line: str  # JSON without its end

    @property
    def id(self) -> str:
        """The id of the event: that of its bytes."""
        return event_id(self.line)


def event_id(line: str) -> str:
    """The id of an event, given as a line of JSON."""
    return hashlib.sha256(line.encode()).hexdigest()[:ID_LENGTH]


def encode(line: str) -> bytes:
    """The record of an event with its end. Raises ``ValueError`` for a text of several lines."""
    if "\n" in line:
        raise ValueError("an event is one line")
    return f"{event_id(line)} {line}\n".encode()


def decode(data: bytes) -> Record | None:
    """The record in a line without its end; ``None`` where it is damaged."""
    try:
        digest, _, line = data.decode().partition(" ")
    except UnicodeDecodeError:
        return None
    record = Record(line)
    return record if digest == record.id else None
