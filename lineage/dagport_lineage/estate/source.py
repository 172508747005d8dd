"""From source files to events: made where a file is read, in any process, and kept with its graph.

Moments and revisions differ from run to run while the files stay the same. So the lines are made with stand-ins for
them, and the real ones are put in when the lines are taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dagport.graph import Place
from dagport.project.read import Extra, Result
from dagport_lineage.events import json_line
from dagport_lineage.events.git import Commit
from dagport_lineage.events.run_facets import instant
from dagport_lineage.facets import Json
from dagport_lineage.model import DatasetName
from dagport_lineage.scope import LineageOptions

MOMENT = datetime(1, 1, 1, 1, 1, 1, 111111, UTC)
REVISION = "0dab0a7e5107" * 3 + "0da9"
BRANCH = "dagport-stands-in-for-the-branch"
LINES = "dagport_lineage.estate.lines:lines"  # imported by who reads files: what is kept doesn't need it
COVERAGE, EVENT = "coverage", "event"  # the first word of a line says what follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that decides over the lines of a file."""

    lineage: LineageOptions
    repo_url: str | None = None  # of the repository that the project lies in
    prefix: str = ""  # where it lies there
    has_branch: bool = False
    root: str = ""  # of the project; the commit says nothing of files elsewhere

    @property
    def commit(self) -> Commit | None:
        """The commit with stand-ins."""
        if self.repo_url is None:
            return None
        branch = BRANCH if self.has_branch else None
        return Commit(revision=REVISION, repo_url=self.repo_url, branch=branch, prefix=self.prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What the stand-ins stand for."""

    moment: datetime
    commit: Commit | None = None

    @property
    def has_links(self) -> bool:
        """Whether events link to their sources."""
        return self.commit is not None and self.commit.repo_url is not None

    def settings(self, options: LineageOptions) -> Settings:
        """The settings that fit."""
        if self.commit is None:
            return Settings(lineage=options)
        has_branch = self.commit.branch is not None
        return Settings(
            lineage=options, repo_url=self.commit.repo_url, prefix=self.commit.prefix, has_branch=has_branch
        )

    def on(self, line: str) -> str:
        """An event's line with the real moment and revision."""
        line = line.replace(_moment(MOMENT), _moment(self.moment), 1)
        if self.commit is None:
            return line
        line = line.replace(REVISION, self.commit.revision)
        return line.replace(json.dumps(BRANCH), json.dumps(self.commit.branch)) if self.commit.branch else line


def _moment(moment: datetime) -> str:
    # Inside of a string the quotes would be escaped: this stands at the event's own key only.
    return f'"eventTime":"{instant(moment)}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCoverage:
    """How well a task is known."""

    job: str  # name of its job
    place: Place
    states: tuple[str, str]  # of its inputs and its outputs
    gaps: tuple[Json, ...]  # with ``side``, ``reason``, ``message``, ``path`` and ``line``


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEvents:
    """What came of one source file."""

    path: str
    inner: str | None  # its path relative to the project's root; None: it lies elsewhere
    exact: bool
    pipelines: tuple[tuple[str, Place], ...]
    tasks: tuple[TaskCoverage, ...]
    datasets: tuple[DatasetName, ...]
    events: tuple[str, ...]  # JSON, with stand-ins
    looks: str | None = None  # see ``dagport.project.outcome.Outcome``

    @property
    def places(self) -> dict[str, Place]:
        """Where each job stands, by its name."""
        return {**dict(self.pipelines), **{task.job: task.place for task in self.tasks}}


def extra(settings: Settings) -> Extra:
    """What readers are to make of each file."""
    return Extra(function=LINES, settings=settings, rests_on=("dagport_lineage", "sqlglot"), suffices=True)


def file_results(result: Result) -> Iterator[FileEvents]:
    """What a reading brought: one for each of its documents that has pipelines or assets."""
    head: Any = None
    events: list[str] = []
    for line in result.extra:
        word, _, content = line.partition(" ")
        if word == EVENT:
            events.append(content)
            continue
        if head is not None:
            yield _file(head, events, result.looks)
        head, events = json.loads(content), []
    if head is not None:
        yield _file(head, events, result.looks)


def _file(head: Any, events: Iterable[str], looks: str | None) -> FileEvents:
    path, pipelines = head["path"], head["pipelines"]
    return FileEvents(
        path=path,
        inner=head["inner"],
        exact=all(pipeline["exact"] for pipeline in pipelines),
        pipelines=tuple((pipeline["id"], _place(path, pipeline["span"])) for pipeline in pipelines),
        tasks=tuple(
            TaskCoverage(
                job=f"{pipeline['id']}.{task['id']}",
                place=_place(path, task["span"]),
                states=(task["states"][0], task["states"][1]),
                gaps=tuple(task["gaps"]),
            )
            for pipeline in pipelines
            for task in pipeline["tasks"]
        ),
        datasets=tuple(DatasetName(namespace, name) for namespace, name in head["datasets"]),
        events=tuple(events),
        looks=looks,
    )


def _place(path: str, span: list[int] | None) -> Place:
    return Place(path=path, span=(span[0], span[1], span[2], span[3]) if span else None)


def without_location(line: str) -> str:
    """An event's line that doesn't say where its source lies: the commit has another text of it."""
    event = json.loads(line)
    event.get("job", {}).get("facets", {}).pop("sourceCodeLocation", None)
    return json_line(event)


def stamped(commit: Commit | None, moment: datetime | None) -> Stamp:
    """The stamp of a run: the given moment, else that of the commit, else now."""
    return Stamp(moment=moment or (commit and commit.time) or datetime.now(UTC), commit=commit)
