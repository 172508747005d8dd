"""Groups that nest oddly."""

from __future__ import annotations

import pytest

from dagport.graph import FileGraph, Group, Pipeline, Schedule, Task
from dagport.writers.diagram import write_dot, write_mermaid
from dagport.writers.nesting import group_parents
from dagport.writers.text import write


@pytest.mark.parametrize(
    ("groups", "parents"),
    [
        ([], {}),
        ([("a", None), ("a.b", "a")], {"a": None, "a.b": "a"}),
        ([("a.b", "a"), ("a", None)], {"a.b": "a", "a": None}),
        ([("a", "gone")], {"a": None}),
        ([("a", "a")], {"a": None}),
        ([("a", "b"), ("b", "a")], {"a": None, "b": "a"}),
        ([("a", "b"), ("b", "c"), ("c", "b")], {"a": "b", "b": None, "c": "b"}),
        ([("a", None), ("a", "b"), ("b", None)], {"a": None, "b": None}),
        ([("", None)], {"": None}),
    ],
)
def test_every_group_and_task_is_reached(groups: list[tuple[str, str | None]], parents: dict[str, str | None]) -> None:
    pipeline = Pipeline(
        id="p",
        exact=True,
        schedule=Schedule(kind="manual"),
        groups=tuple(Group(id=name, parent=parent) for name, parent in groups),
        tasks=tuple(
            Task(id=f"task{number}", operator="x", kind="python", group=name) for number, name in enumerate(parents)
        ),
    )
    assert group_parents(pipeline) == parents
    for print_ in (write, write_dot, write_mermaid):
        text = "".join(print_([FileGraph(path="p", orchestrator="airflow", pipelines=(pipeline,))]))
        assert [text.count(task.id) for task in pipeline.tasks] == [1] * len(parents)
