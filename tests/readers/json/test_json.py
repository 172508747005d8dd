"""Graphs read back from JSON, and what is no graph."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagport import codec
from dagport.graph import FileGraph
from dagport.options import ReadOptions
from dagport.readers.json import read, read_all
from dagport.source import Source
from dagport.writers.json import write, write_lines
from tests.graphs import EMPTY, FILE_GRAPHS, SALES, UNSURE

SALES_LINE = json.dumps(codec.to_json(SALES))


def graphs_of(text: str) -> list[FileGraph]:
    return read_all(Source("graphs.json", text), ReadOptions())


@pytest.mark.parametrize("graphs", [[], [SALES], [SALES, UNSURE, EMPTY]], ids=len)
def test_read_back(graphs: list[FileGraph]) -> None:
    assert graphs_of("".join(write(graphs))) == graphs
    if graphs:
        assert graphs_of("".join(write_lines(graphs))) == graphs
        assert graphs_of("\n\n".join(write_lines(graphs)).replace("\n", "\r\n")) == graphs


@given(st.lists(FILE_GRAPHS, min_size=1, max_size=3))
def test_any_graphs_read_back(graphs: list[FileGraph]) -> None:
    text = "".join(write_lines(graphs))
    assert "".join(write_lines(graphs_of(text))) == text


def test_one_record() -> None:
    assert read(Source("sales.json", SALES_LINE), ReadOptions()) == SALES
    several = read(Source("sales.json", f"{SALES_LINE}\n{SALES_LINE}"), ReadOptions())
    assert [(item.code, item.message) for item in several.diagnostics] == [("DP108", "it holds 2 records, not one")]


def test_broken_record_between_good_ones() -> None:
    first, broken, last = graphs_of(f"{SALES_LINE}\n{{\n{SALES_LINE}\n")
    assert first == last == SALES
    assert [(item.code, item.line) for item in broken.diagnostics] == [("DP108", 2)]


def test_record_of_the_wrong_shape_between_good_ones() -> None:
    first, broken, last = graphs_of(f'[{SALES_LINE}, {{"schema_version": 7}}, {SALES_LINE}]')
    assert first == last == SALES
    assert broken.diagnostics[0].message == "record 2: schema_version is 7, not 1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON: Expecting value"),
        ("hello", "not JSON: Expecting value"),
        ("[", "not JSON: Expecting value"),
        ("3", "record 1: graph: an object is wanted"),
        ("[3]", "record 1: graph: an object is wanted"),
        ("{}", "record 1: schema_version is None, not 1"),
        ("[" * 100_000, "not JSON: nested too deep"),
        (SALES_LINE.replace('"catchup": true', '"catchup": NaN'), "not JSON: NaN is not JSON"),
        (SALES_LINE.replace('"retries": null', '"retries": ' + "9" * 5000), "not JSON: Exceeds the limit"),
    ],
)
def test_refused(text: str, message: str) -> None:
    for graph in graphs_of(text):
        assert graph.pipelines == ()
        assert [item.code for item in graph.diagnostics] == ["DP108"]
        assert graph.diagnostics[0].path == "graphs.json"
        assert message in graph.diagnostics[0].message


def test_deep_values() -> None:
    deep = SALES_LINE.replace('"params": {}', '"params": {"x": ' + "[" * 20_000 + "]" * 20_000 + "}")
    assert [item.code for graph in graphs_of(deep) for item in graph.diagnostics] == ["DP108"]
