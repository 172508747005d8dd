"""``dagport graph``."""

from __future__ import annotations

import json
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
    for piece in _pieces(run, paths, format_, diagnostics):
        run.console.out.write(clean(piece) if format_ == "text" else piece)
    for item in diagnostics:
        if item.severity == "error" or (format_ not in HOLD_DIAGNOSTICS and not run.console.quiet):
            from dagport.cli.reports.text import one_line

            run.console.err.line(one_line(item, run.console.err))
    ctx.exit(run.status(diagnostics))


def _pieces(run: Run, paths: Sequence[str], format_: str, diagnostics: list[Diagnostic]) -> Iterator[str]:
    """What the printer of a format gives; for JSON it is made from the lines that are kept, which aren't decoded."""
    if format_ == "jsonl":
        return (line + "\n" for line in _lines(run, paths, diagnostics))
    if format_ == "json":
        from dagport.writers.json import write_records

        return write_records(map(json.loads, _lines(run, paths, diagnostics)))
    return formats.printer(format_)(_graphs(run, paths, diagnostics))


def _lines(run: Run, paths: Sequence[str], diagnostics: list[Diagnostic]) -> Iterator[str]:
    for result in run.results(paths, streams=True):
        if result.has_errors:
            diagnostics += [item for graph in result.graphs for item in graph.diagnostics]
        yield from result.lines


def _graphs(run: Run, paths: Sequence[str], diagnostics: list[Diagnostic]) -> Iterator[FileGraph]:
    for result in run.results(paths, streams=True):
        for graph in result.graphs:
            diagnostics += graph.diagnostics
            yield graph
