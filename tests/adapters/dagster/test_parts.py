"""Which tasks run when only some are wanted, or when some have failed."""

from __future__ import annotations

import pytest

from dagport.graph import Edge, Pipeline, Schedule, Task
from dagport_adapters.dagster.wrap.parts import tasks_to_repeat, with_setups


def pipeline(text: str) -> Pipeline:
    """A pipeline of edges such as ``s>a a>t``; tasks that begin with ``s`` are setups, with ``t`` teardowns."""
    edges = [tuple(pair.split(">")) for pair in text.split()]
    tasks = sorted({task for edge in edges for task in edge})
    return Pipeline(
        id="d",
        exact=True,
        schedule=Schedule(kind="manual"),
        tasks=tuple(
            Task(id=task, operator="op", kind="other", setup=task[0] == "s", teardown=task[0] == "t") for task in tasks
        ),
        edges=tuple(Edge(upstream=upstream, downstream=downstream) for upstream, downstream in edges),
    )


@pytest.mark.parametrize(
    ("edges", "chosen", "expected"),
    [
        ("a>b b>c", "b", "b"),
        ("s>a a>b b>t s>t", "b", "b s t"),
        ("s>a a>t s>t t>z", "z", "z"),  # the teardown isn't below: the setup is for others
        ("s>a a>b", "b", "b s"),  # a setup without a teardown
        ("s1>a a>t1 s1>t1 s2>a", "a", "a s1 s2 t1"),
        ("s1>s2 s2>a a>t2 s2>t2 t2>t1 s1>t1", "a", "a s1 s2 t1 t2"),
        ("a>b", "a b", "a b"),
    ],
)
def test_setups_come_along(edges: str, chosen: str, expected: str) -> None:
    assert with_setups(chosen.split(), pipeline(edges)) == expected.split()


@pytest.mark.parametrize(
    ("unsuccessful", "chosen", "expected"),
    [
        ("b", "a b c d", "b c d"),
        ("b", "a b", "b"),
        ("", "a b c d", ""),
        ("a c", "a b c d", "a b c d"),
        ("d", "a b", ""),
    ],
)
def test_what_failed_is_done_again_with_all_below_it(unsuccessful: str, chosen: str, expected: str) -> None:
    found = tasks_to_repeat(unsuccessful.split(), chosen.split(), pipeline("a>b b>c c>d"))
    assert found == expected.split()
