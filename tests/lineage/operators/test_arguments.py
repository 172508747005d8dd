"""How rules ask for arguments, and what becomes of dynamic mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagport.graph import DynamicMapping, FileGraph, Pipeline, Place, Schedule, Task
from dagport.source import Source
from dagport.values import Call, Code, Template, Value, XCom
from dagport_lineage.extract.arguments import (
    MAX_INSTANCES,
    argument,
    for_each_instance,
    found,
    map_named,
    text_at,
    texts,
    union,
)
from dagport_lineage.model import ColumnSource, DatasetName, Found, Gap, Unresolved, Write
from dagport_lineage.scope import Scope

SCOPE = Scope(
    graph=FileGraph(path="f.py", orchestrator="airflow"),
    pipeline=Pipeline(id="p", exact=True, schedule=Schedule(kind="manual")),
    source=Source("f.py", ""),
)
PLACE = Place(path="f.py")
S3 = "airflow.providers.amazon.aws.operators.s3.S3CopyObjectOperator"


def task(over: Mapping[str, Value] | None = None, **arguments: Value) -> Task:
    mapped = None if over is None else DynamicMapping(over=over, literal_length=None)
    return Task(id="t", operator=S3, kind="other", arguments=arguments, mapped=mapped)


@pytest.mark.parametrize(
    ("arguments", "path", "text"),
    [
        ({"a": "x"}, ("a",), "x"),
        ({}, ("a",), None),
        ({"a": None}, ("a",), None),
        ({"a": {"b": [{"c": "x"}]}}, ("a", "b", 0, "c"), "x"),
        ({"a": {"b": []}}, ("a", "b", 0), None),
        ({"a": "text"}, ("a", "b"), None),
        ({"a": {"b": "x"}}, ("a", 0), None),
        ({"a": Code("f()", "it is called")}, ("a",), "opaque"),
        ({"a": Code("f()", "it is called")}, ("a", "b", 0), "opaque"),
        ({"a": {"b": XCom("u")}}, ("a", "b"), "runtime"),
        ({"source_bucket_key": Template("{{ ds }}", ("ds",))}, ("source_bucket_key",), "template"),
        ({"aws_access": Template("{{ dag.dag_id }}", ("dag",))}, ("aws_access",), "template"),  # it isn't rendered
        ({"source_bucket_key": Template("{{ dag.dag_id }}", ("dag",))}, ("source_bucket_key",), "p"),
    ],
)
def test_the_text_at_a_path(arguments: dict[str, Any], path: tuple[Any, ...], text: str | None) -> None:
    got = text_at(task(**arguments), SCOPE, *path)
    assert (got.reason if isinstance(got, Unresolved) else got) == text


def test_a_default_stands_for_what_is_not_set_and_not_for_none() -> None:
    assert argument(task(), SCOPE, "a", "d") == "d"
    assert argument(task(a=None), SCOPE, "a", "d") is None
    assert text_at(task(a={}), SCOPE, "a", "b", default="d") == "d"


def test_one_text_is_a_list_of_one() -> None:
    assert texts(task(a="x"), SCOPE, "a") == ("x",)
    assert texts(task(a=["x", "y"]), SCOPE, "a") == ("x", "y")
    assert texts(task(), SCOPE, "a") == ()
    assert [type(text) for text in texts(task(a=["x", XCom("u")]), SCOPE, "a")] == [str, Unresolved]


def test_what_is_not_known_says_where_it_stands() -> None:
    got = text_at(task(a={"b": XCom("u")}), SCOPE, "a", "b")
    assert isinstance(got, Unresolved)
    assert got.message.startswith("`a.b`: ")


def test_a_name_needs_all_that_it_is_made_of() -> None:
    problem = Unresolved("template", "x")
    assert map_named(DatasetName, "n", problem) is problem
    assert map_named(DatasetName, "n", "m") == DatasetName("n", "m")


NAMES = st.builds(DatasetName, st.sampled_from("ab"), st.sampled_from("xyz"))
PROBLEMS = st.builds(Unresolved, st.just("template"), st.sampled_from("pq"))
PARTS = st.builds(
    lambda reads, writes: found(PLACE, reads=reads, writes=writes),
    st.lists(NAMES | PROBLEMS, max_size=3),
    st.lists(NAMES | PROBLEMS, max_size=3),
)


@given(st.lists(PARTS, max_size=4))
def test_a_union_claims_all_and_nothing_else(parts: list[Found]) -> None:
    both = union(parts)
    assert {read.dataset for read in both.reads} == {read.dataset for part in parts for read in part.reads}
    assert {write.dataset for write in both.writes} == {write.dataset for part in parts for write in part.writes}
    assert set(both.gaps) == {gap for part in parts for gap in part.gaps}
    for write in both.writes:
        same = [other.sources for part in parts for other in part.writes if other.dataset == write.dataset]
        complete = [sources for sources in same if sources is not None]
        expected = {name for sources in complete for name in sources} if len(complete) == len(same) else None
        assert (None if write.sources is None else set(write.sources)) == expected


def test_a_dataset_is_made_of_the_sources_of_all_parts_or_of_what_is_not_known() -> None:
    a, b, target = (DatasetName("n", name) for name in "abt")
    known, other = found(PLACE, reads=(a,), writes=(target,)), found(PLACE, reads=(b,), writes=(target,))
    unknown = found(PLACE, reads=(Unresolved("template", "x"),), writes=(target,))
    assert [write.sources for write in union((known, other)).writes] == [(a, b)]
    for parts in ((known, unknown), (unknown, known)):
        assert [write.sources for write in union(parts).writes] == [None]


def test_a_union_of_columns_keeps_what_each_says() -> None:
    one, other = (ColumnSource(DatasetName("a", name), "c") for name in "xy")
    target = DatasetName("a", "z")
    writes = (
        Write(dataset=target, how="sql", columns={"c": (one,)}, lifecycle="CREATE"),
        Write(dataset=target, how="sql", columns={"c": (other,)}),
    )
    both = union(Found(writes=(write,)) for write in writes)
    assert [(write.columns, write.lifecycle) for write in both.writes] == [({"c": (one, other)}, None)]


def seen(mapped: Task) -> tuple[list[Mapping[str, Value]], tuple[Gap, ...]]:
    """The arguments that a rule sees, and the gaps."""
    calls: list[Mapping[str, Value]] = []

    def rule(task: Task, scope: Scope) -> Found:
        calls.append(dict(task.arguments))
        return Found()

    return calls, for_each_instance(rule)(mapped, SCOPE).gaps


@pytest.mark.parametrize(
    ("over", "instances"),
    [
        (None, [{"a": 0}]),
        ({"b": [1, 2]}, [{"a": 0, "b": 1}, {"a": 0, "b": 2}]),
        ({"b": [1, 2], "c": [3]}, [{"a": 0, "b": 1, "c": 3}, {"a": 0, "b": 2, "c": 3}]),
        ({"b": {"k": 1}}, [{"a": 0, "b": ["k", 1]}]),
        ({"b": XCom("u")}, [{"a": 0, "b": XCom("u")}]),
        ({"b": []}, []),
        ({"kwargs": [{"b": 1}, {"c": 2}]}, [{"a": 0, "b": 1}, {"a": 0, "c": 2}]),
    ],
)
def test_a_rule_sees_each_instance(over: dict[str, Value] | None, instances: list[Any]) -> None:
    assert seen(task(over, a=0)) == (instances, ())


def of_group(*items: Value) -> Call:
    return Call("airflow.sdk.MappedArgument", (list(items),))


UNKNOWN = Code("", "each instance of its group has another item")


@pytest.mark.parametrize(
    ("arguments", "instances"),
    [
        ({"a": 0, "b": of_group("x", "y")}, [{"a": 0, "b": "x"}, {"a": 0, "b": "y"}]),
        ({"b": of_group("x", "y"), "c": of_group("z")}, [{"b": "x", "c": "z"}, {"b": "y", "c": "z"}]),
        ({"b": of_group("x"), "c": of_group("x")}, [{"b": UNKNOWN, "c": UNKNOWN}]),  # one item, or two
        ({"b": of_group({"k": "x"})}, [{"b": UNKNOWN}]),  # an object, or a set of arguments
        ({"b": Call("airflow.sdk.MappedArgument", (XCom("u"),))}, [{"b": XCom("u")}]),
        ({"b": Call("airflow.sdk.MappedArgument", ())}, [{"b": Call("airflow.sdk.MappedArgument", ())}]),
    ],
)
def test_a_rule_sees_each_instance_of_a_mapped_group(arguments: dict[str, Any], instances: list[Any]) -> None:
    assert seen(task(**arguments)) == (instances, ())


@pytest.mark.parametrize("over", [XCom("u"), Code("f()", "it is called"), [{"b": 1}, XCom("u")]])
def test_sets_of_arguments_that_are_not_known_are_a_gap(over: Value) -> None:
    calls, gaps = seen(task({"kwargs": over}))
    assert calls == []
    assert [(gap.side, gap.reason) for gap in gaps] == [("both", "runtime")]


def test_more_instances_than_are_followed_are_a_gap() -> None:
    calls, gaps = seen(task({"b": list(range(100)), "c": list(range(100))}))
    assert len(calls) == MAX_INSTANCES
    assert [gap.reason for gap in gaps] == ["runtime"]


def test_an_argument_that_a_set_lacks_may_come_from_elsewhere() -> None:
    asked: list[Any] = []

    def rule(task: Task, scope: Scope) -> Found:
        asked.append(argument(task, scope, "conn", "default"))
        return Found()

    for_each_instance(rule)(task({"kwargs": [{"b": "x"}, {"conn": "c"}]}), SCOPE)
    assert [type(text) for text in asked] == [Unresolved, str]
