"""Asset keys and names: two things never get the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagport_adapters.dagster.wrap.keys import names, shortened, task_key, uri_key

URIS = st.text(max_size=30) | st.from_regex(r"[a-z0-9]{1,4}://[a-z0-9./%:-]{0,20}", fullmatch=True)
IDS = st.from_regex(r"[\w.-]{1,12}", fullmatch=True)


@pytest.mark.parametrize(
    ("uri", "key"),
    [
        ("s3://a/x/part.csv", ("s3", "a", "x", "part.csv")),
        ("s3://b/y/part.parquet", ("s3", "b", "y", "part.parquet")),
        ("s3://a//x/", ("s3", "a", "%", "x", "%")),
        ("postgres://host:5432/db/schema/table", ("postgres", "host%3A5432", "db", "schema", "table")),
        ("file:///data/day=2026-03-01/x y.csv", ("file", "%", "data", "day%3D2026-03-01", "x%20y.csv")),
        ("x://a%20b", ("x", "a%2520b")),
        ("daily_sales", ("daily_sales",)),
        ("a/b", ("a%2Fb",)),
        ("", ("%",)),
    ],
)
def test_the_key_of_a_uri(uri: str, key: tuple[str, ...]) -> None:
    assert uri_key(uri) == key


@given(URIS, URIS)
def test_keys_of_uris_never_collide(one: str, other: str) -> None:
    assert (uri_key(one) == uri_key(other)) == (one == other)


@given(IDS, IDS, IDS, IDS)
def test_keys_of_tasks_never_collide(dag: str, task: str, other_dag: str, other: str) -> None:
    same = (dag, task) == (other_dag, other)
    assert (task_key(dag, task, ["p"]) == task_key(other_dag, other, ["p"])) == same


def test_the_key_of_a_task_has_its_groups_and_the_prefix() -> None:
    assert task_key("my.dag", "load.to_db", ["legacy", "eu"]) == ("legacy", "eu", "my.dag", "load", "to_db")


def test_names_are_the_ids_where_dagster_takes_them() -> None:
    found = names(["a_b", "a-b", "a.b", "sales", "c-d", "class", "type"])
    assert {found["a_b"], found["sales"], found["c-d"], found["class"]} == {"a_b", "sales", "c_d", "class_dag"}
    assert found["type"] == "type_dag"
    assert found["a-b"].startswith("a_b_")
    assert len(set(found.values())) == 7


@given(st.sets(IDS, max_size=8))
def test_names_are_valid_and_differ(ids: set[str]) -> None:
    found = names(ids)
    assert set(found) == ids
    assert len(set(found.values())) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in found.values())


def test_a_name_that_another_one_would_get_is_left_to_its_owner() -> None:
    taken = names(["a_b", "a-b"])["a-b"]
    found = names(["a_b", "a-b", taken])
    assert found[taken] == taken
    assert len(set(found.values())) == 3


def test_long_names_that_begin_alike_stay_apart() -> None:
    long = "x" * 63
    assert shortened(long, 63) == long
    short = {shortened(f"{long}{end}", 63) for end in ("", "a", "b")}
    assert len(short) == 3
    assert {len(one) for one in short} == {63}
