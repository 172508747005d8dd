"""``dagport verify``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import click

from dagport.cli.command import SourceCommand, source_options
from dagport.cli.moments import Moment
from dagport.cli.reports.table import table
from dagport.cli.run import Run
from dagport.cli.status import CRASHED
from dagport.cli.translating import attempt
from dagport.formats import READERS
from dagport.graph import FileGraph
from dagport.translation import Document
from dagport.verify.model import Verdict
from dagport.verify.pairs import Told, pairs, verify_graphs
from dagport.verify.report import COLUMNS, as_json, as_junit, counts, reasons, rows
from dagport.verify.schedules import Horizon

BY_ITSELF = ("airflow",)  # targets whose files dagport reads again
FIRST, YEAR = datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=365)
START = "dagport.verify.start"
FAILS_FAST = re.compile(r"\bfail_(fast|stop)\b")
ON_ENGINES = "dagport_adapters.commands.verifying:on_engines"  # a package above this one


class FormatOrMoment(click.ParamType[Any]):
    """What ``--from`` takes here: the format of the sources, as elsewhere, or the first day."""

    name = "format|date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A name of a reader as it is, else a date."""
        return value if value in READERS else Moment().convert(value, param, ctx)


class EngineType(click.ParamType[tuple[str, str]]):
    """The Python of an environment, and which Airflow it has."""

    name = "2|3=PYTHON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The version and the interpreter."""
        version, is_said, python = str(value).partition("=")
        if not is_said or version not in ("2", "3") or not python:
            self.fail(f"{value!r} doesn't say which Airflow it is, such as 3=/opt/airflow/bin/python", param, ctx)
        return version, python


class VerifyCommand(SourceCommand):
    """Takes the one ``--from`` for what it says."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        option = next(item for item in self.params if isinstance(item, click.Option) and item.name == "from_")
        option.type = FormatOrMoment()
        option.help = "Compare runs from here on; or the format of the sources. [default: 2026-01-01]"

    def invoke(self, ctx: click.Context) -> Any:
        """Hand the day to the command."""
        given = ctx.params["from_"]
        ctx.meta[START], ctx.params["from_"] = (given, None) if isinstance(given, datetime) else (FIRST, given)
        return super().invoke(ctx)


@click.command(cls=VerifyCommand)
@source_options
@click.option("--to", type=click.Choice(BY_ITSELF), help="Translate the source, and compare with that.")
@click.option("--until", type=Moment(), help="Compare runs up to here. [default: a year on]")
@click.option(
    "--outcomes",
    "limit",
    type=click.IntRange(min=1),
    help="Compare so many outcomes of each pipeline, and those near what differs. [default: 20 to 250, by its tasks]",
)
@click.option(
    "--engine",
    "engines",
    type=EngineType(),
    multiple=True,
    help="Also run stubs of the pipelines in this Airflow; give 2= and 3= to compare the two.",
)
@click.option(
    "--runs",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="With --engine: run at most so many outcomes of each pipeline.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "junit"]),
    default="table",
    show_default=True,
    help="Form of the report.",
)
@click.pass_context
def verify(
    ctx: click.Context, paths: Sequence[str], to: str | None, until: datetime | None, limit: int | None,
    engines: Sequence[tuple[str, str]], runs: int, format_: str,
) -> None:  # fmt: skip
    """Prove that a translation has the same structure, runs and outcomes.

    The first PATH is the source. A second one is the target, a file or a folder; pipelines go together by their
    ids. With --to, dagport translates the source itself. Exits with 1 when a pipeline differs, or when nobody can
    tell. Your code is never run; with --engine, tasks that have your tasks' places are.
    """
    run: Run = ctx.obj
    source, target = _sides(paths, to)
    start: datetime = ctx.meta[START]
    documents = tuple(run.documents([source]))
    before = [document.graph for document in documents]
    manual: dict[str, set[str]] = defaultdict(set)
    others = _read(run, target) if target is not None else ()
    after = [one.graph for one in others] if to is None else _translated(run, to, documents, manual)
    if after is None:
        run.status(())
        ctx.exit(CRASHED)
    told = _told(run, (*documents, *others), manual)
    verdicts = list(verify_graphs(before, after, Horizon(start, until or start + YEAR), told, limit))
    if engines:
        verdicts = _with_engines(verdicts, _on_engines(before, after, dict(engines), runs, told))
    _print(run, verdicts, format_)
    proved = bool(verdicts) and all(verdict.state == "same" for verdict in verdicts)
    ctx.exit(run.status([item for graph in before for item in graph.diagnostics], findings=not proved))


def _told(run: Run, documents: Sequence[Document], manual: Mapping[str, Collection[str]]) -> Told:
    """What the sources say and the graphs don't."""
    from dagport.verify.plain import plain_operators

    hasty = [document for document in documents if FAILS_FAST.search(document.source.text)]
    return Told(
        manual=manual,
        fails_fast={pipeline.id for document in hasty for pipeline in document.graph.pipelines},
        plain=plain_operators(documents, run.search.root),
    )


