"""Events on their way out of a running pipeline: written to the spool at once, delivered by a thread behind its back.

Nothing here raises into the pipeline or waits for a catalogue. Where the disk or other processes don't let an event
into the spool, it waits in memory, up to a bound; what is lost beyond it is counted, on disk and in the log.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

from dagport_lineage.delivery.configuration import Configuration
from dagport_lineage.delivery.errors import DeliveryError, RefusedError, UnavailableError, reason
from dagport_lineage.delivery.flushing import ATTEMPT, Flush
from dagport_lineage.delivery.forks import ForkAware
from dagport_lineage.delivery.locks import LockedError
from dagport_lineage.delivery.losses import Loss
from dagport_lineage.delivery.spool import PATIENCE, Spool, SpoolFullError
from dagport_lineage.delivery.targets import Target, open_target
from dagport_lineage.events import json_line
from dagport_lineage.facets import Event

Outcome: TypeAlias = Literal["done", "busy", "failed"]
log = logging.getLogger("dagport_lineage.delivery")

MAX_WAITING = 1_000  # events in memory
SYNC_INTERVAL = 1.0  # seconds between two times that the disk is made to write
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds between two attempts
BUSY_PAUSE = 0.05
EXIT_WAIT = 2.0  # seconds for which the end of the process may be put off


class Deliverer(Protocol):
    """Something that delivers what is in the spool; see ``apart``."""

    def poke(self) -> bool:
        """Have it deliver what waits; whether it does."""

    def close(self, timeout: float) -> None:
        """Let it end, and wait for that up to ``timeout`` seconds."""

    def forget(self) -> None:
        """It belongs to another process now."""


class Courier(ForkAware):
    """Takes events from any thread of a process, and of its forks, and delivers them in their order.

    ``configuration`` is ``None`` where only others deliver what is spooled. ``opener`` makes the target of it.
    ``apart`` delivers in a process of its own; without it a thread of this one does.
    """

    def __init__(
        self,
        spool: Spool,
        configuration: Configuration | None,
        *,
        opener: Callable[[Configuration], Target] = open_target,
        apart: Deliverer | None = None,
        exit_wait: float = EXIT_WAIT,
    ) -> None:
        self.spool, self.configuration, self.opener, self.exit_wait = spool, configuration, opener, exit_wait
        self._apart = apart
        self.lost = 0  # events
        self._opening = False
        super().__init__()
        atexit.register(self.close)

    def _start_over(self) -> None:
        """As if nothing had been emitted.

        Python's locks of modules that were being imported during a fork are never given back: then the client can't
        be imported any more, and the parent delivers what this process emits.
        """
        if self._opening:
            self.configuration = None
        if self._apart is not None:
            self._apart.forget()
        self._waiting: deque[str] = deque()  # what isn't in the spool yet; the first one is in both for a moment
        self._refusal: Loss = "disk"  # why
        self._lock = threading.Lock()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._close_by = float("inf")
        self._thread: threading.Thread | None = None
        self._target: Target | None = None
        self._synced = 0.0
        self._dirty = False  # something is in the spool that the disk may not have yet
        self._trouble: str | None = None  # what was reported last

    def emit(self, event: Event) -> None:
        """Take an event: it is in the spool when this returns, or waits for that in memory. Never raises."""
        try:
            self._keep(json_line(event))
            self._dirty = True
            self.poke()
        except (TypeError, ValueError, RecursionError) as error:
            self._lose("event", f"an event is no JSON: {reason(error)}")
        except Exception as error:  # noqa: BLE001 - lineage never stops a pipeline
            self._lose("event", f"a bug in dagport: {type(error).__name__}: {reason(error)}")

    def poke(self) -> None:
        """Have what is in the spool delivered, whoever put it there."""
        self._wake.set()
        self._ensure_thread()

    def _keep(self, line: str) -> None:
        if not self._waiting:
            try:
                self.spool.append(line)
            except (OSError, SpoolFullError) as error:
                self._note_refusal(error)
            else:
                return
        if len(self._waiting) < MAX_WAITING:
            self._waiting.append(line)
        else:
            self._lose(self._refusal, "the spool doesn't take events, and no more can be kept in memory")

    def _note_refusal(self, error: Exception) -> None:
        kinds: tuple[tuple[type[Exception], Loss], ...] = ((SpoolFullError, "bound"), (LockedError, "busy"))
        self._refusal = next((loss for kind, loss in kinds if isinstance(error, kind)), "disk")
        if self._refusal != "busy":
            self._report(f"events wait in memory: {reason(error)}")

    def _lose(self, loss: Loss, text: str) -> None:
        self.lost += 1
        self.spool.count_loss(loss)
        if self.lost & (self.lost - 1) == 0:  # the first, second, fourth, eighth, ...
            log.warning("%d lineage events are lost: %s", self.lost, text)

    def _report(self, text: str) -> None:
        """Say what is wrong, once."""
        if text != self._trouble:
            self._trouble = text
            log.warning("lineage: %s", text)

    def _ensure_thread(self) -> None:
        with self._lock:
            if self._thread is None and not self._closing.is_set():
                thread = threading.Thread(target=self._work, name="dagport-lineage", daemon=True)
                with contextlib.suppress(RuntimeError):  # the system, or the end of the process, doesn't allow it
                    thread.start()
                    self._thread = thread

    def _work(self) -> None:
        outcome: Outcome = "done"
        failures = 0
        while True:
            if outcome == "done":
                self._wake.wait(SYNC_INTERVAL if self._dirty else None)
            else:  # new events are no reason to try earlier
                self._closing.wait(min(FIRST_PAUSE * 2 ** max(0, failures - 1), LONGEST_PAUSE))
            closing = self._closing.is_set()
            self._wake.clear()
            outcome = self._cycle(delivers=not (closing and outcome == "failed"))
            failures = min(failures + 1, 16) if outcome == "failed" else 0
            if closing and (outcome != "busy" or time.monotonic() >= self._close_by):
                return
            if closing:  # who delivers may just have come to its end without having seen our events
                time.sleep(BUSY_PAUSE)

    def _cycle(self, *, delivers: bool) -> Outcome:
        """Move on what can be moved on. ``busy``: another process delivers."""
        try:
            self._spool_waiting()
            self._sync()
            if delivers and self.configuration is not None and not self._is_delivered_apart():
                self._flush(self.configuration)
        except LockedError:
            return "busy"
        except (DeliveryError, OSError) as error:
            self._report(reason(error))
            return "failed"
        except Exception as error:  # noqa: BLE001 - lineage never stops a pipeline, nor itself
            self._report(f"a bug in dagport: {type(error).__name__}: {reason(error)}")
            return "failed"
        if self._waiting:
            return "failed"
        self._trouble = None
        return "done"

    def _is_delivered_apart(self) -> bool:
        """What waits in memory can't be: the spool doesn't take it."""
        return self._apart is not None and not self._waiting and self._apart.poke()

    def _spool_waiting(self) -> None:
        while self._waiting:
            try:
                self.spool.append(self._waiting[0], wait=PATIENCE)
            except (OSError, SpoolFullError) as error:
                self._note_refusal(error)
                return
            self._waiting.popleft()

    def _sync(self) -> None:
        """At most once in an interval; before the end always."""
        now = time.monotonic()
        if self._dirty and (self._closing.is_set() or now - self._synced >= SYNC_INTERVAL):
            self._dirty, self._synced = False, now
            self.spool.sync()

    def _flush(self, configuration: Configuration) -> None:
        """Raises ``DeliveryError``, ``LockedError`` and ``OSError``."""
        flush = Flush(self.spool, self._open_target, configuration, stopped=lambda: time.monotonic() > self._close_by)
        try:
            flush.run()
        except LockedError:
            raise
        except OSError:
            if not self._waiting:
                raise
        if flush.error:
            raise UnavailableError(flush.error)
        if flush.parked:
            log.warning("%d lineage events were refused and put aside", flush.parked)
        self._deliver_waiting(configuration)

    def _open_target(self) -> Target:
        """Raises ``ConfigurationError``."""
        if self._target is None:
            self._opening = True
            try:
                self._target = self.opener(self.configuration or Configuration({}))
            finally:
                self._opening = False
        return self._target

    def _deliver_waiting(self, configuration: Configuration) -> None:
        """The spool is empty, and doesn't take what waits in memory: then it goes without."""
        while self._waiting and time.monotonic() <= self._close_by:
            event = json.loads(self._waiting[0])
            try:
                if not configuration.excludes(event):
                    self._open_target().send(event, self._waiting[0], ATTEMPT)
            except RefusedError as error:
                self._lose(self._refusal, f"refused, and can't be put aside: {error}")
            self._waiting.popleft()

    def close(self, timeout: float | None = None) -> bool:
        """Deliver what can be delivered in a moment, and stop. Whether all that was emitted is on disk or delivered.

        Waits up to ``timeout`` seconds, by default ``exit_wait``, and not at all while the catalogue is known to be
        down. Never raises.
        """
        timeout = self.exit_wait if timeout is None else timeout
        atexit.unregister(self.close)
        self._close_by = time.monotonic() + timeout
        self._closing.set()
        self._wake.set()
        with self._lock:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
        if self._apart is not None:
            problem = self._problem()
            self._apart.close(0 if problem else max(0, self._close_by - time.monotonic()))
            if problem := problem or self._problem():
                self._report(f"events wait in {self.spool.folder}: {problem}")
        while self._waiting:
            self._waiting.popleft()
            self._lose(self._refusal, "the process ends, and the spool doesn't take what is in memory")
        return self.lost == 0

    def _problem(self) -> str | None:
        """Why what waits wasn't delivered the last time, if it wasn't."""
        progress = self.spool.progress()
        failed = (progress.last_error_time or "") > (progress.last_delivery or "")
        return progress.last_error if failed and any(self.spool.pending(grows=False)) else None
