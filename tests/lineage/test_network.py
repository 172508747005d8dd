"""Networks of events, walks through them, and what two of them have apart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport_lineage.commands.tables import datasets_table, jobs_json
from dagport_lineage.estate.difference import compare
from dagport_lineage.estate.walk import Direction, Node, find, similar, walk
from dagport_lineage.facets import Event, facet
from dagport_lineage.network import ColumnName, Network
from tests.lineage.made import columns, dag, dataset_event, ds, job, network, run_event, schema, table, task

SHOP = [
    dag("load"),
    task("load.a", ["raw"], ["clean"]),
    dag("mart"),
    task("mart.b", ["clean", "rates"], ["sums", "log"], entries={"sums": ["clean", "rates"], "log": []}),
    task("mart.c", ["sums"], gaps=[("outputs", "command", "what `run.sh` writes isn't known")]),
]


def reached(found: Network, start: Any, direction: Direction, depth: int | None = None) -> list[str]:
    """What a walk comes to, with a question mark where that isn't certain."""
    steps = walk(found, start, direction, depth)
    return [f"{step.end}{'' if step.is_known else '?'}".removeprefix("postgres://db:5432/") for step in steps]


@pytest.mark.parametrize(
    ("start", "direction", "expected"),
    [
        (ds("sums"), "upstream", ["mart.b", "clean", "load.a", "raw", "rates"]),
        (ds("sums"), "downstream", ["mart.c"]),
        (ds("raw"), "downstream", ["load.a", "clean", "mart.b", "sums", "mart.c"]),  # nothing of it goes into the log
        (ds("log"), "upstream", ["mart.b"]),
        (job("mart.b"), "upstream", ["clean", "load.a", "raw", "rates"]),
        (job("mart"), "upstream", ["clean", "load.a", "raw", "rates"]),  # a pipeline: what comes from outside of it
        (job("mart"), "downstream", ["log", "sums", "mart.c"]),
        (ds("nowhere"), "upstream", []),
    ],
)
def test_walk(start: Any, direction: Direction, expected: list[str]) -> None:
    assert reached(network(*SHOP), start, direction) == expected


def test_depth_counts_datasets() -> None:
    found = network(*SHOP)
    assert reached(found, ds("sums"), "upstream", 1) == ["mart.b", "clean", "rates"]
    assert reached(found, ds("sums"), "upstream", 2) == ["mart.b", "clean", "load.a", "raw", "rates"]


def test_what_is_not_said_is_no_certain_flow() -> None:
    found = network(task("d.t", ["a", "b"], ["x", "y"]))
    assert reached(found, ds("x"), "upstream") == ["d.t", "a?", "b?"]
    assert reached(found, ds("a"), "downstream") == ["d.t", "x?", "y?"]
    assert reached(network(task("d.t", ["a"], ["x"])), ds("x"), "upstream") == ["d.t", "a"]


def test_a_job_is_passed_once_for_each_of_its_datasets() -> None:
    """What one output is made of says nothing of the other."""
    both = task("d.t", ["s1", "s2"], ["x1", "x2"], entries={"x1": ["s1"], "x2": ["s2"]})
    found = network(both, task("d.u", ["x1", "x2"], ["z"], entries={"z": ["x1", "x2"]}))
    assert reached(found, ds("z"), "upstream") == ["d.u", "x1", "d.t", "s1", "x2", "d.t", "s2"]


def test_circles_end() -> None:
    found = network(task("d.t", ["a"], ["a"]), task("d.u", ["b"], ["a"]), task("d.v", ["a"], ["b"]))
    steps = list(walk(found, ds("a"), "upstream"))
    assert [str(step.end).rpartition("/")[2] for step in steps if not step.is_repeated] == ["d.t", "d.u", "b", "d.v"]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=25), st.integers(0, 6))
def test_walks_reach_what_is_reachable(pairs: list[tuple[int, int]], start: int) -> None:
    found = network(*(task(f"d.t{n}", [str(a)], [str(b)]) for n, (a, b) in enumerate(pairs)), task("d.x", [str(start)]))
    steps = list(walk(found, ds(str(start)), "downstream"))
    names = {step.end.name for step in steps if step.end in found.datasets}
    expected: set[str] = set()
    waiting = [str(start)]
    while waiting:
        here = waiting.pop()
        more = {str(b) for a, b in pairs if str(a) == here} - expected
        expected |= more
        waiting += more
    assert names == expected


def test_columns() -> None:
    lineage = columns("total <- clean.price TRANSFORMATION", "total <- clean.n AGGREGATION", "* <- rates.day FILTER")
    clean = columns("price <- raw.p IDENTITY")
    found = network(
        task("d.t", ["raw"], [table("clean", columnLineage=clean)]),
        task("d.u", ["clean", "rates"], [table("sums", columnLineage=lineage)]),
    )
    steps = list(walk(found, ColumnName(ds("sums"), "total"), "upstream"))
    assert [(str(step.end).rpartition("/")[2], step.note) for step in steps] == [
        ("clean:n", "AGGREGATION in d.u"),
        ("clean:price", "TRANSFORMATION in d.u"),
        ("raw:p", "IDENTITY in d.t"),
    ]
    down = walk(found, ColumnName(ds("raw"), "p"), "downstream")
    assert [str(step.end).rpartition("/")[2] for step in down] == ["clean:price", "sums:total"]
    assert list(walk(found, ColumnName(ds("rates"), "day"), "downstream")) == []  # a filter makes no column


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shop.public.orders", ["postgres://db:5432/shop.public.orders"]),
        ("postgres://db:5432/shop.public.orders", ["postgres://db:5432/shop.public.orders"]),
        ("public.orders", ["postgres://db:5432/shop.public.orders"]),
        ("orders", ["postgres://db:5432/shop.public.orders", "postgres://db:5432/shop.raw.orders"]),
        ("rders", []),
        ("d.t", ["d.t"]),
        ("ns/d.t", ["d.t"]),
        ("x-orders", ["postgres://db:5432/shop.public.orders"]),  # another name of it
        ("LAKE/RAW.CSV", ["s3://lake/raw.csv"]),
    ],
)
def test_find(text: str, expected: list[str]) -> None:
    names = facet("dataset", "symlinks", identifiers=[{"namespace": "asset", "name": "x-orders", "type": "ASSET"}])
    orders = table("shop.public.orders", symlinks=names)
    found = network(task("d.t", ["shop.raw.orders", table("raw.csv", "s3://lake")], [orders]))
    assert list(map(str, find(found, text))) == expected


