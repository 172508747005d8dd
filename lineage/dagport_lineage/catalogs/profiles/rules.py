"""What a rule is, and rules that several catalogues share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dagport_lineage.facets import Event, Json

Severity: TypeAlias = Literal["error", "warning"]
TERMINAL = ("COMPLETE", "FAIL", "ABORT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An event as a rule sees it."""

    event: Event
    size: int  # bytes of its JSON

    @property
    def kind(self) -> str:
        """``RunEvent``, ``JobEvent`` or ``DatasetEvent``, as receivers tell them apart."""
        return "RunEvent" if "run" in self.event else "JobEvent" if "job" in self.event else "DatasetEvent"

    def text(self, *path: str) -> str | None:
        """The text at a path of keys; ``None`` where there is none, whatever is there instead."""
        found: Json = self.event
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, str) else None

    @property
    def name(self) -> str:
        """The job's name; empty where the event has none."""
        return self.text("job", "name") or ""

    @property
    def job_type(self) -> str | None:
        """``DAG`` or ``TASK``, where its facet says so."""
        return self.text("job", "facets", "jobType", "jobType")

    def datasets(self) -> Iterator[Json]:
        """All datasets of the event."""
        yield from self.event.get("inputs", ())
        yield from self.event.get("outputs", ())
        if "dataset" in self.event:
            yield self.event["dataset"]

    def facet(self, key: str) -> Json:
        """A facet of the job; empty where there is none."""
        return object_at(self.event.get("job"), "facets", key)


def object_at(holder: Json, *path: str) -> Json:
    """The object at a path of keys; empty where there is none, whatever is there instead."""
    for key in path:
        holder = holder.get(key) if isinstance(holder, dict) else None
    return holder if isinstance(holder, dict) else {}


Check: TypeAlias = Callable[[Subject], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that a catalogue refuses (``error``), or drops or changes (``warning``)."""

    id: str
    severity: Severity
    says: str  # for the table of the documentation
    todo: str  # what the user can do
    check: Check  # gives a message for each breach


@dataclass(slots=True)
class RunsSeen:
    """Which kinds of events each run has, for the rules that look at all of them."""

    kinds: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    jobs: dict[str, str] = field(default_factory=dict)

    def add(self, subject: Subject) -> None:
        """Take an event in."""
        if subject.kind == "RunEvent":
            run = str(subject.text("run", "runId"))
            self.kinds[run].add(str(subject.event.get("eventType")))
            self.jobs.setdefault(run, subject.name)

    def incomplete(self) -> Iterator[tuple[str, str]]:
        """Jobs with a run that doesn't begin or doesn't end, and which of both."""
        for run, kinds in self.kinds.items():
            if "START" not in kinds:
                yield self.jobs[run], f"the run {run} has no START event"
            if not kinds & set(TERMINAL):
                yield self.jobs[run], f"the run {run} has no COMPLETE, FAIL or ABORT event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A catalogue."""

    name: str  # what ``--for`` takes
    title: str
    takes: str  # kinds of events, for the table of the documentation
    source: str  # where the rules come from
    rules: tuple[Rule, ...]
    whole_runs: bool = False  # each run needs a START and an end


def run_events_only(
    title: str, *, todo: str = "export with --synthetic-runs, or let the runs' own events do it"
) -> Rule:
    """A catalogue that takes no events without a run."""

    def check(subject: Subject) -> Iterable[str]:
        if subject.kind != "RunEvent":
            yield f"{title} doesn't take a {subject.kind}"

    return Rule(
        id="run-events-only", severity="error", says="takes no JobEvent and no DatasetEvent", todo=todo, check=check
    )


def largest(title: str, limit: int) -> Rule:
    """A bound on the size of an event."""

    def check(subject: Subject) -> Iterable[str]:
        if subject.size > limit:
            yield f"the event has {subject.size:,} bytes, {title} takes {limit:,}"

    return Rule(
        id="event-size",
        severity="error",
        says=f"takes at most {limit:,} bytes an event",
        todo="export with --no-source-code; shorten SQL and documentation",
        check=check,
    )


def named(dataset: Json) -> str:
    """A dataset for a message."""
    return f"{dataset.get('namespace')}/{dataset.get('name')}"
