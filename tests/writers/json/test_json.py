"""Graphs as JSON, one list or a line each."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport import codec
from dagport.graph import FileGraph
from dagport.values import Json
from dagport.writers.json import indented, write, write_lines
from tests.graphs import EMPTY, SALES, UNSURE


@pytest.mark.parametrize("graphs", [[], [EMPTY], [SALES, UNSURE, EMPTY]], ids=len)
def test_list(graphs: list[FileGraph]) -> None:
    text = "".join(write(graphs))
    assert text.endswith("]\n")
    assert json.loads(text) == [codec.to_json(graph) for graph in graphs]


@pytest.mark.parametrize("graphs", [[], [EMPTY], [SALES, UNSURE, EMPTY]], ids=len)
def test_lines(graphs: list[FileGraph]) -> None:
    lines = "".join(write_lines(graphs)).splitlines()
    assert [json.loads(line) for line in lines] == [codec.to_json(graph) for graph in graphs]


def test_line_separators_of_unicode_split_no_record() -> None:
    graph = FileGraph(path="a\u2028b\x85.py", orchestrator="airflow")
    text = "".join(write_lines([graph]))
    assert text.count("\n") == 1
    assert codec.from_json(json.loads(text)) == graph


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats(allow_nan=False, allow_infinity=False)
)
DATA = st.recursive(
    SCALARS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(DATA)
def test_indented_as_the_standard_library_does(data: Json) -> None:
    assert indented(data) == json.dumps(data, indent=2, ensure_ascii=False)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_have(number: float) -> None:
    with pytest.raises(ValueError, match="JSON has no number"):
        indented([number])
