"""The official schemas as they are kept: nothing but prose is gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dagport_lineage.facets import Json
from tests.lineage.events.vendor_spec import TARGET, stripped, vendored

CASES: list[tuple[Json, Json]] = [
    ({"type": "string", "description": "x", "example": 1}, {"type": "string"}),
    ({"properties": {"description": {"type": "string"}}}, {"properties": {"description": {"type": "string"}}}),
    ({"$defs": {"title": {"title": "x", "enum": ["description"]}}}, {"$defs": {"title": {"enum": ["description"]}}}),
    ({"properties": {"properties": {"description": "x"}}}, {"properties": {"properties": {}}}),
    ({"allOf": [{"description": "x", "required": ["description"]}]}, {"allOf": [{"required": ["description"]}]}),
    ({"enum": [{"const": None}]}, {"enum": [{"const": None}]}),
]


@pytest.mark.parametrize(("schema", "expected"), CASES)
def test_only_prose_is_left_out(schema: Json, expected: Json) -> None:
    assert stripped(schema) == expected


def test_a_folder_becomes_one_file_sorted_by_address(tmp_path: Path) -> None:
    (tmp_path / "facets").mkdir()
    for name, address in (("OpenLineage.json", "b"), ("facets/Z.json", "a"), ("facets/A.json", "c")):
        (tmp_path / name).write_text(json.dumps({"$id": address, "description": "x"}), "utf-8")
    assert json.loads(vendored(tmp_path))["schemas"] == [{"$id": "a"}, {"$id": "b"}, {"$id": "c"}]


def test_the_file_of_the_package_is_made_so() -> None:
    text = TARGET.read_text("utf-8")
    kept = json.loads(text)
    assert "Apache License 2.0" in kept["notice"]
    assert kept["schemas"] == sorted(map(stripped, kept["schemas"]), key=lambda schema: schema["$id"])
    assert len({schema["$id"] for schema in kept["schemas"]}) == len(kept["schemas"]) == 39
