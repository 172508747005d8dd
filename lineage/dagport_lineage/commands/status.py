"""``dagport lineage status``."""

from __future__ import annotations

import json
from typing import Any

import click

from dagport.cli.console import Stream, clean
from dagport.project.errors import ProjectError
from dagport_lineage.commands.spooled import note_stray_file, open_spool, plain_console, spool_options, waiting
from dagport_lineage.delivery import configured
from dagport_lineage.delivery.errors import DeliveryError
from dagport_lineage.delivery.spool import Spool

SHOWN = 5  # refused events
LOST = {
    "bound": "the spool was full",
    "disk": "the disk didn't take them",
    "busy": "other processes kept the spool locked",
    "event": "they were no JSON, or the catalogue refused them when the disk was full",
}


@click.command()
@spool_options
def status(spool_dir: str | None, format_: str) -> None:
    """Say what is spooled, and how delivery went."""
    out = plain_console()
    spool = open_spool(spool_dir)
    note_stray_file(out)
    try:
        found = _status(spool)
    except OSError as error:
        raise ProjectError(f"can't read the spool {spool.folder}: {error.strerror}") from None
    if format_ == "json":
        out.out.line(json.dumps(found, indent=1))
    else:
        _print(found, out.out)


def _status(spool: Spool) -> dict[str, Any]:
    """All that is known. Raises ``OSError``."""
    left, progress = waiting(spool), spool.progress()
    target, problem = _target()
    return {
        "spool": str(spool.folder),
        "target": target,
        "target_problem": problem,
        "waiting": {"events": left.events, "bytes": left.size, "oldest": left.oldest, "oldest_job": left.job},
        "delivered": progress.delivered,
        "excluded": progress.filtered,
        "damaged": progress.damaged,
        "lost": dict(sorted(spool.losses().items())),
        "last_delivery": progress.last_delivery,
        "last_error": progress.last_error,
        "last_error_time": progress.last_error_time,
        "refused": [{name: one[name] for name in ("id", "time", "reason")} for one in spool.parked()],
    }


def _target() -> tuple[str | None, str | None]:
    try:
        return configured().describe(), None
    except DeliveryError as error:
        return None, str(error)


def _print(found: dict[str, Any], out: Stream) -> None:
    left = found["waiting"]
    oldest = f", the oldest of {left['oldest']} ({left['oldest_job']})" if left["events"] else ""
    lines = [
        f"spool: {found['spool']}",
        f"target: {found['target'] or 'none: ' + found['target_problem']}",
        f"waiting: {left['events']} events, {left['bytes']} bytes{oldest}",
        f"delivered: {found['delivered']}" + (f", last {found['last_delivery']}" if found["last_delivery"] else ""),
    ]
    lines += [f"{name}: {found[name]}" for name in ("excluded", "damaged") if found[name]]
    lines += [f"lost: {count}: {LOST.get(loss, loss)}" for loss, count in found["lost"].items()]
    if found["last_error"]:
        lines.append(f"last error: {found['last_error_time']}: {found['last_error']}")
    if found["refused"]:
        lines.append(f"refused: {len(found['refused'])}; 'dagport lineage flush --retry-refused' tries them again")
        lines += [f"  {one['time']}: {one['reason']}" for one in found["refused"][-SHOWN:]]
    for line in lines:
        out.line(clean(line))
