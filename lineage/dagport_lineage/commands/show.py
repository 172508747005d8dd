"""``dagport lineage show``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from dagport.cli.command import SourceCommand, source_options
from dagport.cli.console import clean
from dagport.cli.run import Run
from dagport.diagnostics import Diagnostic
from dagport_lineage.commands.drawing import dot, mermaid, tree
from dagport_lineage.commands.loading import load_network
from dagport_lineage.commands.sources import lineage_options, print_errors
from dagport_lineage.commands.tables import as_json, datasets_table, jobs_json, steps_table
from dagport_lineage.estate.walk import DIRECTIONS, Direction, Node, Step, find, similar, walk
from dagport_lineage.model import DatasetName
from dagport_lineage.network import ColumnName, Network, columns_of

Walks = Mapping[Direction, Sequence[Step]]
FORMATS: Mapping[str, Callable[[Network, Node, Walks], Iterator[str]]] = {
    "text": lambda network, start, walks: _text(network, start, walks),
    "tree": tree,
    "table": steps_table,
    "mermaid": mermaid,
    "dot": dot,
    "json": as_json,
}


@click.command(cls=SourceCommand)
@source_options
@lineage_options
@click.option("--of", "of", metavar="NAME", help="The dataset or job, where it could be taken for a PATH.")
@click.option("--column", metavar="NAME", help="Follow one column of the dataset.")
@click.option("--depth", type=click.IntRange(min=1), help="Datasets to go up and down. [default: to the ends]")
@click.option("--upstream", is_flag=True, help="Only what it comes from.")
@click.option("--downstream", is_flag=True, help="Only what comes of it.")
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), default="text", show_default=True,
              help="Form of the output; text: a tree and a table.")  # fmt: skip
@click.pass_context
def show(ctx: click.Context, /, paths: Sequence[str], **given: Any) -> None:
    """Show all datasets, or what one comes from and what comes of it.

    The first argument may be a dataset or a job, whole or the end of its name; it is followed through all DAG files of
    PATH, or through an export.
    """
    run: Run = ctx.obj
    name, paths = given["of"], list(paths)
    if name is None and len(paths) > 1 and _is_name(paths[0]):
        name, *paths = paths
    diagnostics: list[Diagnostic] = []
    network = load_network(run, paths, given["namespace"], xcom=given["xcom"], diagnostics=diagnostics)
    print_errors(run, diagnostics)
    if name is None:
        if given["column"]:
            raise click.UsageError("--column needs the name of a dataset before PATH.")
        pieces = jobs_json(network) if given["format_"] == "json" else datasets_table(network)
    else:
        start = _start(network, name, given["column"])
        wanted = [one for one in DIRECTIONS if given[one]] or DIRECTIONS
        walks = {one: tuple(walk(network, start, one, given["depth"])) for one in wanted}
        pieces = FORMATS[given["format_"]](network, start, walks)
    for piece in pieces:
        run.console.out.write(clean(piece))
    ctx.exit(run.status(diagnostics))


def _is_name(text: str) -> bool:
    return text != "-" and not Path(text).exists() and not (set(text) & set("*?[") and "://" not in text)


def _start(network: Network, text: str, column: str | None) -> Node:
    """What is meant. Raises ``UsageError`` where that is nothing or more than one thing."""
    found = find(network, text)
    if not found:
        near = similar(network, text)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise click.UsageError(f"No dataset and no job is named {text!r}.{hint}")
    if len(found) > 1:
        raise click.UsageError(f"{text!r} may be {' or '.join(map(str, found))}.")
    if column is None:
        return found[0]
    if not isinstance(found[0], DatasetName):
        raise click.UsageError(f"--column: {text!r} is a job.")
    return _column(network, found[0], column)


def _column(network: Network, dataset: DatasetName, text: str) -> ColumnName:
    ends = [end for job in network.jobs.values() for arrow in job.arrows for end in (arrow.source, arrow.target)]
    known = {end.column for end in ends if end.dataset == dataset}
    known |= set(columns_of(network.datasets[dataset]))
    exact = [name for name in sorted(known) if name == text] or [n for n in sorted(known) if n.lower() == text.lower()]
    if len(exact) != 1:
        from dagport.cli.closest import did_you_mean

        raise click.UsageError(f"No column {text!r} of {dataset} is known." + did_you_mean(text, sorted(known)))
    return ColumnName(dataset, exact[0])


def _text(network: Network, start: Node, walks: Walks) -> Iterator[str]:
    yield from tree(network, start, walks)
    yield "\n"
    yield from steps_table(network, start, walks)