def test_similar() -> None:
    found = network(*SHOP, task("d.t", ["shop.public.orders"]))
    assert similar(found, "ordrs") == ["postgres://db:5432/shop.public.orders"]
    assert similar(found, "load.b")[0] == "load.a"
    assert similar(found, "zzzzzz") == []


def test_twins_are_followed() -> None:
    names = facet("dataset", "symlinks", identifiers=[{"namespace": "hive://h:1", "name": "db.t", "type": "TABLE"}])
    found = network(
        task("d.write", [], [table("warehouse/t", "s3://lake", symlinks=names)]),
        task("d.read", [table("db.t", "hive://h:1")], ["sums"]),
    )
    ends = [str(step.end) for step in walk(found, ds("sums"), "upstream")]
    assert ends == ["d.read", "hive://h:1/db.t", "s3://lake/warehouse/t", "d.write", "hive://h:1/db.t"]


def test_runs_and_jobs_are_one_node() -> None:
    event = task("d.t", ["a"], ["b"])
    found = network(event, run_event("START", event), run_event("COMPLETE", event))
    assert list(found.jobs) == [job("d.t")]
    assert found.twice == set()
    assert network(event, event).twice == {job("d.t")}


def test_what_is_no_event_is_refused() -> None:
    for wrong in ({}, {"job": 3}, {"job": {"name": "x"}}, {"dataset": {"namespace": "n"}}):
        with pytest.raises(ValueError, match="not an OpenLineage event"):
            Network().add(wrong)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
WHOLE = task(
    "d.t",
    [table("a", symlinks=facet("dataset", "symlinks", identifiers=[{"namespace": "n", "name": "x", "type": "T"}]))],
    [table("b", columnLineage=columns("c <- a.c IDENTITY"), schema=schema(c="INT"))],
    upstream=["d.s"],
    entries={"b": ["a"]},
    gaps=[("both", "command", "what `x` does")],
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to all parts of a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in items for found in paths(item, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    """A JSON value with another part at a path."""
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], other)
    return copy


@settings(max_examples=300)
@given(st.sampled_from(paths(WHOLE)[1:]), JSON)
def test_no_event_breaks_what_is_done_with_networks(path: tuple[Any, ...], other: Any) -> None:
    found = Network()
    try:
        found.add(changed(WHOLE, path, other))
    except ValueError:
        return
    compare(found, network(WHOLE))
    starts: list[Node] = [*found.datasets, *found.jobs]
    for start in starts:
        list(walk(found, start, "upstream"))
        list(walk(found, start, "downstream"))
    find(found, "a")
    similar(found, "a")
    list(datasets_table(found))
    list(jobs_json(found))


def test_a_place_is_taken_from_the_link() -> None:
    link = facet("job", "sourceCodeLocation", type="git", url="https://x/blob/abc/dags/a.py#L3-L9", path="dags/a.py")
    place = network(task("d.t", sourceCodeLocation=link)).jobs[job("d.t")].place
    assert place
    assert (place.path, place.span) == ("dags/a.py", (3, 1, 9, 1))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([task("d.t", ["a"], ["b"])], [task("d.t", ["a"], ["b"])], []),
        ([dag("d")], [dag("d"), dataset_event(table("a"))], ["+ dataset a"]),
        (
            [task("d.t", ["a"])],
            [task("d.t", ["b"])],
            ["- dataset a", "+ dataset b", "- edge d.t reads a", "+ edge d.t reads b"],
        ),
        ([task("d.t", entries={})], [task("d.u", entries={})], ["- job d.t", "+ job d.u"]),
        (
            [task("d.t", ["a"], ["b"], entries={"b": ["a"]})],
            [task("d.t", ["a"], ["b"], entries={"b": []})],
            ["- flow a → b (d.t)"],
        ),
        (
            [task("d.t", ["a"], [table("b", columnLineage=columns("x <- a.y IDENTITY"))])],
            [task("d.t", ["a"], [table("b", columnLineage=columns("x <- a.y AGGREGATION", "* <- a.z JOIN"))])],
            [
                "+ column a:y → b:x (AGGREGATION in d.t)",
                "- column a:y → b:x (IDENTITY in d.t)",
                "+ column a:z → all of b (JOIN in d.t)",
            ],
        ),
        (
            [task("d.t")],
            [task("d.t", gaps=[("both", "command", "what `x` does")])],
            ["+ unknown d.t: inputs and outputs: what `x` does (command)"],
        ),
    ],
)
def test_difference(old: list[Event], new: list[Event], expected: list[str]) -> None:
    changes = compare(network(*old), network(*new)).changes
    found = [f"{'+' if change.added else '-'} {change.kind} {change.text}" for change in changes]
    assert [text.replace("postgres://db:5432/", "") for text in found] == expected
    back = compare(network(*new), network(*old)).changes
    assert {(change.text, not change.added) for change in back} == {(change.text, change.added) for change in changes}
