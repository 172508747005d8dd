"""``dagport lineage``: its commands are imported when they are called."""

from __future__ import annotations

import click

from dagport.cli.app import LazyGroup

COMMANDS = {
    "export": ("dagport_lineage.commands.export:export", "Write lineage as events, or hand them to a catalogue."),
    "show": ("dagport_lineage.commands.show:show", "Show all datasets, or what one comes from and what comes of it."),
    "diff": (
        "dagport_lineage.commands.diff:diff",
        "Compare the lineage of two exports, folders or git revisions.",
    ),
    "check": (
        "dagport_lineage.commands.check:check",
        "Check events by the official schemas and by catalogues' rules.",
    ),
    "flush": ("dagport_lineage.commands.flush:flush", "Deliver the events that are spooled."),
    "status": (
        "dagport_lineage.commands.status:status",
        "Say what is spooled, and how delivery went.",
    ),
}


class LineageGroup(LazyGroup):
    """The commands of lineage."""

    lazy = COMMANDS


@click.group(cls=LineageGroup)
def lineage() -> None:
    """Show, export and compare what tasks read and write.

    It comes from the DAG files alone, as OpenLineage events. What isn't known is said with its reason, never guessed.
    """
