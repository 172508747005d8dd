"""Results on their way to Airflow and back."""

from __future__ import annotations

import copy
import pickle
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagport_adapters.runners.handing import (
    CLASS,
    DATA,
    VERSION,
    HandingError,
    OnlyInAirflow,
    handed_in,
    handed_over,
)
from dagport_adapters.runners.protocol import Handed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
COLLECTIONS = st.recursive(
    st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
)


def handed(value: Any, **more: str) -> Handed:
    [one] = handed_in({"a": {"k": value}}, **more)
    return one


@given(JSON)
def test_json_stays_as_it_is(value: Any) -> None:
    one = handed(value)
    assert (one.value, one.serialized_from) == (value, None)
    assert handed_over([one]) == {"k": value}


@given(COLLECTIONS | st.frozensets(st.integers()) | st.sets(st.text()))
def test_python_collections_come_back(value: Any) -> None:
    again = handed_over([handed(value)])["k"]
    assert again == value
    assert repr(type(again)) == repr(type(value))


@pytest.mark.parametrize(
    ("value", "version", "form"),
    [
        ((1, 2), "3", {CLASS: "builtins.tuple", VERSION: 1, DATA: [1, 2]}),
        ((1, (2,)), "2", [1, [2]]),
        ({1: "a", None: "b"}, "3", {"1": "a", "None": "b"}),
        ({3}, "2", {CLASS: "builtins.set", VERSION: 1, DATA: [3]}),
    ],
)
def test_the_form_that_airflow_stores(value: Any, version: str, form: Any) -> None:
    assert handed(value, version=version).value == form


class Text(str):
    """A text with a class of its own."""


@pytest.mark.parametrize("value", [date(2026, 1, 1), b"x", object(), [1, {"a": {date(2026, 1, 1)}}], Text("x"), 1j])
def test_what_airflow_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(HandingError, match="Can't hand the result 'k' of 'a' to Airflow"):
        handed(value)


def test_that_a_task_returned_nothing_is_handed_in() -> None:
    """An earlier run of the same date may have left a result there."""
    assert list(handed_in({"a": {"return_value": None}})) == [Handed(task_id="a", value=None)]
    assert [one.key for one in handed_in({"a": {"return_value": 0, "k": None}})] == ["return_value", "k"]


def test_mapped_instances_become_lists_in_order() -> None:
    found = [Handed(task_id="a", value=index * 10, map_index=index) for index in (11, 2, 0)]
    assert handed_over(found) == {"return_value": [0, 20, 110]}


def test_what_a_branch_chose_is_airflows_business() -> None:
    assert handed_over([Handed(task_id="a", key="skipmixin_key", value={"followed": ["b"]})]) == {}


def test_an_unreadable_result_is_told() -> None:
    with pytest.raises(HandingError, match="'k' of 'a' can't be read: pickled"):
        handed_over([Handed(task_id="a", key="k", value=None, unreadable="pickled")])


FRAME = Handed(task_id="a", key="k", value={CLASS: "pandas.DataFrame"}, serialized_from="pandas.DataFrame")


def test_what_only_airflow_reads_is_handed_on_as_it_was() -> None:
    value = handed_over([FRAME])["k"]
    for one in (value, pickle.loads(pickle.dumps(value)), copy.deepcopy(value)):
        assert isinstance(one, OnlyInAirflow)
        assert handed(one) == FRAME
    assert "pandas.DataFrame" in repr(value)


@pytest.mark.parametrize(
    "use",
    [
        bool, len, list, str, hash, "{}".format, lambda value: value["a"], lambda value: value.shape,
        lambda value: value == 1, lambda value: value + 1, lambda value: 1 in value, lambda value: value(),
    ],
)  # fmt: skip
def test_nobody_else_can_use_it(use: Any) -> None:
    value = handed_over([FRAME])["k"]
    with pytest.raises((HandingError, TypeError)):
        use(value)
