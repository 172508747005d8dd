"""``dagport check``."""

from __future__ import annotations

from collections.abc import Sequence

import click

from dagport import formats
from dagport.cli.command import SourceCommand, source_options
from dagport.cli.reports import REPORTS, Report, percent, report_writer
from dagport.cli.run import Run
from dagport.cli.translating import attempt
from dagport.project.summary import share_carried


@click.command(cls=SourceCommand)
@source_options
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(REPORTS)),
    default="text",
    show_default=True,
    help="Form of the report.",
)
@click.option(
    "--to",
    type=click.Choice(list(formats.TARGETS)),
    help="Also report what a translation to this target would carry over.",
)
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Exit with 1 when less than this share of the tasks would be native or approximate "
    "(--to dagster, if nothing else is said).",
)
@click.option("--allow-inexact", is_flag=True, help="With --to: count pipelines too whose graph isn't exact.")
@click.option(
    "--delegate/--no-delegate",
    default=True,
    help="With --to: have the original engine run what has no form in the target, or count it as refused.",
)
@click.pass_context
def check(
    ctx: click.Context,
    paths: Sequence[str],
    format_: str,
    to: str | None,
    fail_under: float | None,
    allow_inexact: bool,
    delegate: bool,
) -> None:
    """Report what is wrong or uncertain, and what a translation would carry.

    Exits with 1 when anything is an error or the share is under the threshold; warnings alone don't.
    """
    run: Run = ctx.obj
    documents = tuple(run.documents(paths))
    if to is None and fail_under is not None:
        to = next(iter(formats.TARGETS))
    translation = attempt(run, to, documents, allow_inexact=allow_inexact, delegate=delegate) if to else None
    report = Report.of(documents, translation, to)
    for piece in report_writer(format_)(report, run.console):
        run.console.out.write(piece)
    under = _is_under(run, report, fail_under)
    ctx.exit(run.status(report.diagnostics, findings=under))


def _is_under(run: Run, report: Report, threshold: float | None) -> bool:
    """Whether the share carried over is under the threshold; if so, says it."""
    share = share_carried(report.rows)
    if threshold is None or share is None or share >= threshold:
        return False
    run.console.err.line(f"{percent(share)} of the tasks carried over is under the threshold of {threshold:g}%.")
    return True
