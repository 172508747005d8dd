"""``dagport graph``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from dagport import formats
from dagport.cli.command import SourceCommand, source_options
from dagport.cli.console import clean
from dagport.cli.run import Run
from dagport.diagnostics import Diagnostic
from dagport.graph import FileGraph

HOLD_DIAGNOSTICS = ("json", "jsonl")  # formats in whose output all of them stand


@click.command(cls=SourceCommand)
@source_options
@click.option("--format", "format_", type=click.Choice(list(formats.PRINTERS)), default="text", show_default=True,
              help="Form of the output.")  # fmt: skip
@click.pass_context
def graph(ctx: click.Context, paths: Sequence[str], format_: str) -> None:
    """Print the graph of each pipeline.

    PATH is a file, a folder that is searched for pipeline files, a quoted glob, or - for the standard input.
    """
    run: Run = ctx.obj
    diagnostics: list[Diagnostic] = []
    for piece in formats.printer(format_)(_graphs(run, paths, diagnostics)):
        run.console.out.write(clean(piece) if format_ == "text" else piece)
    for item in diagnostics:
        if item.severity == "error" or (format_ not in HOLD_DIAGNOSTICS and not run.console.quiet):
            from dagport.cli.reports.text import one_line

            run.console.err.line(one_line(item, run.console.err))
    ctx.exit(run.status(diagnostics))


def _graphs(run: Run, paths: Sequence[str], diagnostics: list[Diagnostic]) -> Iterator[FileGraph]:
    for document in run.documents(paths, streams=True):
        diagnostics += document.graph.diagnostics
        yield document.graph
