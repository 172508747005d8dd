"""Events against the official schemas: what is refused, and where it is said to be wrong."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagport_lineage.events import validation
from dagport_lineage.events.formats import is_date_time, is_uri, is_uuid
from dagport_lineage.events.validation import facets, problems, unverifiable
from dagport_lineage.facets import CORE, PRODUCER, SCHEMAS, facet, schema_url

RUN_ID = "01a1f640-bc00-76e7-b637-d8b8741b33e4"
BASE = {"eventTime": "2026-01-02T03:04:05Z", "producer": PRODUCER}
JOB = {"namespace": "prod", "name": "shop.load"}
TABLE = {"namespace": "postgres://db:5432", "name": "shop.public.orders"}


def job_event(**fields: Any) -> dict[str, Any]:
    return {**BASE, "schemaURL": f"{CORE}/JobEvent", "job": dict(JOB), **fields}


def run_event(**fields: Any) -> dict[str, Any]:
    return {**BASE, "schemaURL": f"{CORE}/RunEvent", "run": {"runId": RUN_ID}, "job": dict(JOB), **fields}


def dataset_event(**fields: Any) -> dict[str, Any]:
    return {**BASE, "schemaURL": f"{CORE}/DatasetEvent", "dataset": dict(TABLE), **fields}


def with_facet(key: str, content: Any) -> dict[str, Any]:
    return job_event(job={**JOB, "facets": {key: content}})


VALID = {
    "a job": job_event(),
    "a run": run_event(eventType="START"),
    "a dataset": dataset_event(),
    "a job with empty sides": job_event(inputs=[], outputs=[]),
    "a custom facet of the core's kind": with_facet("x_y", {"_producer": PRODUCER, "_schemaURL": f"{CORE}/JobFacet"}),
    "a facet of a schema that isn't known": with_facet(
        "x_y", {"_producer": PRODUCER, "_schemaURL": "https://example.com/x.json#/$defs/X", "any": 1}
    ),
    "more fields than the schema has": with_facet(
        "documentation", facet("job", "documentation", description="", more=1)
    ),
}

SQL = facet("job", "sql", query="select 1")
INVALID = {
    "no object": ([], "the event isn't a JSON object"),
    "no schema": (BASE, "schemaURL: None doesn't end in one of RunEvent, JobEvent, DatasetEvent"),
    "a schema of another kind": (job_event(schemaURL=f"{CORE}/Job"), "schemaURL: "),
    "no time": ({k: v for k, v in job_event().items() if k != "eventTime"}, "the event: 'eventTime' is a required"),
    "a time without a zone": (job_event(eventTime="2026-01-02T03:04:05"), "eventTime: "),
    "a producer that is no URI": (job_event(producer="dag port"), "producer: 'dag port' is not a 'uri'"),
    "a run in a job event": (job_event(run={"runId": RUN_ID}), "run: a JobEvent has none"),
    "a job in a dataset event": (dataset_event(job=JOB), "job: a DatasetEvent has none"),
    "a dataset in a run event": (run_event(dataset=TABLE), "dataset: a RunEvent has none"),
    "no job": ({k: v for k, v in job_event().items() if k != "job"}, "the event: 'job' is a required property"),
    "a run id that is none": (run_event(run={"runId": "1"}), "run.runId: '1' is not a 'uuid'"),
    "an event type that is none": (run_event(eventType="BEGIN"), "eventType: 'BEGIN' is not one of"),
    "a dataset without a name": (job_event(inputs=[{"namespace": "file"}]), "inputs[0]: 'name' is a required property"),
    "a facet without a schema": (with_facet("x", {"_producer": PRODUCER}), "job.facets.x: '_schemaURL' is a required"),
    "a facet that lacks a field": (with_facet("sql", facet("job", "sql")), "job.facets.sql: 'query' is a required"),
    "a field of another type": (with_facet("sql", {**SQL, "query": 1}), "job.facets.sql.query: 1 is not of type"),
    "a facet under another's key": (
        with_facet("tags", SQL),
        "job.facets.tags: its schema is that of the facet `sql`",
    ),
    "a facet of a dataset": (
        job_event(outputs=[{**TABLE, "facets": {"schema": facet("dataset", "schema", fields=[{"type": "int"}])}}]),
        "outputs[0].facets.schema.fields[0]: 'name' is a required property",
    ),
    "a facet of an input": (
        job_event(inputs=[{**TABLE, "inputFacets": {"x": {}}}]),
        "inputs[0].inputFacets.x: '_producer' is a required",
    ),
}


@pytest.mark.parametrize("name", VALID)
def test_a_valid_event_has_no_problems(name: str) -> None:
    assert problems(VALID[name]) == []


@pytest.mark.parametrize("name", INVALID)
def test_a_problem_says_where_it_is(name: str) -> None:
    event, expected = INVALID[name]
    found = problems(event)
    assert any(text.startswith(expected) for text in found), found


def test_what_cannot_be_judged_is_told_apart() -> None:
    event = VALID["a facet of a schema that isn't known"]
    assert unverifiable(event) == ["job.facets.x_y: https://example.com/x.json#/$defs/X"]
    assert unverifiable(VALID["a custom facet of the core's kind"]) == []
    assert unverifiable(with_facet("sql", {**SQL, "_schemaURL": schema_url("job", "sql") + "X"})) != []


@pytest.mark.parametrize(("entity", "key"), SCHEMAS)
def test_every_schema_in_use_is_official_and_belongs_to_its_key(entity: str, key: str) -> None:
    address = schema_url(entity, key)
    assert validation._known(address)
    assert validation._key_of(address) == key


@pytest.mark.parametrize("path", sorted((validation.PACKAGE / "schemas").glob("*/*.json")), ids=lambda path: path.name)
def test_our_own_schemas_are_schemas_at_their_own_address(path: Any) -> None:
    from jsonschema import Draft202012Validator

    schema = json.loads(path.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$id"].endswith(f"lineage/dagport_lineage/schemas/{path.parent.name}/{path.name}")
    assert path.stem in schema["$defs"]


FORMATS = [
    (is_uri, "https://a.example/b?c=d#e", True),
    (is_uri, "s3://bucket/key%20", True),
    (is_uri, "urn:x", True),
    (is_uri, "arn:aws:glue:eu-west-1:1", True),
    (is_uri, "bigquery", False),
    (is_uri, "https://a b", False),
    (is_uri, "https://a/%zz", False),
    (is_uri, "https://a/#b#c", False),
    (is_uri, "https://ä.example/", False),
    (is_uri, "https://me:x@[::1]:80/a", True),
    (is_uri, "https://a/[b]", False),
    (is_uri, "https://[::1", False),
    (is_uri, "https://a:b/", False),
    (is_uri, "file:///a", True),
    (is_uri, "sqlite:////a", True),
    (is_uri, "1a:b", False),
    (is_uri, "a:", True),
    (is_uri, "", False),
    (is_date_time, "2026-01-02T03:04:05Z", True),
    (is_date_time, "2026-01-02T03:04:05.123456789+14:00", True),
    (is_date_time, "2026-01-02T23:59:60Z", True),
    (is_date_time, "2026-01-02t03:04:05z", True),
    (is_date_time, "2026-01-02T03:04:05", False),
    (is_date_time, "2026-02-30T03:04:05Z", False),
    (is_date_time, "2026-01-02 03:04:05Z", False),
    (is_date_time, "2026-01-02T24:00:00Z", False),
    (is_date_time, "2026-01-02T03:04:05+0100", False),
    (is_date_time, "٢026-01-02T03:04:05Z", False),
    (is_uuid, RUN_ID, True),
    (is_uuid, RUN_ID.upper(), True),
    (is_uuid, RUN_ID.replace("-", ""), False),
    (is_uuid, f"{{{RUN_ID}}}", False),
]


@pytest.mark.parametrize(("holds", "text", "expected"), FORMATS, ids=[f"{c[0].__name__}-{c[1]}" for c in FORMATS])
def test_formats(holds: Any, text: str, expected: bool) -> None:
    assert holds(text) is expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)
NAMES = ["eventTime", "schemaURL", "run", "job", "dataset", "inputs", "outputs", "facets", "_schemaURL"]


@given(st.sampled_from([*VALID.values()]), st.sampled_from(NAMES), json_values)
def test_no_json_makes_it_fail(event: dict[str, Any], name: str, value: Any) -> None:
    broken = copy.deepcopy(event)
    broken[name] = value
    for holder in [one for one in (broken.get("job"), broken.get("dataset")) if isinstance(one, dict)]:
        holder["facets"] = {"sql": {"_producer": PRODUCER, "_schemaURL": value, "query": ""}}
    assert isinstance(problems(broken), list)
    list(facets(broken))
    unverifiable(broken)
