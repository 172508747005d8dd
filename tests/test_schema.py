"""The published schema follows the types, and what dagport prints follows the schema."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

import dagport
from dagport import codec
from dagport.graph import FileGraph
from dagport.schema import graph_schema, schema_text
from tests.cases import Case, cases
from tests.graphs import FILE_GRAPHS, SALES

COMMITTED = Path(dagport.__file__).with_name("graph.schema.json")
VALIDATOR = Draft202012Validator(graph_schema())


def test_committed_schema_is_fresh(accept: bool) -> None:
    if accept:
        COMMITTED.write_text(schema_text(), "utf-8")
    assert COMMITTED.read_text("utf-8") == schema_text()


def test_schema_is_valid() -> None:
    Draft202012Validator.check_schema(graph_schema())


@given(FILE_GRAPHS)
def test_any_graph_follows_it(graph: FileGraph) -> None:
    VALIDATOR.validate(codec.to_json(graph))


@pytest.mark.parametrize("case", cases("airflow"), ids=lambda case: case.name)
def test_fixtures_follow_it(case: Case) -> None:
    VALIDATOR.validate(codec.to_json(case.document.graph))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema_version",), 2),
        (("path",), None),
        (("pipelines", 0, "exact"), "yes"),
        (("pipelines", 0, "schedule"), {}),
        (("pipelines", 0, "schedule", "kind"), "weekly"),
        (("pipelines", 0, "tasks", 0, "span"), [1, 2, 3]),
        (("pipelines", 0, "tasks", 0, "retries"), True),
        (("pipelines", 0, "tasks", 0, "arguments"), {"x": {"$magic": "y"}}),
        (("pipelines", 0, "tasks", 0, "arguments"), {"x": {"$xcom": "y"}}),
        (("pipelines", 0, "tasks", 0, "arguments"), {"x": {"$ref": "y", "z": 1}}),
        (("pipelines", 0, "edges", 0, "kind"), "sometimes"),
    ],
)
def test_refused(path: tuple[str | int, ...], value: object) -> None:
    data: Any = copy.deepcopy(codec.to_json(SALES))
    place = data
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    assert not VALIDATOR.is_valid(data)
