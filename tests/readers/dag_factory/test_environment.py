"""Variables in a text are found where ``os.path.expandvars`` finds them."""

from __future__ import annotations

import os
import posixpath
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport.readers.airflow.dag_factory.environment import expand, unknown_variable

GIVEN = {"A": "1", "BC": "", "D_1": "$A", "E": "two\nlines"}
TEXTS = st.lists(
    st.sampled_from(["$", "{", "}", "A", "BC", "D_1", "E", "X", " ", "\n", ":", "1", "é", "-"]), max_size=12
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(TEXTS.map("".join))
def test_as_python_expands(text: str) -> None:
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(GIVEN)
        wanted = posixpath.expandvars(text)
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert expand(text, GIVEN).text == wanted


@pytest.mark.parametrize(
    ("text", "name"),
    [("$A", "A"), ("x${A}y", "A"), ("$1 ${A:-b} $ $$ ${} ${A", None), ("${x $A} $B", "B"), ("$é $_", "_"), ("", None)],
)
def test_the_first_variable(text: str, name: str | None) -> None:
    assert unknown_variable(text) == name


@pytest.mark.parametrize("text", ["$A" * 60_000, "${" * 60_000, "#" + "$A" * 60_000, "$A\n" * 60_000, "$" * 200_000])
def test_time_is_linear(text: str) -> None:
    start = time.process_time()
    expand(text, {})
    assert time.process_time() - start < 3