def _on_engines(
    before: Iterable[FileGraph], after: Iterable[FileGraph], engines: Mapping[str, str], runs: int, told: Told
) -> Iterator[Verdict]:
    module, _, name = ON_ENGINES.partition(":")
    found: Iterator[Verdict] = getattr(import_module(module), name)(pairs(before, after), engines, runs, told)
    return found


def _with_engines(verdicts: Iterable[Verdict], run: Iterable[Verdict]) -> list[Verdict]:
    """The verdicts of each pipeline together."""
    by_pipeline = {verdict.pipeline: verdict for verdict in run}
    found: list[Verdict] = []
    for verdict in verdicts:
        found.append(verdict)
        if verdict.check == "outcomes":
            found.append(by_pipeline[verdict.pipeline])
    return found


def _sides(paths: Sequence[str], to: str | None) -> tuple[str, str | None]:
    """The source and the target, if there is one. Raises ``UsageError``."""
    if len(paths) > 2 or (len(paths) == 2) == (to is not None):
        raise click.UsageError("Name the source and --to, to compare with its translation, or a source and a target.")
    return paths[0], paths[1] if len(paths) > 1 else None


def _translated(
    run: Run, to: str, documents: Sequence[Document], manual: dict[str, set[str]]
) -> list[FileGraph] | None:
    from dagport.verify.again import read_again
    from dagport.workspace import Workspace

    translation = attempt(run, to, documents, allow_inexact=True, delegate=False)
    if translation is None:
        return None
    for outcome in translation.outcomes:
        if outcome.fidelity == "manual":
            manual[outcome.pipeline].add(outcome.task)
    workspace = Workspace(run.search.root, run.request.source_roots)
    return read_again(documents, translation.files, run.request.options, workspace)


def _read(run: Run, target: str) -> tuple[Document, ...]:
    """The target, which says by itself for which Airflow it is."""
    from dataclasses import replace

    options = replace(run.request.options, airflow_version=None)
    other = replace(run, request=replace(run.request, options=options), crashes=run.crashes)
    return tuple(other.documents([target]))


def _print(run: Run, verdicts: Sequence[Verdict], format_: str) -> None:
    out, err = run.console.out, run.console.err
    if format_ != "table":
        out.write(as_json(verdicts) if format_ == "json" else as_junit(verdicts))
        return
    if not verdicts:
        err.line("Nothing to verify: no pipeline was found.")
        return
    for line in table(COLUMNS, rows(verdicts), numbers=("compared",), stream=out):
        out.line(line)
    for line in reasons(verdicts):
        out.line(line)
    if not run.console.quiet:
        err.line(", ".join(f"{number} {state}" for state, number in counts(verdicts).items() if number))
