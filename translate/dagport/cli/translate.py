"""``dagport translate``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import click

from dagport import formats
from dagport.cli.command import SourceCommand, source_options
from dagport.cli.console import Stream
from dagport.cli.reports import Report
from dagport.cli.reports.text import findings, not_native, summary
from dagport.cli.run import Run
from dagport.cli.status import CRASHED
from dagport.cli.translating import attempt, target_version_option
from dagport.diagnostics import Diagnostic, diagnose
from dagport.project.discovery import shown
from dagport.project.output import Change, Plan, plan_output, write_output
from dagport.translation import Style, Translation

DIFF_COLORS = {"+": "green", "-": "red", "@": "cyan"}


@click.command(cls=SourceCommand)
@source_options
@click.option("--to", type=click.Choice(list(formats.TARGETS)), help="The orchestrator to write for. [required]")
@click.option("--out", type=click.Path(), help="Folder to write to. [default: print the files]")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change in --out.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when --out is stale.")
@click.option("--force", is_flag=True, help="Overwrite files in --out that were edited or aren't dagport's.")
@click.option("--package", help="Name of the generated Python package. [default: pipelines]")
@click.option("--allow-inexact", is_flag=True, help="Translate pipelines too whose graph isn't exact.")
@click.option(
    "--delegate/--no-delegate",
    default=True,
    help="Have the original engine run what has no form in the target, or refuse it. [default: delegate]",
)
@click.option(
    "--style",
    type=click.Choice(get_args(Style)),
    default="auto",
    show_default=True,
    help="Dagster: control flow in graphs of ops with assets at their ends, nothing but assets, or jobs of ops.",
)
@target_version_option
@click.pass_context
def translate(
    ctx: click.Context,
    paths: Sequence[str],
    to: str | None,
    out: str | None,
    diff: bool,
    check: bool,
    force: bool,
    package: str | None,
    allow_inexact: bool,
    delegate: bool,
    style: Style,
    target_version: str | None,
) -> None:
    """Write the pipelines for another orchestrator.

    Output is written whole or not at all, and nothing is overwritten that dagport didn't write or that was
    edited since. What was carried over, and where the doubts are, is reported at the end.
    """
    run: Run = ctx.obj
    _check_usage(to, out, package, needs_out=diff or check or force)
    documents = tuple(run.documents(paths))
    if target_version is not None and to != "airflow":
        raise click.UsageError("--target-version is for --to airflow.")
    translation = attempt(
        run,
        str(to),
        documents,
        allow_inexact=allow_inexact,
        delegate=delegate,
        package=package,
        style=style,
        target_version=target_version,
    )
    if translation is None:
        run.status(())
        ctx.exit(CRASHED)
    report = Report.of(documents, translation, to)
    empty = not any(document.graph.pipelines for document in documents)
    if empty:
        run.console.err.line("Nothing to translate: no pipeline was found.")
    elif out is None:
        _print_files(translation, run.console.out)
    else:
        more = _output(run, Path(out), report, diff=diff, check=check, force=force)
        report = Report.of(documents, translation, to, more)
    _print_report(run, report, to_stdout=out is not None and not diff)
    ctx.exit(run.status(report.diagnostics, findings=empty))


def _check_usage(to: str | None, out: str | None, package: str | None, *, needs_out: bool) -> None:
    if to is None:
        raise click.UsageError(f"Missing option '--to': one of {', '.join(formats.TARGETS)}.")
    if needs_out and out is None:
        raise click.UsageError("--diff, --check and --force need --out.")
    if package is not None and not _is_package_name(package):
        raise click.UsageError(f"--package: {package!r} is not a name for a Python package.")


def _is_package_name(name: str) -> bool:
    from keyword import iskeyword

    return name.isidentifier() and name.isascii() and not iskeyword(name)


def _print_files(translation: Translation, stream: Stream) -> None:
    for path, text in sorted(translation.files.items()):
        stream.line(stream.style(f"# ===== {path} =====", bold=True))
        stream.line(text.rstrip("\n"))
        stream.line()


def _output(run: Run, out: Path, report: Report, *, diff: bool, check: bool, force: bool) -> list[Diagnostic]:
    """Compare with the output folder, and write unless asked not to; what is to be said about it."""
    assert report.translation is not None  # noqa: S101 - narrows for the type checker
    keep = bool(run.crashes) or any(item.severity == "error" for item in report.diagnostics)
    name = shown(out, run.search.root)
    plan = plan_output(out, report.translation.files, target=str(report.target), shown=name, force=force, keep=keep)
    if diff:
        _print_diff(plan, name, run.console.out)
    found = list(plan.conflicts)
    if check:
        found += [_stale(change, name) for change in plan.stale]
    elif not diff and not found:
        write_output(plan)
        for line in _changes(plan, name):
            run.console.message(line)
    return found


def _stale(change: Change, folder: str) -> Diagnostic:
    what = {"new": "it is missing", "removed": "it is no longer part of the output"}
    return diagnose("DP502", what.get(change.kind, "its text differs"), f"{folder}/{change.path}")


def _changes(plan: Plan, folder: str) -> Iterator[str]:
    unchanged = sum(change.kind == "unchanged" for change in plan.changes)
    for change in plan.changes:
        if change.kind == "kept":
            yield f"kept       {folder}/{change.path}: with errors in the sources, nothing is removed"
        elif change.kind != "unchanged":
            yield f"{change.kind:9}  {folder}/{change.path}"
    if unchanged:
        yield f"unchanged  {unchanged} file{'' if unchanged == 1 else 's'} in {folder}"


def _print_diff(plan: Plan, folder: str, stream: Stream) -> None:
    from difflib import unified_diff

    for change in plan.stale:
        old = change.old.decode("utf-8", "replace").splitlines(keepends=True) if change.old is not None else []
        new = change.new.splitlines(keepends=True) if change.new is not None else []
        before = f"a/{folder}/{change.path}" if change.old is not None else "/dev/null"
        after = f"b/{folder}/{change.path}" if change.new is not None else "/dev/null"
        for line in unified_diff(old, new, before, after):
            color = DIFF_COLORS.get(line[0])
            stream.write(stream.style(line.rstrip("\n"), fg=color) + "\n")
            if not line.endswith("\n"):
                stream.line("\\ No newline at end of file")


def _print_report(run: Run, report: Report, *, to_stdout: bool) -> None:
    """Findings on standard error; the table where the result goes, if no files are printed there."""
    console = run.console
    for line in findings(report, console.err, only_errors=console.quiet):
        console.err.line(line)
    stream = console.out if to_stdout else console.err
    if not console.quiet:
        for line in summary(report, stream):
            stream.line(line)
        for line in not_native(report):
            stream.line(line)
