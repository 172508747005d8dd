"""Declared inlets and outlets."""

from __future__ import annotations

from dagport.graph import Task
from dagport_lineage.model import Found, Gap, Read, Unresolved, Write
from dagport_lineage.naming.uris import asset_dataset
from dagport_lineage.scope import Scope


def declared(task: Task, scope: Scope) -> Found:
    """The datasets of a task's inlets and outlets."""
    place = scope.place(task)
    reads, writes, gaps = [], [], []
    for name in task.inlets:
        found = asset_dataset(name, scope)
        if isinstance(found, Unresolved):
            gaps.append(Gap(side="inputs", reason=found.reason, message=found.message, place=place))
        else:
            reads.append(Read(dataset=found, how="declared", place=place))
    for name in task.outlets:
        found = asset_dataset(name, scope)
        if isinstance(found, Unresolved):
            gaps.append(Gap(side="outputs", reason=found.reason, message=found.message, place=place))
        else:
            writes.append(Write(dataset=found, how="declared", place=place))
    return Found(reads=tuple(reads), writes=tuple(writes), gaps=tuple(gaps))
