"""The spool: events on disk that wait for their delivery.

A folder of segments, to which all processes append under one lock, so that there is one order. Who delivers holds a
second lock, notes after each event how far it came, and removes segments that are done. Both locks end with their
process. Appending isn't slowed by ``fsync``: what is appended outlives the process at once, and a failure of the whole
machine once ``sync`` was called, which the courier does every second.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dagport_lineage.delivery import segments
from dagport_lineage.delivery.locks import locked
from dagport_lineage.delivery.losses import Loss, read_losses, write_losses
from dagport_lineage.delivery.records import Record, decode, encode
from dagport_lineage.delivery.segments import Segment, segment_path

APPEND_LOCK, FLUSH_LOCK = "append.lock", "flush.lock"
PROGRESS, PARKED, LOST = "progress.json", "parked.jsonl", "lost.json"
APPEND_WAIT = 0.02  # seconds for which an append may wait for others
PATIENCE = 2.0  # seconds for which who delivers may


class SpoolFullError(Exception):
    """The spool has reached its bound."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a spool may become, in bytes. Beyond it new events are refused: a run keeps its beginning."""

    total: int = 256 * 1024 * 1024
    segment: int = 4 * 1024 * 1024
    parked: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Progress:
    """How far delivery came, and how it went."""

    segment: int = 0
    offset: int = 0
    check: int = 0  # CRC-32 of the segment up to the offset: a disk may have lost its end
    delivered: int = 0
    parked: int = 0
    filtered: int = 0  # events that the configuration of OpenLineage excludes
    damaged: int = 0  # lines that a crash left
    last_delivery: str | None = None
    last_error: str | None = None
    last_error_time: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A line of the spool; ``record`` is ``None`` where it is damaged. ``after`` is the progress once it is done."""

    record: Record | None
    after: Progress


@dataclass(slots=True)
class Spool:
    """A spool in a folder, which is made when the first event comes."""

    folder: Path
    bounds: Bounds = field(default_factory=Bounds)
    uncounted: Counter[str] = field(default_factory=Counter)  # losses that aren't on disk yet

    def append(self, line: str, *, wait: float = APPEND_WAIT) -> None:
        """Add an event, a line of JSON.

        Raises ``SpoolFullError``, ``LockedError`` after ``wait`` seconds, ``OSError`` where the disk refuses, and
        ``ValueError`` for what is no line. Then nothing was added.
        """
        data = encode(line)
        with self._appending(wait):
            segments.append(self._room(len(data)), data)
            if self.uncounted:
                self._write_losses()

    def count_loss(self, reason: Loss, *, wait: float = APPEND_WAIT) -> None:
        """Note that an event was lost; in memory until the disk takes it."""
        self.uncounted[reason] += 1
        with contextlib.suppress(OSError), self._appending(wait):
            self._write_losses()

    def losses(self) -> Counter[str]:
        """How many events were lost, by reason. Raises ``OSError``."""
        return read_losses(self.folder / LOST) + self.uncounted

    def _write_losses(self) -> None:
        with contextlib.suppress(OSError):
            write_losses(self.folder / LOST, self.losses())
            self.uncounted.clear()

    @contextlib.contextmanager
    def _appending(self, wait: float) -> Iterator[None]:
        path = self.folder / APPEND_LOCK
        if not path.exists():
            self._make_folder(wait)
        with locked(path, wait):
            yield

    def _make_folder(self, wait: float) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (self.folder / LOST).exists():
            with locked(self.folder / APPEND_LOCK, wait):
                if not (self.folder / LOST).exists():
                    write_losses(self.folder / LOST, Counter())  # it has its room on the disk from now on

    def _room(self, length: int) -> Path:
        """The segment for a record. Raises ``SpoolFullError``."""
        found = segments.segments(self.folder)
        if sum(segment.size for segment in found) + length > self.bounds.total:
            raise SpoolFullError(f"the spool has reached its bound of {self.bounds.total} bytes")
        if not found:
            return segment_path(self.folder, self.progress().segment + 1)
        last = found[-1]
        return segment_path(self.folder, last.number + 1) if last.size >= self.bounds.segment else last.path

    def sync(self) -> None:
        """Have the disk take what is there. Raises ``OSError``."""
        with contextlib.suppress(FileNotFoundError):
            for segment in segments.segments(self.folder)[-2:]:
                segments.sync(segment.path)

    def progress(self) -> Progress:
        """How far delivery came; from the beginning where that can't be read: events come twice rather than never."""
        try:
            found = json.loads((self.folder / PROGRESS).read_bytes())
            return Progress(**found) if _is_progress(found) else Progress()
        except (OSError, ValueError):
            return Progress()

    def save(self, progress: Progress) -> None:
        """Note how far delivery came. Raises ``OSError``."""
        values = {name: getattr(progress, name) for name in Progress.__slots__}
        segments.replace(self.folder / PROGRESS, json.dumps(values).encode())

    @contextlib.contextmanager
    def flushing(self, wait: float = 0) -> Iterator[None]:
        """Be the one who delivers. Raises ``LockedError`` while another one is, and ``OSError`` without a folder."""
        with locked(self.folder / FLUSH_LOCK, wait):
            yield

    def pending(self, *, grows: bool = True) -> Iterator[Pending]:
        """What waits, in its order, with what is appended meanwhile if it ``grows``. Raises ``OSError``."""
        progress = self.progress()
        while found := [one for one in _segments(self.folder) if one.number >= progress.segment]:
            before = progress
            for segment in found:
                for pending in _read(segment, progress):
                    progress = pending.after
                    yield pending
            if progress == before or not grows:
                return

    def tidy(self, progress: Progress) -> None:
        """Remove segments that are delivered, and note the progress; by who delivers. Raises ``OSError``.

        The last segment goes once the progress is noted: the number of the next one is taken from it.
        """
        found = _segments(self.folder)
        for segment in found[:-1]:
            if segment.number < progress.segment:
                segment.path.unlink(missing_ok=True)
        self.save(progress)
        if found and (found[-1].number, found[-1].size) == (progress.segment, progress.offset):
            self._retire(found[-1])

    def _retire(self, segment: Segment) -> None:
        """Remove the segment that is appended to, unless something was appended."""
        with locked(self.folder / APPEND_LOCK, PATIENCE):
            if segment.path.stat().st_size == segment.size:
                segment.path.unlink()

    def park(self, record: Record, reason: str, time: str) -> None:
        """Put an event aside that is refused. Raises ``OSError``, and ``SpoolFullError`` beyond the bound."""
        path = self.folder / PARKED
        entry = json.dumps({"id": record.id, "time": time, "reason": reason, "event": record.line}) + "\n"
        size = path.stat().st_size if path.exists() else 0
        if size + len(entry) > self.bounds.parked:
            raise SpoolFullError(f"refused events have reached their bound of {self.bounds.parked} bytes")
        segments.append(path, entry.encode())

    def retry_parked(self) -> int:
        """Put events that were refused back into the spool, behind all others; by who delivers. How many they were.

        Raises ``OSError`` and ``SpoolFullError``; then some of them may come twice.
        """
        entries = list(self.parked())
        for entry in entries:
            self.append(entry["event"], wait=PATIENCE)
        (self.folder / PARKED).unlink(missing_ok=True)
        return len(entries)

    def parked(self) -> Iterator[dict[str, Any]]:
        """The events that were put aside, each once. Raises ``OSError``."""
        seen = set()
        with contextlib.suppress(FileNotFoundError), (self.folder / PARKED).open("rb") as file:
            for line in file:
                with contextlib.suppress(ValueError):  # a crash left it
                    entry = json.loads(line)
                    if entry["id"] not in seen:
                        seen.add(entry["id"])
                        yield entry


def _segments(folder: Path) -> list[Segment]:
    try:
        return segments.segments(folder)
    except FileNotFoundError:
        return []


def _read(segment: Segment, progress: Progress) -> Iterator[Pending]:
    """The lines of a segment from the progress on; all of them where the progress isn't one of this segment."""
    try:
        data = segment.path.read_bytes()
    except FileNotFoundError:
        return
    offset, check = 0, 0
    if progress.segment == segment.number and zlib.crc32(data[: progress.offset]) == progress.check:
        offset, check = progress.offset, progress.check
    for line, end in segments.lines(data, offset):
        check = zlib.crc32(data[offset:end], check)
        progress = replace(progress, segment=segment.number, offset=end, check=check)
        offset = end
        yield Pending(decode(line), progress)


def _is_progress(found: object) -> bool:
    if not isinstance(found, dict) or set(found) != set(Progress.__slots__):
        return False
    numbers = ("segment", "offset", "check", "delivered", "parked", "filtered", "damaged")
    return all(isinstance(found[name], int) for name in numbers)
