"""Declared inlets and outlets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from dagport.graph import Task
from dagport_lineage.model import DatasetName, Found, Gap, Read, Unresolved, Write
from dagport_lineage.naming.assets import asset_dataset
from dagport_lineage.scope import Scope
from dagport_lineage.secrets import redact

SIDES: dict[str, Literal["inputs", "outputs"]] = {"inlets": "inputs", "outlets": "outputs"}


def declared(task: Task, scope: Scope) -> Found:
    """The datasets of a task's inlets and outlets."""
    place = scope.place(task)
    inputs, gaps = _named(task.inlets, "inlets", task, scope)
    outputs, more = _named(task.outlets, "outlets", task, scope)
    return Found(
        reads=tuple(Read(dataset=name, how="declared", place=place) for name in inputs),
        writes=tuple(Write(dataset=name, how="declared", place=place) for name in outputs),
        gaps=(*gaps, *more),
    )


def _named(names: Sequence[str], field: str, task: Task, scope: Scope) -> tuple[list[DatasetName], list[Gap]]:
    """The datasets of one of the two fields, and what of it can't be named."""
    found = [asset_dataset(name, scope) for name in names]
    reasons = [item for item in found if isinstance(item, Unresolved)]
    reasons += [Unresolved("opaque", message) for message in _left_out(field, task, scope)]
    gaps = [
        Gap(side=SIDES[field], reason=item.reason, message=item.message, place=scope.place(task)) for item in reasons
    ]
    return [item for item in found if isinstance(item, DatasetName)], gaps


def _left_out(field: str, task: Task, scope: Scope) -> Iterator[str]:
    """Why the graph leaves out some: what isn't known to be an asset is a diagnostic, and not in the field."""
    start = f"one of the {field} of the task {task.id!r}"
    for diagnostic in scope.graph.diagnostics:
        if diagnostic.message.startswith(start) and diagnostic.pipeline in (None, scope.pipeline.id):
            yield redact(diagnostic.message)
