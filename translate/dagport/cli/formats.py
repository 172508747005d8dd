"""``dagport formats``."""

from __future__ import annotations

import click

from dagport.cli.reports import REPORTS
from dagport.formats import PRINTERS, READERS, TARGETS


@click.command(name="formats")
def list_formats() -> None:
    """List what can be read, printed and written."""
    rows = {
        "read (--from)": READERS,
        "print (graph --format)": PRINTERS,
        "report (check --format)": REPORTS,
        "write (translate --to)": TARGETS,
    }
    for title, names in rows.items():
        click.echo(f"{title:24}  {', '.join(names)}")
