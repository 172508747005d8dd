"""What a run found, pipeline by pipeline: how many tasks, how sure, and what a translation makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from dagport.diagnostics import Diagnostic
from dagport.graph import FileGraph, Place, Requirement, RequirementKind, RequirementState
from dagport.translation import Document, Fidelity, TaskOutcome, Translation

FIDELITIES: tuple[Fidelity, ...] = get_args(Fidelity)
STATES: tuple[RequirementState, ...] = get_args(RequirementState)
CARRIED: tuple[Fidelity, ...] = ("native", "approximate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One pipeline of one file."""

    path: str
    pipeline: str
    exact: bool
    tasks: int
    fidelities: Mapping[Fidelity, int] | None  # None: no translation was asked for
    doubts: tuple[Diagnostic, ...]  # errors and warnings of reading it


def rows(documents: Sequence[Document], translation: Translation | None) -> list[Row]:
    """A row a pipeline, in the order of the documents; pipelines that share an id in one file share a row.

    A task that a translation says nothing about wasn't carried over: it counts as ``manual``.
    """
    outcomes: dict[tuple[str, str], list[TaskOutcome]] = {}
    for outcome in translation.outcomes if translation else ():
        outcomes.setdefault((outcome.path, outcome.pipeline), []).append(outcome)
    return [
        _row(document.graph, name, outcomes.get((document.graph.path, name), []) if translation else None)
        for document in documents
        for name in dict.fromkeys(pipeline.id for pipeline in document.graph.pipelines)
    ]


def share_carried(table: Iterable[Row]) -> float | None:
    """Percent of all tasks that are native or approximate; ``None`` where no translation was made of any task.

    Delegated ones run in the target, too, but still need the engine that they were written for.
    """
    counted = [row for row in table if row.fidelities is not None]
    total = sum(row.tasks for row in counted)
    carried = sum((row.fidelities or {}).get(name, 0) for row in counted for name in CARRIED)
    return 100.0 * carried / total if total else None


def requirements(documents: Iterable[Document]) -> list[Requirement]:
    """What all files together need from their deployment: by kind, name and state, each with all its places."""
    places: dict[tuple[RequirementKind, str, RequirementState], dict[Place, None]] = {}
    for document in documents:
        for item in document.graph.deployment:
            places.setdefault((item.kind, item.name, item.state), {}).update(dict.fromkeys(item.places))
    ordered = sorted(places, key=lambda key: (key[0], key[1], STATES.index(key[2])))
    return [
        Requirement(
            kind=kind,
            name=name,
            state=state,
            places=tuple(sorted(places[kind, name, state], key=lambda place: (place.path, place.span or ()))),
        )
        for kind, name, state in ordered
    ]


def _row(graph: FileGraph, name: str, outcomes: Sequence[TaskOutcome] | None) -> Row:
    pipelines = [pipeline for pipeline in graph.pipelines if pipeline.id == name]
    tasks = sum(len(pipeline.tasks) for pipeline in pipelines)
    return Row(
        path=graph.path,
        pipeline=name,
        exact=all(pipeline.exact for pipeline in pipelines),
        tasks=tasks,
        fidelities=None if outcomes is None else _fidelities(outcomes, tasks),
        doubts=tuple(item for item in graph.diagnostics if item.severity != "info" and item.pipeline in (None, name)),
    )


def _fidelities(outcomes: Sequence[TaskOutcome], tasks: int) -> dict[Fidelity, int]:
    counts = Counter(outcome.fidelity for outcome in outcomes)
    counts["manual"] += max(0, tasks - len(outcomes))
    return {name: counts[name] for name in FIDELITIES}
