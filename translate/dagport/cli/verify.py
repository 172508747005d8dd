"""``dagport verify``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagport.cli.command import SourceCommand, source_options
from dagport.cli.moments import Moment
from dagport.cli.reports.table import table
from dagport.cli.run import Run
from dagport.cli.status import CRASHED
from dagport.cli.translating import attempt, target_version_option
from dagport.formats import READERS, TARGETS
from dagport.graph import FileGraph
from dagport.options import AirflowVersion
from dagport.translation import Document, Style
from dagport.verify.model import Verdict
from dagport.verify.pairs import Told, pairs, verify_graphs
from dagport.verify.report import as_json, as_junit, columns, counts, reasons, rows
from dagport.verify.schedules import Horizon
from dagport.verify.targets.found import orchestrator_of

if TYPE_CHECKING:
    from dagport.verify.targets.verifying import Target

FIRST, YEAR = datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=365)
START = "dagport.verify.start"
AIRFLOWS = ("2", "3")
ENGINES = (*AIRFLOWS, "dagster", "prefect")
STDIN = "-"
PROVED = ("same", "reported")  # what the writer has reported isn't news
STRICTLY = ("same",)
FAILS_FAST = re.compile(r"\bfail_(fast|stop)\b")
ON_ENGINES = "dagport_adapters.commands.verifying:on_engines"  # a package above this one
ON_BOTH = "dagport_adapters.commands.results:run_both"
ON_TARGETS = "dagport_adapters.commands.targets:on_target_engine"


class FormatOrMoment(click.ParamType[Any]):
    """What ``--from`` takes here: the format of the sources, as elsewhere, or the first day."""

    name = "format|date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A name of a reader as it is, else a date."""
        return value if value in READERS else Moment().convert(value, param, ctx)


class EngineType(click.ParamType[tuple[str, str]]):
    """The Python of an environment, and which engine it has: a version of Airflow, Dagster or Prefect."""

    name = "2|3|dagster|prefect=PYTHON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The version and the interpreter."""
        version, is_said, python = str(value).partition("=")
        if not is_said or version not in ENGINES or not python:
            self.fail(f"{value!r} doesn't say which engine it is, such as 3=/opt/airflow/bin/python", param, ctx)
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
@click.option(
    "--to",
    "targets",
    type=click.Choice(list(TARGETS)),
    multiple=True,
    help="Translate the source, and compare with that. May be given several times.",
)
@target_version_option
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
    help="Also run stubs of the pipelines in this engine; for Airflow, give 2= and 3= to compare the two.",
)
@click.option(
    "--runs",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="With --engine: run at most so many outcomes of each pipeline.",
)
@click.option(
    "--run",
    "run_",
    is_flag=True,
    help="Also run both sides once, and compare each task's result. THIS RUNS YOUR CODE. Needs --engine of both sides.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Exit with 1 for `reported`, too: what the writer says is approximate, delegated or has no schedule.",
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
    ctx: click.Context, paths: Sequence[str], targets: Sequence[str], target_version: AirflowVersion | None,
    until: datetime | None, limit: int | None,
    engines: Sequence[tuple[str, str]], runs: int, run_: bool, strict: bool, format_: str,
) -> None:  # fmt: skip
    """Prove that a translation has the same structure, runs and outcomes.

    The first PATH is the source. The others are what it was translated to: files or folders of Airflow's, whose
    pipelines go together with the source's by their ids, and generated projects for Dagster and Prefect, which are
    read and never imported. With --to, dagport translates the source itself. Exits with 1 when a pipeline differs,
    or when nobody can tell; with 0 when all is the same, or `reported`: not the same, but only where the writer has
    said so (approximate, delegated, a schedule without a form). --strict makes that 1. Your code is never run,
    unless by --run; with --engine, tasks that have your tasks' places are.
    """
    run: Run = ctx.obj
    wanted = _wanted(paths, targets)
    if run_ and any(one.orchestrator == "airflow" or one.orchestrator not in dict(engines) for one in wanted):
        raise click.UsageError("--run is for Dagster and Prefect as targets, and needs an --engine of each.")
    if target_version is not None and "airflow" not in targets:
        raise click.UsageError("--target-version is for --to airflow.")
    start: datetime = ctx.meta[START]
    documents = tuple(run.documents([paths[0]]))
    asked = _Asked(run, documents, Horizon(start, until or start + YEAR), limit, dict(engines), runs, run_, paths[0],
                   target_version or "3")  # fmt: skip
    verdicts: list[Verdict] = []
    for target in wanted:
        found = asked.verdicts(target)
        if found is None:
            run.status(())
            ctx.exit(CRASHED)
        verdicts += [replace(one, target=target.name) for one in found] if len(wanted) > 1 else found
    _print(run, verdicts, format_)
    proved = bool(verdicts) and all(verdict.state in (STRICTLY if strict else PROVED) for verdict in verdicts)
    found_in = [item for document in documents for item in document.graph.diagnostics]
    ctx.exit(run.status(found_in, findings=not proved))


@dataclass(frozen=True)
class _Wanted:
    """Something to compare with."""

    name: str
    orchestrator: str
    path: str | None = None  # None: dagport translates


