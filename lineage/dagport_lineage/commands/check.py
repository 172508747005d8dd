"""``dagport lineage check``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from dagport.cli.command import SourceCommand, source_options
from dagport.cli.console import Console, clean
from dagport.cli.run import Run
from dagport.diagnostics import Diagnostic
from dagport.graph import Place
from dagport.project.errors import ProjectError
from dagport_lineage.catalogs.profiles import profiles
from dagport_lineage.catalogs.profiles.rules import Profile, RunsSeen, Severity, Subject, object_at
from dagport_lineage.commands.drawing import shown
from dagport_lineage.commands.loading import is_export, read_export
from dagport_lineage.commands.sources import chosen, lineage_options, print_errors, read_files
from dagport_lineage.estate.source import Settings
from dagport_lineage.events import json_line
from dagport_lineage.events.validation import problems, unverifiable
from dagport_lineage.facets import Event

ALL = "all"
SHOWN = 10  # findings of one rule in the report for people


@click.command(cls=SourceCommand)
@source_options
@lineage_options
@click.option("--for", "targets", multiple=True, metavar="CATALOGUE",
              help="Also what a catalogue would refuse, drop or change: one of the profiles of docs/lineage.md, or "
              "all.")  # fmt: skip
@click.option("--format", "format_", type=click.Choice(["text", "json", "github"]), default="text",
              show_default=True, help="Form of the report; github: workflow commands.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too.")
@click.pass_context
def check(ctx: click.Context, /, paths: Sequence[str], **given: Any) -> None:
    """Check events by the official schemas and by catalogues' rules.

    They are those of DAG files, or of an export. Exits with 1 when anything is an error.
    """
    run: Run = ctx.obj
    job = Checks(_chosen(given["targets"]))
    diagnostics: list[Diagnostic] = []
    for event, place in _events(run, paths, given, diagnostics):
        job.look_at(event, place)
    job.finish()
    for piece in FORMATS[given["format_"]](job, run.console):
        run.console.out.write(piece)
    print_errors(run, diagnostics)
    failing = ("error", "warning") if given["strict"] else ("error",)
    ctx.exit(run.status(diagnostics, findings=any(item.severity in failing for item in job.findings)))


def _chosen(targets: Sequence[str]) -> list[Profile]:
    known = profiles()
    for name in targets:
        if name not in (*known, ALL):
            from dagport.cli.closest import did_you_mean

            names = ", ".join([*known, ALL])
            raise click.UsageError(f"--for: {name!r} is none of {names}." + did_you_mean(name, [*known, ALL]))
    return list(known.values()) if ALL in targets else [known[name] for name in dict.fromkeys(targets)]


def _events(
    run: Run, paths: Sequence[str], given: Mapping[str, Any], diagnostics: list[Diagnostic]
) -> Iterator[tuple[Event, Place | None]]:
    exports = [path for path in paths if is_export(path)]
    if exports and len(exports) < len(paths):
        raise ProjectError(f"{exports[0]} is an export; sources can't be taken together with it")
    for path in exports:
        for number, event in read_export(path):
            yield event, Place(path=path, span=(number, 1, number, 1))
    if exports:
        return
    options = chosen(run, given["namespace"], xcom=given["xcom"])
    for file in read_files(run, paths, Settings(lineage=options), diagnostics):
        places = file.places
        for line in file.events:
            event = json.loads(line)
            yield event, places.get(event.get("job", {}).get("name"), Place(path=file.path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong with an event."""

    profile: str  # name of a profile; "openlineage": the official rules
    rule: str
    severity: Severity
    subject: str  # the job or dataset
    message: str
    todo: str
    place: Place | None


