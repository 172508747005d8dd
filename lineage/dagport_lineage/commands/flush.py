"""``dagport lineage flush``."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import click

from dagport.cli.console import clean
from dagport.cli.status import FINDINGS, FINE
from dagport.project.errors import ProjectError
from dagport_lineage.commands.spooled import note_stray_file, open_spool, plain_console, spool_options, waiting
from dagport_lineage.delivery import configured
from dagport_lineage.delivery.configuration import Configuration
from dagport_lineage.delivery.errors import DeliveryError, reason
from dagport_lineage.delivery.locks import LockedError
from dagport_lineage.delivery.spool import Spool, SpoolFullError

TIMEOUT = 60.0
TRIES = 4  # without an event that is delivered
COUNTS = ("delivered", "refused", "excluded", "damaged")
PAUSE = 0.5  # seconds after the first, doubled after each further one


@click.command()
@spool_options
@click.option("--timeout", type=click.FloatRange(min=0.1), default=TIMEOUT, show_default=True, metavar="SECONDS",
              help="When to stop if not all is delivered.")  # fmt: skip
@click.option("--retry-refused", is_flag=True, help="Also events that the catalogue refused before.")
@click.pass_context
def flush(ctx: click.Context, /, spool_dir: str | None, format_: str, timeout: float, *, retry_refused: bool) -> None:
    """Deliver the events that are spooled.

    They go in their order to where OpenLineage's configuration says. Exits with 1 when some are left.
    """
    out = plain_console()
    spool = open_spool(spool_dir)
    note_stray_file(out)
    work = Work(spool, time.monotonic() + timeout, retries_refused=retry_refused)
    if spool.folder.is_dir() and (waiting(spool).events or retry_refused):
        try:
            work.configuration = configured()
        except DeliveryError as error:
            raise ProjectError(clean(str(error))) from None
        _show_console_transport()
        work.carry_out(timeout)
    report = {**work.counts, "left": waiting(spool).events, "error": work.error}
    if format_ == "json":
        out.out.line(json.dumps(report))
    else:
        _print(report)
    ctx.exit(FINDINGS if report["left"] else FINE)


@dataclass(slots=True)
class Work:
    """One flush with its repetitions, in a thread of its own: a server that hangs can't make it last longer."""

    spool: Spool
    deadline: float
    retries_refused: bool
    configuration: Configuration | None = None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    error: str | None = None

    def carry_out(self, timeout: float) -> None:
        """Deliver until all is delivered, or the time is over."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        thread.join(timeout)
        if thread.is_alive():
            self.error = "the time is over"

    def _run(self) -> None:
        try:
            self._deliver()
        except LockedError:
            self.error = "another process delivers at the moment"
        except (DeliveryError, OSError, SpoolFullError) as error:
            self.error = reason(error)

    def _deliver(self) -> None:
        from dagport_lineage.delivery.flushing import Flush  # start-up
        from dagport_lineage.delivery.targets import open_target

        assert self.configuration is not None  # noqa: S101 - for the type
        target = open_target(self.configuration)
        failures = 0
        while failures < TRIES and time.monotonic() < self.deadline:
            if failures:
                time.sleep(max(0, min(PAUSE * 2 ** (failures - 1), self.deadline - time.monotonic())))
            one = Flush(self.spool, lambda: target, self.configuration, deadline=self.deadline)
            one.retries_parked, self.retries_refused = self.retries_refused, False
            one.run(wait=max(0, self.deadline - time.monotonic()))
            for name, count in zip(COUNTS, (one.delivered, one.parked, one.filtered, one.damaged), strict=True):
                self.counts[name] += count
            self.error = one.error
            if one.error is None:
                break
            failures = 1 if one.delivered else failures + 1
        target.close()


def _show_console_transport() -> None:
    """The console transport writes to a log, which would show nothing here."""
    from dagport_lineage.delivery.targets import CONSOLE_LOG

    log = logging.getLogger(CONSOLE_LOG)
    log.setLevel(logging.INFO)
    log.propagate = False
    log.handlers = [logging.StreamHandler(sys.stdout)]


def _print(report: dict[str, Any]) -> None:
    out = plain_console().out
    out.line(f"delivered: {report['delivered']}")
    for name in COUNTS[1:]:
        if report[name]:
            out.line(f"{name}: {report[name]}")
    if report["left"]:
        out.line(clean(f"left: {report['left']}" + (f" ({report['error']})" if report["error"] else "")))
