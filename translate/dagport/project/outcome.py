"""A reading in the form that is handed to another process and kept in the cache: graphs as JSON, never as pickles."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Crash:
    """A bug of dagport that one file brought to light."""

    path: str
    error: str  # type and message, on one line
    traceback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one input."""

    format: str
    lines: tuple[str, ...]  # the graphs in JSON, each on a line without its end
    has_errors: bool  # whether a diagnostic in them is an error
    digest: str | None = None  # SHA-256 of the content that was analysed; None: there was none
    looks: str | None = None  # what the analysis saw of the project, as ``evidence`` writes it; None: not to be kept
    crash: Crash | None = None
    extra: tuple[str, ...] = ()  # see ``read.Extra``

    def body(self) -> bytes:
        """The form that is kept."""
        head = json.dumps([self.format, self.has_errors])
        graphs = _bytes((head, *self.lines))
        # The extra lines may be long and alike. No JSON has a NUL in it, so that is where they begin.
        return graphs + b"\0" + zlib.compress(_bytes(self.extra), 1) if self.extra else graphs

    @classmethod
    def of_body(cls, body: bytes, digest: str) -> Outcome:
        """Read the kept form back. Raises ``ValueError`` for anything else."""
        graphs, nul, packed = body.partition(b"\0")
        head, *lines = _texts(graphs)
        try:
            extra = _texts(zlib.decompress(packed)) if nul else []
        except zlib.error as error:
            raise ValueError(str(error)) from None
        match json.loads(head):
            case [str(format_), bool(has_errors)]:
                return cls(format=format_, lines=tuple(lines), has_errors=has_errors, digest=digest, extra=tuple(extra))
        raise ValueError("not a stored outcome")


def _bytes(lines: Iterable[str]) -> bytes:
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _texts(data: bytes) -> list[str]:
    return data.decode("utf-8", "surrogatepass").split("\n")


def checksum(*parts: bytes) -> int:
    """A checksum of some bytes and of where they part, against damage, not against malice."""
    found = zlib.crc32(repr([len(part) for part in parts]).encode())
    for part in parts:
        found = zlib.crc32(part, found)
    return found
