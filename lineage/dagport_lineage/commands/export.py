"""``dagport lineage export``."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import click

from dagport.cli.command import SourceCommand, source_options
from dagport.cli.console import clean
from dagport.cli.run import Run
from dagport.diagnostics import Diagnostic
from dagport.digests import sha256
from dagport.project.errors import ProjectError
from dagport_lineage.commands.sources import chosen, lineage_options, print_errors, read_files
from dagport_lineage.delivery import Delivery, configured, deliver
from dagport_lineage.delivery.configuration import Configuration
from dagport_lineage.delivery.errors import ConfigurationError, UnavailableError
from dagport_lineage.estate.coverage import Coverage, file_report, report_head, summary_lines
from dagport_lineage.estate.output import check_target, json_list, whole
from dagport_lineage.estate.revisions import Changes, Revision, is_same, revision
from dagport_lineage.estate.source import FileEvents, Stamp, stamped, without_location
from dagport_lineage.estate.synthetic import synthetic_runs
from dagport_lineage.events import json_line
from dagport_lineage.events.git import commit_of
from dagport_lineage.facets import CORE
from dagport_lineage.network import Network

FORMATS = ("openlineage", "datahub")
NO_SUCH_PATH = "DP101"
DATASET_EVENT = f"{CORE}/DatasetEvent"
TARGETS = ("console", "file", "http", "kafka")
TRANSPORTS = {"http": ("http", "async_http", "composite"), "kafka": ("kafka", "composite")}
"""What OpenLineage's configuration may say for each target that is a catalogue."""


@click.command(cls=SourceCommand)
@source_options
@lineage_options
@click.option("--to", type=click.Choice(TARGETS), help="Where the events go: standard output, a file, or a catalogue "
              "as OpenLineage's own configuration says. [default: console, with --output: file]")  # fmt: skip
@click.option("--output", "-o", type=click.Path(), metavar="FILE", help="The file to write, whole or not at all.")
@click.option("--force", is_flag=True, help="Overwrite a file that dagport didn't write.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="openlineage", show_default=True,
              help="Events, one a line; or DataHub's metadata change proposals, one list.")  # fmt: skip
@click.option("--datahub-instance", "instances", multiple=True, metavar="NAMESPACE=INSTANCE",
              help="DataHub's platform instance of a namespace of datasets.")  # fmt: skip
@click.option("--datahub-env", "env", default="PROD", show_default=True, help="DataHub's environment of datasets.")
@click.option("--synthetic-runs", is_flag=True, help="Run events in place of job events, for catalogues that take "
              "nothing else; each is tagged dagport_synthetic.")  # fmt: skip
@click.option("--since", metavar="COMMIT", help="Only files that differ from a commit, or look at one that does.")
@click.option("--event-time", metavar="TIME", help="Moment of the events, ISO 8601 with its offset. [default: that of "
              "the commit, outside of git now]")  # fmt: skip
@click.option("--report", type=click.Path(), metavar="FILE", help="Write what is known of each task, and what is "
              "missing, as JSON.")  # fmt: skip
@click.option("--fail-under", type=click.FloatRange(0, 100), metavar="PERCENT",
              help="Exit with 1 when less than this share of the tasks' sides is known.")  # fmt: skip
