"""Dependencies: folding, ancestors, order."""

from __future__ import annotations

import pytest

from dagport.graph import DataFlow, Edge, Pipeline, Schedule, Task
from dagport.values import Ref
from dagport.writers.common.edges import FOLD_LIMIT, Dependencies, is_empty

EMPTY = "airflow.operators.empty.EmptyOperator"


def pipeline(tasks: str, edges: str, flows: str = "") -> Pipeline:
    """Tasks whose name is in capitals are empty; edges as ``ab bc``."""
    return Pipeline(
        id="p",
        exact=True,
        schedule=Schedule(kind="manual"),
        tasks=tuple(Task(id=name, operator=EMPTY if name.isupper() else "x.Op", kind="other") for name in tasks),
        edges=tuple(Edge(upstream=pair[0], downstream=pair[1]) for pair in edges.split()),
        data_flows=tuple(DataFlow(upstream=pair[0], downstream=pair[1], key="k") for pair in flows.split()),
    )


@pytest.mark.parametrize(
    ("tasks", "edges", "left", "folded"),
    [
        ("ab", "ab", "ab", ""),
        ("aEb", "aE Eb", "ab", "E"),
        ("Sab", "Sa Sb", "", "S"),
        ("abE", "aE bE", "", "E"),
        ("abEcd", "aE bE Ec Ed", "ac ad bc bd", "E"),
        ("aEFb", "aE EF Fb", "ab", "EF"),
        ("aEb", "aE Eb ab", "ab", "E"),
        ("E", "", "", ""),  # all are empty: the job has to run something
        ("EF", "EF", "EF", ""),
    ],
)
def test_folding(tasks: str, edges: str, left: str, folded: str) -> None:
    found = Dependencies(pipeline(tasks, edges))
    assert " ".join(
        f"{up}{down}" for down in sorted(found.upstream) for up in sorted(found.upstream[down])
    ) == " ".join(sorted(left.split(), key=lambda pair: (pair[1], pair[0])))
    assert found.folded == frozenset(folded)


def test_a_task_whose_result_is_taken_stays() -> None:
    assert Dependencies(pipeline("aEb", "aE Eb", "Eb")).folded == frozenset()


def test_a_wide_join_stays() -> None:
    many = "abcdefghi"
    wide = Dependencies(
        pipeline(f"{many}Exyzwvuts", " ".join([*(f"{up}E" for up in many), *(f"E{down}" for down in "xyzwvuts")]))
    )
    assert len(many) * 8 > FOLD_LIMIT
    assert wide.folded == frozenset()


@pytest.mark.parametrize(
    "changes",
    [
        {"trigger_rule": "all_done"},
        {"outlets": ("asset",)},
        {"teardown": True},
        {"depends_on_past": True},
        {"arguments": {"on_success_callback": Ref("tell")}},
        {"operator": "airflow.operators.latest_only.LatestOnlyOperator"},
    ],
)
def test_what_looks_empty_and_is_not(changes: dict[str, object]) -> None:
    arguments: dict[str, object] = {"id": "t", "operator": EMPTY, "kind": "empty", **changes}
    assert not is_empty(Task(**arguments))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tasks", "edges", "order"),
    [("abc", "", "abc"), ("abc", "ca", "bca"), ("abcd", "db ba", "cdba"), ("aEb", "bE Ea", "ba")],
)
def test_order(tasks: str, edges: str, order: str) -> None:
    assert "".join(Dependencies(pipeline(tasks, edges)).order) == order


def test_ancestors() -> None:
    found = Dependencies(pipeline("abEcd", "ab bE Ec"))
    assert found.ancestors("c") == {"a", "b"}
    assert found.ancestors("d") == frozenset()
