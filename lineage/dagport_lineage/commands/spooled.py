"""What ``dagport lineage flush`` and ``status`` share: the spool, and what it holds."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from dagport.cli.console import Console, console
from dagport.project.errors import ProjectError
from dagport_lineage.delivery.configuration import FILE
from dagport_lineage.delivery.folders import VARIABLE, spool_folder
from dagport_lineage.delivery.spool import Spool

F = TypeVar("F", bound=Callable[..., Any])
OPTIONS = (
    click.option("--spool-dir", type=click.Path(), metavar="FOLDER", help=f"The spool. [default: {VARIABLE}, else "
                 "dagport/lineage in the user's folder for state]"),
    click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True,
                 help="Form of the report."),
)  # fmt: skip


def spool_options(function: F) -> F:
    """Add the options of commands about the spool."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function


def open_spool(folder: str | None) -> Spool:
    """The spool that is asked for. Raises ``ProjectError`` where there can be none."""
    found = Path(folder).absolute() if folder else spool_folder()
    if found is None:
        raise ProjectError(f"there is no home folder for a spool: set {VARIABLE}, or give --spool-dir")
    return Spool(found)


def plain_console() -> Console:
    """Standard output and standard error without colours."""
    return console(color="never", quiet=False, verbose=False)


def note_stray_file(out: Console) -> None:
    """Say so where a configuration lies in the working folder, which isn't taken."""
    if Path(FILE).is_file() and not os.environ.get("OPENLINEAGE_CONFIG"):
        out.message(f"{FILE} in the working folder isn't taken by itself: OPENLINEAGE_CONFIG={FILE} does")


@dataclass(slots=True)
class Waiting:
    """What waits in a spool."""

    events: int = 0
    size: int = 0  # bytes
    oldest: str | None = None  # its time
    job: str | None = None  # of the oldest


def waiting(spool: Spool) -> Waiting:
    """Count what waits. Raises ``ProjectError``."""
    found = Waiting()
    try:
        for pending in spool.pending(grows=False):
            if pending.record is None:
                continue
            if not found.events:
                event = json.loads(pending.record.line)
                found.oldest = event.get("eventTime")
                found.job = (event.get("job") or event.get("dataset") or {}).get("name")
            found.events += 1
            found.size += len(pending.record.line)
    except OSError as error:
        raise ProjectError(f"can't read the spool {spool.folder}: {error.strerror}") from None
    return found
