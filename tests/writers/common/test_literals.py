"""Values as Python source."""

from __future__ import annotations

import ast
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagport.values import Call, Code, Ref, Template, Value, XCom
from dagport.writers.common.literals import NotExpressible, expression, literal, text_literal

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_a_known_value_reads_back(value: Value) -> None:
    assert ast.literal_eval(literal(value)) == value


@given(st.text())
def test_a_text_reads_back_on_one_line(text: str) -> None:
    source = text_literal(text)
    assert ast.literal_eval(source) == text
    assert source[0] == source[-1]
    assert "\n" not in source


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (math.inf, 'float("inf")'),
        (Call("set", ([1, 2],)), "set([1, 2])"),
        (Call("tuple", ([1],)), "(1,)"),
        (Call("dict", ([[1, "a"], [None, 2]],)), '{1: "a", None: 2}'),
        (Call("range", (0, 3, 1)), "range(0, 3, 1)"),
    ],
)
def test_forms(value: Value, source: str) -> None:
    assert literal(value) == source


@pytest.mark.parametrize(
    "value",
    [
        Template("{{ ds }}", ("ds",)),
        Ref("helper"),
        Call("datetime.timedelta", (), {"seconds": 3}),
        Call("datetime.datetime.fromisoformat", ("2026-01-01",)),
        Call("set", ([1],), {"a": 1}),
        Call("dict", (Ref("pairs"),)),
        XCom("load"),
        Code("now()", "the clock"),
        [1, {"a": Ref("deep")}],
    ],
)
def test_symbolic_values_are_refused(value: Value) -> None:
    with pytest.raises(NotExpressible):
        literal(value)


def test_symbolic_parts_are_resolved_in_place() -> None:
    assert expression([1, {"a": XCom("load")}], lambda _: "load") == '[1, {"a": load}]'