@click.option("--hide-sql-literals", is_flag=True, help="Literals in SQL are replaced.")
@click.option("--no-source-code", is_flag=True, help="Events carry no source code.")
@click.pass_context
def export(ctx: click.Context, /, paths: Sequence[str], **given: Any) -> None:
    """Write lineage as events, or hand them to a catalogue.

    One event a pipeline, one a task, one a declared asset. What is known and what isn't is counted at the end.
    """
    run: Run = ctx.obj
    job = Export(run, Choices(**given))
    job.check_usage()
    job.carry_out(paths)
    print_errors(run, job.diagnostics)
    job.print_summary()
    ctx.exit(run.status(job.diagnostics, findings=job.is_under() or job.has_failed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The options of the command."""

    namespace: str | None
    xcom: bool
    to: str | None
    output: str | None
    force: bool
    format_: str
    instances: Sequence[str]
    env: str
    synthetic_runs: bool
    since: str | None
    event_time: str | None
    report: str | None
    fail_under: float | None
    hide_sql_literals: bool
    no_source_code: bool


Write: TypeAlias = Callable[[str], object]


class Export:
    """One export, file by file: only counts and names are held, but for DataHub's form."""

    def __init__(self, run: Run, choices: Choices) -> None:
        self.run, self.choices = run, choices
        self.to = choices.to or ("file" if choices.output else "console")
        self.coverage = Coverage()
        self.diagnostics: list[Diagnostic] = []
        self.skipped = 0  # files that haven't changed
        self.delivery = Delivery()
        self.undelivered: str | None = None  # why the catalogue took no more
        self.seen: set[str] = set()  # digests of events of datasets: several files may declare one

    def check_usage(self) -> None:
        """Raises ``UsageError`` for options that don't go together."""
        choices = self.choices
        if (self.to == "file") != bool(choices.output):
            raise click.UsageError("--output goes with --to file, and --to file needs --output.")
        if choices.format_ == "datahub" and (self.to not in ("console", "file") or choices.synthetic_runs):
            raise click.UsageError("--format datahub is for files: without --to http or kafka, and --synthetic-runs.")
        if choices.format_ == "datahub" and choices.since:
            raise click.UsageError("--format datahub needs all files: what it says replaces what was there.")
        if self.to in TRANSPORTS:
            self.configuration  # noqa: B018 - before anything is read
        for path in filter(None, (choices.output, choices.report)):
            check_target(Path(path), force=choices.force)
        if choices.report and choices.output and Path(choices.report).absolute() == Path(choices.output).absolute():
            raise click.UsageError("--report and --output are the same file.")

    @cached_property
    def stamp(self) -> Stamp:
        """The moment and the commit that the events name."""
        given = self.choices.event_time
        return stamped(commit_of(self.run.search.root), None if given is None else _moment(given))

    @cached_property
    def configuration(self) -> Configuration:
        """Where a catalogue is. Raises ``ProjectError`` where OpenLineage's configuration says nothing that fits."""
        try:
            found = configured()
        except ConfigurationError as error:
            raise ProjectError(str(error)) from None
        kind = str(found.transport.get("type"))
        if kind not in TRANSPORTS[self.to]:
            raise ProjectError(f"--to {self.to}: OpenLineage's configuration names the transport {kind}")
        return found

    @cached_property
    def changes(self) -> Changes | None:
        """What differs from the commit that is named, if any."""
        since = self.choices.since
        return None if since is None else Changes(revision(self.run.search.root, since))

    @cached_property
    def head(self) -> Revision | None:
        """The commit that links to the sources are pinned to; ``None``: there are no links."""
        commit = self.stamp.commit
        if commit is None or not self.stamp.has_links:
            return None
        try:
            return revision(self.run.search.root, commit.revision)
        except ProjectError:
            # Whether the files are those of the commit can't be told, and a link that shows others would be wrong.
            self.run.console.message(f"events carry no links to {commit.revision[:12]}: git can't be asked about it")
            return None

    def is_linked(self, file: FileEvents) -> bool:
        """Whether a file is as it was committed."""
        return self.head is not None and file.inner is not None and is_same(self.head, file.inner)

    def carry_out(self, paths: Sequence[str]) -> None:
        """Read the files, and write what is asked for."""
        choices = self.choices
        with contextlib.ExitStack() as stack:
            out: Write = self.run.console.out.write
            if self.to == "file":
                out = stack.enter_context(whole(Path(str(choices.output)), self.is_worth_it)).write
            report = stack.enter_context(whole(Path(choices.report), self.is_worth_it)) if choices.report else None
            files = self.files(paths)
            if report:
                files = self.reported(files, report.write)
            if self.to in TRANSPORTS:
                self.deliver(files)
            elif choices.format_ == "datahub":
                self.write_datahub(files, out)
            else:
                for line in self.lines(files):
                    out(line + "\n")

    def is_worth_it(self) -> bool:
        """Whether what was read may replace what an earlier export wrote: not where a path was wrong, or all broken."""
        if any(item.code == NO_SUCH_PATH for item in self.diagnostics):
            return False
        return not self.diagnostics or bool(self.coverage.files or self.skipped)

    def files(self, paths: Sequence[str]) -> Iterator[FileEvents]:
        """The files to export, counted."""
        choices = self.choices
        options = chosen(
            self.run,
            choices.namespace,
            xcom=choices.xcom,
            hide_sql_literals=choices.hide_sql_literals,
            source_code=not choices.no_source_code,
        )
        settings = self.stamp.settings(options)
        for file in read_files(
            self.run, paths, settings, self.diagnostics, streams=self.to == "console", keeps=bool(self.changes)
        ):
            if self.changes and not self.changes.affects(file.inner, file.looks):
                self.skipped += 1
                continue
            self.coverage.add(file)
            yield file

    def reported(self, files: Iterable[FileEvents], write: Write) -> Iterator[FileEvents]:
        """The same files; the report is written meanwhile."""
        write(json.dumps(report_head(), indent=1).removesuffix("\n}") + ',\n "files": [')
        for number, file in enumerate(files):
            write((",\n  " if number else "\n  ") + json.dumps(file_report(file)))
            yield file
        deleted = self.changes.deleted if self.changes else []
        write(f'\n ],\n "deleted": {json.dumps(deleted)},\n "summary": {json.dumps(self.coverage.summary())}\n}}\n')

    def lines(self, files: Iterable[FileEvents]) -> Iterator[str]:
        """The events of files, each a line without its end."""
        for file in files:
            has_wrong_links = self.stamp.has_links and not self.is_linked(file)
            for line in file.events:
                found = self.stamp.on(without_location(line) if has_wrong_links else line)
                if self.choices.synthetic_runs:
                    yield from map(json_line, synthetic_runs(json.loads(found)))
                elif not self._is_repeated(found):
                    yield found

    def _is_repeated(self, line: str) -> bool:
        """Whether an event of a dataset was there before."""
        if '"schemaURL":"' + DATASET_EVENT not in line:
            return False
        digest = sha256(line.encode())
        if digest in self.seen:
            return True
        self.seen.add(digest)
        return False

    def deliver(self, files: Iterable[FileEvents]) -> None:
        """Send the events of files."""
        lines = self.lines(files)
        try:
            deliver(map(json.loads, lines), self.configuration, delivery=self.delivery)
        except ConfigurationError as error:
            raise ProjectError(str(error)) from None
        except UnavailableError as error:
            self.undelivered = str(error)
            deque(lines, maxlen=0)  # the counts and the report are of all files nevertheless

    def write_datahub(self, files: Iterable[FileEvents], write: Write) -> None:
        """All files as one list of proposals."""
        from dagport_lineage.catalogs.datahub import clashes, proposals  # start-up
        from dagport_lineage.catalogs.datahub_urns import Naming

        network = Network()
        for line in self.lines(files):
            network.add(json.loads(line))
        instances = dict(_instance(text) for text in self.choices.instances)
        naming = Naming(env=self.choices.env, instances=instances)
        for piece in json_list(proposals(network, naming, moment=self.stamp.moment)):
            write(piece)
        for urn, datasets in clashes(network, naming):
            names = ", ".join(map(str, datasets))
            self.run.console.message(f"one in DataHub: {names} are {urn}; --datahub-instance tells them apart")

    def print_summary(self) -> None:
        """What was exported, for people."""
        console = self.run.console
        for line in summary_lines(self.coverage):
            console.message(line)
        if not self.is_worth_it():
            for path in filter(None, (self.choices.output, self.choices.report)):
                console.err.line(clean(f"{path} isn't written: a path isn't there, or no file can be read."))
        if self.to in TRANSPORTS:
            self.print_delivery()
        if self.changes:
            console.message(f"left out: {self.skipped} files that are as in {self.changes.since.name}")
            for path in self.changes.deleted:
                if path.endswith((".py", ".yaml", ".yml")):
                    console.message(clean(f"deleted since then: {path}; jobs that it declared stay in the catalogue"))

    def print_delivery(self) -> None:
        """How delivery went, for people; failures in any case."""
        console, went = self.run.console, self.delivery
        more = f", {went.filtered} excluded by OpenLineage's configuration" if went.filtered else ""
        console.message(clean(f"delivered: {went.delivered} events to {self.configuration.describe()}{more}"))
        for name, why in went.refused:
            console.err.line(clean(f"refused: {name}: {why}"))
        if self.undelivered:
            console.err.line(clean(f"The catalogue takes no more events: {self.undelivered}. Export again to go on."))

    @property
    def has_failed(self) -> bool:
        """Whether an event wasn't delivered."""
        return bool(self.delivery.refused or self.undelivered)

    def is_under(self) -> bool:
        """Whether too little is known; if so, says it."""
        threshold = self.choices.fail_under
        if threshold is None or self.coverage.percent >= threshold:
            return False
        self.run.console.err.line(
            f"{self.coverage.shown_percent} of the sides known is under the threshold of {threshold:g}%."
        )
        return True


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--event-time: {text!r} is no moment in ISO 8601.") from None
    if moment.tzinfo is None:
        raise click.UsageError(f"--event-time: {text!r} has no offset, such as +00:00 or Z.")
    return moment


def _instance(text: str) -> tuple[str, str]:
    namespace, equals, instance = text.rpartition("=")
    if not (namespace and equals and instance):
        raise click.UsageError(f"--datahub-instance: {text!r} is not NAMESPACE=INSTANCE.")
    return namespace, instance