def _wanted(paths: Sequence[str], targets: Sequence[str]) -> list[_Wanted]:
    """What to compare the source with. Raises ``UsageError``."""
    if len(paths) < 2 and not targets:
        raise click.UsageError("Name what the source was translated to, or --to.")
    for path in paths:
        if path != STDIN and not Path(path).exists():
            raise click.UsageError(f"There is no file or folder {path}.")
    found = [_Wanted(name, name) for name in dict.fromkeys(targets)]
    return found + [_Wanted(path, orchestrator_of(Path(path)) or "airflow", path) for path in paths[1:]]


@dataclass(frozen=True)
class _Asked:
    """What the command line asks about the source."""

    run: Run
    documents: tuple[Document, ...]
    horizon: Horizon
    limit: int | None
    engines: Mapping[str, str]
    runs: int
    run_both: bool
    path: str  # of the source
    target_version: AirflowVersion  # of Airflow that is written

    def verdicts(self, target: _Wanted) -> list[Verdict] | None:
        """The verdicts about one target; ``None``: the writer failed."""
        return self._airflow(target) if target.orchestrator == "airflow" else self._project(target)

    def _airflow(self, target: _Wanted) -> list[Verdict] | None:
        before = [document.graph for document in self.documents]
        manual: dict[str, set[str]] = defaultdict(set)
        others = _read(self.run, target.path) if target.path is not None else ()
        after: list[FileGraph] | None = [one.graph for one in others]
        if target.path is None:
            after = _translated(self.run, self.documents, manual, self.target_version)
        if after is None:
            return None
        told = _told(self.run, (*self.documents, *others), manual)
        found = list(verify_graphs(before, after, self.horizon, told, self.limit))
        engines = {name: python for name, python in self.engines.items() if name in AIRFLOWS}
        if not engines:
            return found
        return _with_engines(found, _on_engines(before, after, engines, self.runs, told))

    def _project(self, wanted: _Wanted) -> list[Verdict] | None:
        if wanted.path is None and not self.engines:
            found = self._against(wanted, tidy=False)
            if found is None or all(verdict.state in PROVED for verdict in found):
                return found  # no line of the generated code is named
        return self._against(wanted, tidy=True)

    def _against(self, wanted: _Wanted, *, tidy: bool) -> list[Verdict] | None:
        from dagport.verify.targets.found import package_of, project_files, style_of
        from dagport.verify.targets.verifying import Target, verify_target

        files = project_files(Path(wanted.path)) if wanted.path is not None else None
        package = package_of(files) if files is not None else None
        style: Style = style_of(files) if files is not None and wanted.orchestrator == "dagster" else "auto"
        translation = attempt(
            self.run,
            wanted.orchestrator,
            self.documents,
            allow_inexact=True,
            delegate=True,
            package=package,
            style=style,
            tidy=tidy,
        )
        if translation is None:
            return None
        target = Target(
            orchestrator="prefect" if wanted.orchestrator == "prefect" else "dagster",
            translation=translation,
            files=translation.files if files is None else files,
        )
        told = _told(self.run, self.documents, {})
        found = list(verify_target(self.documents, target, self.horizon, told, self.limit))
        python = self.engines.get(target.orchestrator)
        if python is None:
            return found
        module, _, name = ON_TARGETS.partition(":")
        ran = getattr(import_module(module), name)(self.documents, target, python, self.runs, told)
        found = _with_engines(found, ran)
        return [*found, *self._data(target, python)] if self.run_both else found

    def _data(self, target: Target, python: str) -> Iterator[Verdict]:
        versions = {pipeline.engine_version for one in self.documents for pipeline in one.graph.pipelines}
        wanted = "3" if versions == {"3"} else "2"
        if wanted not in self.engines:
            raise click.UsageError(f"--run needs the source's Airflow, too: --engine {wanted}=PYTHON.")
        module, _, name = ON_BOTH.partition(":")
        run_both = getattr(import_module(module), name)
        pythons = self.engines[wanted], python
        yield from run_both(
            self.documents, target, pythons, self.horizon.start, [self.run.search.root, Path(self.path)]
        )


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
        if verdict.check == "outcomes" and verdict.pipeline in by_pipeline:
            found.append(by_pipeline[verdict.pipeline])
    return found


def _translated(
    run: Run, documents: Sequence[Document], manual: dict[str, set[str]], version: AirflowVersion
) -> list[FileGraph] | None:
    """The graphs of what dagport writes for a version of Airflow; ``manual`` gets the tasks that it refuses."""
    from dagport.verify.again import read_again
    from dagport.workspace import Workspace

    translation = attempt(run, "airflow", documents, allow_inexact=True, delegate=False, target_version=version)
    if translation is None:
        return None
    for outcome in translation.outcomes:
        if outcome.fidelity == "manual":
            manual[outcome.pipeline].add(outcome.task)
    workspace = Workspace(run.search.root, run.request.source_roots)
    options = replace(run.request.options, airflow_version=version)
    return read_again(documents, translation.files, options, workspace)


def _read(run: Run, target: str) -> tuple[Document, ...]:
    """The target, which says by itself for which Airflow it is."""
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
    for line in table(columns(verdicts), rows(verdicts), numbers=("compared",), stream=out):
        out.line(line)
    for line in reasons(verdicts):
        out.line(line)
    if not run.console.quiet:
        err.line(", ".join(f"{number} {state}" for state, number in counts(verdicts).items() if number))
