"""What is counted of a project."""

from __future__ import annotations

import pytest

from dagport.graph import Place
from dagport_lineage.estate.coverage import Coverage, summary_lines
from dagport_lineage.estate.source import FileEvents, TaskCoverage
from dagport_lineage.model import DatasetName

PLACE = Place(path="dags/a.py", span=(3, 1, 3, 9))


def file(*states: tuple[str, str], reasons: tuple[str, ...] = (), exact: bool = True) -> FileEvents:
    """A file with a pipeline, and a task for each pair of states."""
    gaps = tuple({"side": "both", "reason": reason, "message": "x"} for reason in reasons)
    return FileEvents(
        path="dags/a.py",
        inner="dags/a.py",
        exact=exact,
        pipelines=(("d", PLACE),),
        tasks=tuple(TaskCoverage(job="d.t", place=PLACE, states=pair, gaps=gaps) for pair in states),
        datasets=(DatasetName("n", "a"), DatasetName("n", "b")),
        events=(),
    )


def counted(*files: FileEvents) -> Coverage:
    found = Coverage()
    for item in files:
        found.add(item)
    return found


@pytest.mark.parametrize(
    ("states", "known", "percent"),
    [
        ([], 0, 100.0),
        ([("resolved", "none")], 2, 100.0),
        ([("partial", "unknown")], 0, 0.0),
        ([("resolved", "partial"), ("none", "none")], 3, 75.0),
    ],
)
def test_known_sides(states: list[tuple[str, str]], known: int, percent: float) -> None:
    found = counted(file(*states))
    assert (found.known, found.percent) == (known, percent)


def test_almost_all_isnt_all() -> None:
    found = counted(file(*[("none", "none")] * 5000, ("none", "unknown")))
    assert found.shown_percent == "99.9%"
    assert counted(file(("none", "none"))).shown_percent == "100.0%"


def test_counts() -> None:
    one = file(("resolved", "unknown"), ("none", "partial"), reasons=("sql", "sql", "template"))
    found = counted(one, file(exact=False))
    assert found.summary() == {
        "files": 2,
        "pipelines": 2,
        "files_not_exact": 1,
        "tasks": 2,
        "datasets": 2,
        "sides": {
            "inputs": {"resolved": 1, "none": 1, "partial": 0, "unknown": 0},
            "outputs": {"resolved": 0, "none": 0, "partial": 1, "unknown": 1},
        },
        "known_percent": 50.0,
        "tasks_by_reason": {"sql": 2, "template": 2},
    }
    assert list(summary_lines(found)) == [
        "4 jobs (2 pipelines, 2 tasks), 2 datasets in 2 files",
        "known: 2 of 4 sides of tasks (50.0%)",
        "  inputs  1 resolved, 1 none, 0 partial, 0 unknown",
        "  outputs 0 resolved, 0 none, 1 partial, 1 unknown",
        "  tasks with something unknown, by reason: 2 sql, 2 template",
    ]
