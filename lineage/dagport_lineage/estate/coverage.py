"""How much is known of a whole project, counted as its files go by, and the report of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from dagport_lineage.estate.source import FileEvents, TaskCoverage
from dagport_lineage.facets import PRODUCER, Json
from dagport_lineage.model import DatasetName
from dagport_lineage.network import SIDES

STATES = ("resolved", "none", "partial", "unknown")
KNOWN = ("resolved", "none")


@dataclass(slots=True)
class Coverage:
    """Counts over many files. Memory doesn't grow with their number, but for the names of datasets."""

    files: int = 0
    pipelines: int = 0
    inexact: int = 0  # files with a pipeline whose graph isn't exact
    tasks: int = 0
    states: dict[str, Counter[str]] = field(default_factory=lambda: {side: Counter() for side in SIDES})
    reasons: Counter[str] = field(default_factory=Counter)
    datasets: set[DatasetName] = field(default_factory=set)

    def add(self, file: FileEvents) -> None:
        """Count a file."""
        self.files += 1
        self.pipelines += len(file.pipelines)
        self.inexact += not file.exact
        self.tasks += len(file.tasks)
        self.datasets.update(file.datasets)
        for task in file.tasks:
            for side, state in zip(SIDES, task.states, strict=True):
                self.states[side][state] += 1
            self.reasons.update({str(gap["reason"]) for gap in task.gaps})

    @property
    def jobs(self) -> int:
        """Pipelines and tasks."""
        return self.pipelines + self.tasks

    @property
    def known(self) -> int:
        """Sides of tasks of which nothing is missing."""
        return sum(counts[state] for counts in self.states.values() for state in KNOWN)

    @property
    def percent(self) -> float:
        """Share of the sides that are known; 100 where there are none."""
        return 100.0 * self.known / (2 * self.tasks) if self.tasks else 100.0

    @property
    def shown_percent(self) -> str:
        """The share for people: it isn't rounded up to all where something is missing."""
        is_complete = self.known == 2 * self.tasks
        return f"{self.percent if is_complete else min(self.percent, 99.9):.1f}%"

    def summary(self) -> Json:
        """The counts for other programs."""
        return {
            "files": self.files,
            "pipelines": self.pipelines,
            "files_not_exact": self.inexact,
            "tasks": self.tasks,
            "datasets": len(self.datasets),
            "sides": {side: {state: counts[state] for state in STATES} for side, counts in self.states.items()},
            "known_percent": round(self.percent, 2),
            "tasks_by_reason": dict(sorted(self.reasons.items())),
        }


def report_head() -> Json:
    """What a report begins with."""
    return {"schema_version": 1, "producer": PRODUCER}


def file_report(file: FileEvents) -> Json:
    """A file's part of the report."""
    return {"path": file.path, "exact": file.exact, "tasks": list(map(_task, file.tasks))}


def _task(task: TaskCoverage) -> Json:
    line = task.place.span[0] if task.place.span else None
    return {"job": task.job, "line": line, **dict(zip(SIDES, task.states, strict=True)), "gaps": list(task.gaps)}


def summary_lines(coverage: Coverage) -> Iterator[str]:
    """The counts for people."""
    yield (
        f"{_several(coverage.jobs, 'job')} ({_several(coverage.pipelines, 'pipeline')}, "
        f"{_several(coverage.tasks, 'task')}), {_several(len(coverage.datasets), 'dataset')} in "
        f"{_several(coverage.files, 'file')}"
    )
    yield f"known: {coverage.known} of {2 * coverage.tasks} sides of tasks ({coverage.shown_percent})"
    for side, counts in coverage.states.items():
        yield f"  {side:8}" + ", ".join(f"{counts[state]} {state}" for state in STATES)
    if coverage.reasons:
        found = sorted(coverage.reasons.items(), key=lambda item: (-item[1], item[0]))
        yield "  tasks with something unknown, by reason: " + ", ".join(f"{count} {name}" for name, count in found)


def _several(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
