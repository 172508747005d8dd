"""Delivering what waits in a spool, in its order.

An event that can't be delivered now stops everything behind it: an event of the same run must not overtake it. One that
the catalogue refuses for good is put aside with the reason. Progress is noted after each delivery, so a crash repeats
at most the last event.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from dagport_lineage.delivery.configuration import Configuration
from dagport_lineage.delivery.errors import ConfigurationError, RefusedError, UnavailableError, reason
from dagport_lineage.delivery.records import Record
from dagport_lineage.delivery.spool import Pending, Progress, Spool, SpoolFullError
from dagport_lineage.delivery.targets import Target
from dagport_lineage.facets import Event

ATTEMPT = 10.0  # seconds that one event may take


@dataclass(slots=True)
class Flush:
    """One delivery of what waits, and how it went. Counts are those of this one."""

    spool: Spool
    open_target: Callable[[], Target]  # called when there is something to deliver
    configuration: Configuration
    deadline: float = float("inf")  # of ``time.monotonic``
    stopped: Callable[[], bool] = field(default=lambda: False)
    retries_parked: bool = False  # events that were refused before are delivered, too
    delivered: int = 0
    parked: int = 0
    filtered: int = 0
    damaged: int = 0
    error: str | None = None  # what stopped it, if it didn't reach the end

    def run(self, *, wait: float = 0) -> None:
        """Deliver until the end of the spool, the deadline, or an event that can't be delivered now.

        Raises ``LockedError`` where another process delivers for more than ``wait`` seconds, ``OSError``,
        and ``SpoolFullError`` where refused events find no room.
        """
        if not self.spool.folder.is_dir():
            return  # nothing was spooled yet
        with self.spool.flushing(wait):
            if self.retries_parked:
                self.spool.retry_parked()
            progress = self.spool.progress()
            for pending in self.spool.pending():
                if time.monotonic() >= self.deadline or self.stopped():
                    self.error = "the time is over"
                    break
                try:
                    progress = self._advance(progress, pending)
                except (UnavailableError, ConfigurationError) as error:
                    self.error = str(error)
                    progress = replace(progress, last_error=self.error, last_error_time=now())
                    break
                with contextlib.suppress(OSError):  # a full disk: removing segments below makes room
                    self.spool.save(progress)
            if self.spool.folder.exists():
                self.spool.tidy(progress)

    def _advance(self, progress: Progress, pending: Pending) -> Progress:
        """The progress after an event. Raises ``UnavailableError`` and ``ConfigurationError``."""
        done = replace(progress, segment=pending.after.segment, offset=pending.after.offset, check=pending.after.check)
        event = _event(pending.record) if pending.record else None
        if pending.record is None or event is None:
            self.damaged += 1
            return replace(done, damaged=done.damaged + 1)
        if self.configuration.excludes(event):
            self.filtered += 1
            return replace(done, filtered=done.filtered + 1)
        try:
            self.open_target().send(event, pending.record.line, min(ATTEMPT, self.deadline - time.monotonic()))
        except RefusedError as error:
            self._park(pending.record, error)
            return replace(done, parked=done.parked + 1, last_error=str(error), last_error_time=now())
        self.delivered += 1
        return replace(done, delivered=done.delivered + 1, last_delivery=now())

    def _park(self, record: Record, refusal: RefusedError) -> None:
        try:
            self.spool.park(record, str(refusal), now())
        except (OSError, SpoolFullError) as error:
            raise UnavailableError(f"a refused event can't be put aside: {reason(error)}") from None
        self.parked += 1


def _event(record: Record) -> Event | None:
    try:
        event = json.loads(record.line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def now() -> str:
    """This moment, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
