"""The JSON form: what is written reads back the same, and what breaks the contract is refused with its place."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from dagport import codec
from dagport.graph import FileGraph
from dagport.values import value_from_json, value_to_json
from tests.graphs import EMPTY, FILE_GRAPHS, SALES, UNSURE, VALUES


@given(VALUES)
def test_values_read_back(value: Any) -> None:
    text = json.dumps(value_to_json(value), allow_nan=False)
    assert same(value_from_json(json.loads(text)), value)


@given(FILE_GRAPHS)
def test_graphs_read_back(graph: FileGraph) -> None:
    text = json.dumps(codec.to_json(graph), allow_nan=False)
    # nan is not equal to itself, so the second round is compared, as text
    assert json.dumps(codec.to_json(codec.from_json(json.loads(text))), allow_nan=False) == text


@pytest.mark.parametrize("graph", [SALES, UNSURE, EMPTY], ids=lambda graph: graph.path)
def test_graphs_are_equal_after_a_round(graph: FileGraph) -> None:
    assert codec.from_json(json.loads(json.dumps(codec.to_json(graph)))) == graph


def test_unknown_keys_are_additions() -> None:
    assert codec.from_json({**codec.to_json(SALES), "weather": "fine"}) == SALES


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("schema_version",), 2, "schema_version is 2, not 1"),
        (("path",), None, "graph.path: None is not str"),
        (("pipelines",), {}, "graph.pipelines: a list is wanted"),
        (("pipelines", 0, "exact"), "yes", "graph.pipelines[0].exact: 'yes' is not bool"),
        (("pipelines", 0, "schedule"), None, "graph.pipelines[0].schedule: an object is wanted"),
        (("pipelines", 0, "schedule", "kind"), "weekly", "graph.pipelines[0].schedule.kind: 'weekly' is none of"),
        (("pipelines", 0, "tasks", 1, "retries"), True, "graph.pipelines[0].tasks[1].retries: True is none of"),
        (("pipelines", 0, "tasks", 1, "retries"), "3", "graph.pipelines[0].tasks[1].retries: '3' is none of"),
        (("pipelines", 0, "tasks", 1, "arguments"), [], "graph.pipelines[0].tasks[1].arguments: an object is wanted"),
        (("pipelines", 0, "tasks", 0, "span"), [1, 2, 3], "graph.pipelines[0].tasks[0].span: 4 items are wanted"),
        (("pipelines", 0, "tasks", 0, "arguments"), {"x": {"$magic": "y"}}, "arguments.x: unknown form $magic"),
    ],
)
def test_refused(path: tuple[str | int, ...], value: object, message: str) -> None:
    data: Any = codec.to_json(SALES)
    place = data
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    with pytest.raises(ValueError, match=r"graph|schema_version") as refusal:
        codec.from_json(data)
    assert message in str(refusal.value)


@pytest.mark.parametrize("data", [None, [], "graph", 3, {"schema_version": 1}])
def test_not_a_graph(data: Any) -> None:
    with pytest.raises(ValueError, match="graph"):
        codec.from_json(data)


def test_null_means_not_set_but_a_schedule_shows_only_its_kind() -> None:
    record: Any = codec.to_json(replace(SALES, assets=()))
    assert record["pipelines"][0]["end_date"] is None
    assert record["pipelines"][0]["schedule"] == {"kind": "cron", "cron": "0 0 * * *", "preset": "@daily"}


def same(left: Any, right: Any) -> bool:
    """Equal, and of the same types, with nan equal to itself."""
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if hasattr(left, "__dataclass_fields__"):
        return type(left) is type(right) and all(
            same(getattr(left, name), getattr(right, name)) for name in left.__dataclass_fields__
        )
    return type(left) is type(right) and bool(left == right)
