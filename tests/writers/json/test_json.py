"""Graphs as JSON, one list or a line each."""

from __future__ import annotations

import json

import pytest

from dagport import codec
from dagport.graph import FileGraph
from dagport.writers.json import write, write_lines
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
