"""``dagport explain``."""

from __future__ import annotations

import click

from dagport.cli.closest import did_you_mean
from dagport.diagnostics import CATALOGUE


@click.command()
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Explain a diagnostic's code, or list all codes."""
    if code is None:
        for name, entry in CATALOGUE.items():
            click.echo(f"{name}  {entry.severity:7}  {entry.title}")
        return
    found = CATALOGUE.get(code.upper())
    if found is None:
        raise click.UsageError(f"No such code {code!r}." + did_you_mean(code.upper(), CATALOGUE))
    click.echo(f"{code.upper()} ({found.severity}): {found.title}\n\n{found.why}")
    if found.hint:
        click.echo(f"\nWhat to do: {found.hint}")
