"""The report for people: each finding with its source line, then a table of the pipelines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dagport.cli.console import Console, Stream, clean
from dagport.cli.reports import Report, percent
from dagport.cli.reports.table import table
from dagport.diagnostics import Diagnostic
from dagport.graph import Requirement
from dagport.project.summary import FIDELITIES, Row, requirements, share_carried
from dagport.source import Source

COLORS = {"error": "red", "warning": "yellow", "info": "cyan"}
NEEDED = ("kind", "name", "state", "asked for in")
SHOWN_PLACES = 3  # of a name; the report in JSON has all
SHOWN_DOUBTS = 4  # lines named in the table; the findings above it name all


def write(report: Report, console: Console) -> Iterator[str]:
    """Findings, what the deployment has to have, table, totals."""
    for text in (findings(report, console.out), needed(report, console.out), summary(report, console.out)):
        yield from (f"{line}\n" for line in text)


def findings(report: Report, stream: Stream, *, only_errors: bool = False) -> Iterator[str]:
    """Each diagnostic with an excerpt, the first of its code with its hint, and a blank line after it."""
    sources = {document.source.path: document.source for document in report.documents}
    hinted: set[str] = set()
    for item in report.diagnostics:
        if only_errors and item.severity != "error":
            continue
        yield from finding(item, sources.get(item.path or ""), stream, with_hint=item.code not in hinted)
        hinted.add(item.code)
        yield ""


def finding(item: Diagnostic, source: Source | None, stream: Stream, *, with_hint: bool = True) -> Iterator[str]:
    """One diagnostic on a few lines."""
    yield one_line(item, stream)
    if source and item.span:
        yield from clean(source.excerpt(item.span)).splitlines()
    if with_hint and item.hint:
        yield f"      = {clean(item.hint)}"


def one_line(item: Diagnostic, stream: Stream) -> str:
    """A diagnostic on one line: ``path:line:column: severity CODE message [pipeline.task]``."""
    place = ":".join(str(part) for part in (item.path, item.line, item.column) if part is not None)
    subject = ".".join(filter(None, (item.pipeline, item.task)))
    severity = stream.style(f"{item.severity} {item.code}", fg=COLORS[item.severity], bold=True)
    message = clean(" ".join(item.message.splitlines()))
    prefix = stream.style(clean(place).replace("\n", "\\n"), bold=True) + ": " if place else ""
    return prefix + f"{severity} {message}" + (f" [{clean(subject)}]" if subject else "")


def needed(report: Report, stream: Stream) -> Iterator[str]:
    """What the files need from their deployment: a line a name, with the places that ask for it."""
    by_name: dict[tuple[str, str], list[Requirement]] = {}
    for item in requirements(report.documents):
        by_name.setdefault((item.kind, item.name), []).append(item)
    if not by_name:
        return
    body = [
        [kind, clean(name), ", ".join(item.state for item in items), _places(items)]
        for (kind, name), items in by_name.items()
    ]
    yield stream.style("Needed from the deployment", bold=True)
    yield from (f"  {line}" for line in table(NEEDED, body, numbers=(), stream=stream))
    yield ""


def _places(items: Sequence[Requirement]) -> str:
    places = dict.fromkeys(
        f"{clean(place.path)}:{place.span[0]}" if place.span else clean(place.path)
        for item in items
        for place in item.places
    )
    named = list(places)[:SHOWN_PLACES]
    return ", ".join(named) + (f" and {len(places) - len(named)} more" if len(places) > len(named) else "")


def summary(report: Report, stream: Stream) -> Iterator[str]:
    """The table of all pipelines, and one line of totals."""
    if report.rows:
        yield from table(*_cells(report), numbers=("tasks", *FIDELITIES), stream=stream)
        yield ""
    yield totals(report)


def totals(report: Report) -> str:
    """Files, pipelines, tasks, the share carried over, and how many findings."""
    exact = sum(row.exact for row in report.rows)
    parts = [
        _count(len(report.documents), "file"),
        f"{_count(len(report.rows), 'pipeline')} ({exact} exact)",
        _count(sum(row.tasks for row in report.rows), "task"),
    ]
    share = share_carried(report.rows)
    if share is not None:
        parts.append(f"{percent(share)} carried over to {report.target}")
    delegated = sum((row.fidelities or {}).get("delegated", 0) for row in report.rows)
    if delegated:
        parts.append(f"{_count(delegated, 'task')} delegated")
    severities = [item.severity for item in report.diagnostics]
    parts += [_count(severities.count(name), name) for name in ("error", "warning") if name in severities]
    return ", ".join(parts) + "."


def not_native(report: Report) -> Iterator[str]:
    """After a blank line, a line for every task that isn't carried over exactly, and why."""
    outcomes = report.translation.outcomes if report.translation else ()
    inexact = [outcome for outcome in outcomes if outcome.fidelity != "native"]
    if inexact:
        yield ""
    for outcome in inexact:
        reason = " ".join((outcome.reason or "").splitlines())
        yield clean(f"{outcome.pipeline}.{outcome.task}: {outcome.fidelity}: {reason}")


def _cells(report: Report) -> tuple[list[str], list[list[str]]]:
    shown = [
        name
        for name in FIDELITIES
        if name != "delegated" or any((row.fidelities or {}).get(name) for row in report.rows)
    ]
    fidelities = shown if report.translation else []
    head = ["pipeline", "tasks", *fidelities, "exact", "doubts", "file"]
    body = [
        [
            clean(row.pipeline),
            str(row.tasks),
            *(str((row.fidelities or {}).get(name, 0)) for name in fidelities),
            "yes" if row.exact else "no",
            _doubts(row),
            clean(row.path),
        ]
        for row in report.rows
    ]
    return head, body


def _doubts(row: Row) -> str:
    lines = sorted({item.line for item in row.doubts if item.line is not None})
    if not lines:
        return f"{len(row.doubts)}" if row.doubts else ""
    named = ", ".join(map(str, lines[:SHOWN_DOUBTS])) + (", ..." if len(lines) > SHOWN_DOUBTS else "")
    return f"{len(row.doubts)}: line{'s' if len(lines) > 1 else ''} {named}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