@dataclass(slots=True)
class Checks:
    """The findings of all events."""

    profiles: Sequence[Profile]
    events: int = 0
    findings: list[Finding] = field(default_factory=list)
    unverifiable: Counter[str] = field(default_factory=Counter)
    runs: RunsSeen = field(default_factory=RunsSeen)
    declared: dict[tuple[str, str], Place | None] = field(default_factory=dict)
    twins: set[tuple[object, object]] = field(default_factory=set)

    def look_at(self, event: Event, place: Place | None) -> None:
        """Check one event."""
        self.events += 1
        name = _name(event)
        wrong = problems(event)
        for text in wrong:
            todo = "correct the producer of the event"
            self._add("openlineage", "schema", "error", name, text, todo, place)
        if wrong and not _is_shaped(event):
            return  # the rules below need its shape
        self.unverifiable.update(text.rpartition(": ")[2] for text in unverifiable(event))
        self._look_for_twins(event, name, place)
        subject = Subject(event=event, size=len(json_line(event)))
        self.runs.add(subject)
        for profile in self.profiles:
            for rule in profile.rules:
                for text in rule.check(subject):
                    self._add(profile.name, rule.id, rule.severity, name, text, rule.todo, place)

    def _look_for_twins(self, event: Event, name: str, place: Place | None) -> None:
        """A job that two events declare: a catalogue keeps one of them. A pipeline stands for its tasks."""
        if "run" in event or "job" not in event:
            return
        key = (event["job"]["namespace"], event["job"]["name"])
        parent = object_at(event["job"], "facets", "dagport_controlFlow", "parent")
        if key in self.declared and (parent.get("namespace"), parent.get("name")) in self.twins:
            return
        if key in self.declared:
            self.twins.add(key)
            first = self.declared[key]
            where = f" at {shown(first)}" if first else ""
            text = f"the job {name} is declared a second time; the first one is{where or ' an earlier event'}"
            todo = "give the DAGs different ids, or export them to namespaces of their own"
            self._add("openlineage", "one-job-twice", "error", name, text, todo, place)
        self.declared.setdefault(key, place)

    def finish(self) -> None:
        """Check what only all events together show."""
        for profile in self.profiles:
            if profile.whole_runs:
                for job, text in self.runs.incomplete():
                    todo = "send all events of the run"
                    self._add(profile.name, "whole-runs", "error", job, text, todo, None)

    def _add(
        self, profile: str, rule: str, severity: Severity, subject: str, message: str, todo: str, place: Place | None
    ) -> None:
        self.findings.append(
            Finding(
                profile=profile,
                rule=rule,
                severity=severity,
                subject=subject,
                message=message,
                todo=todo,
                place=place,
            )
        )


def _is_shaped(event: Event) -> bool:
    job, dataset, run = (event.get(name) for name in ("job", "dataset", "run"))
    sides = [event.get("inputs", []), event.get("outputs", [])]
    if not all(isinstance(side, list) and all(isinstance(item, dict) for item in side) for side in sides):
        return False
    if run is not None and not isinstance(run, dict):
        return False
    named = job if "job" in event else dataset
    return isinstance(named, dict) and all(isinstance(named.get(key), str) for key in ("namespace", "name"))


def _name(event: object) -> str:
    holder = event.get("job") or event.get("dataset") if isinstance(event, dict) else None
    return str(holder.get("name", "?")) if isinstance(holder, dict) else "?"


def _text(checks: Checks, console: Console) -> Iterator[str]:
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in checks.findings:
        groups.setdefault((finding.profile, finding.rule), []).append(finding)
    for (profile, rule), found in groups.items():
        head = f"{profile} {rule}: {len(found)} {found[0].severity}{'' if len(found) == 1 else 's'}"
        yield console.out.style(head, bold=True) + f"  ({found[0].todo})\n"
        for finding in found[:SHOWN]:
            place = f"{shown(finding.place)}: " if finding.place else ""
            yield clean(f"  {place}{finding.subject}: {finding.message}") + "\n"
        if len(found) > SHOWN:
            yield f"  and {len(found) - SHOWN} more; --format json has them all\n"
    for address, count in sorted(checks.unverifiable.items()):
        yield clean(f"not checked, its schema isn't known here: {address} ({count} facets)") + "\n"
    by_severity = Counter(finding.severity for finding in checks.findings)
    yield f"{checks.events} events, {by_severity['error']} errors, {by_severity['warning']} warnings\n"


def _json(checks: Checks, _: Console) -> Iterator[str]:
    findings = [
        {
            "profile": item.profile,
            "rule": item.rule,
            "severity": item.severity,
            "job": item.subject,
            "message": item.message,
            "todo": item.todo,
            "path": item.place.path if item.place else None,
            "line": item.place.span[0] if item.place and item.place.span else None,
        }
        for item in checks.findings
    ]
    content = {"events": checks.events, "findings": findings, "unverifiable": dict(sorted(checks.unverifiable.items()))}
    yield json.dumps(content, indent=1) + "\n"


def _github(checks: Checks, _: Console) -> Iterator[str]:
    for item in checks.findings:
        where = f"file={_property(item.place.path)}," if item.place else ""
        where += f"line={item.place.span[0]}," if item.place and item.place.span else ""
        title = _property(f"{item.profile} {item.rule}")
        yield f"::{item.severity} {where}title={title}::{_data(f'{item.subject}: {item.message}. {item.todo}')}\n"


def _data(text: str) -> str:
    return clean(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMATS: Mapping[str, Callable[[Checks, Console], Iterator[str]]] = {"text": _text, "json": _json, "github": _github}
