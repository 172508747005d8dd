"""The datasets of design-time events: what each side of a task says, facets, declared assets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dagport_lineage.events import json_line
from dagport_lineage.events.design import file_events
from dagport_lineage.events.validation import problems
from dagport_lineage.facets import Event, Facet, Json
from dagport_lineage.model import (
    Column,
    DatasetName,
    Read,
    TaskLineage,
    Write,
)
from dagport_lineage.scope import LineageOptions
from tests.lineage.events.shop import CLEAN, GAP, OLD, ORDERS, OUT, READ, RICH, SHOP, one
from tests.lineage.events.support import COMMIT, NOW, by_name, document, events, lineage, plain


@pytest.fixture(scope="module")
def rich() -> list[Event]:
    return events(SHOP, [RICH], commit=COMMIT)


def test_what_a_dataset_of_a_task_says() -> None:
    event = one(RICH)
    (read,), (write,) = event["inputs"], event["outputs"]
    assert {key: plain(facet) for key, facet in read["facets"].items()} == {
        "dataSource": {"name": "postgres://db:5432", "uri": "postgres://db:5432"},
        "schema": {"fields": [{"name": "id", "type": "int", "description": "the key"}, {"name": "at"}]},
    }
    source = {"namespace": ORDERS.namespace, "name": ORDERS.name}
    identity = [{"type": "DIRECT", "subtype": "IDENTITY", "masking": False}]
    join = [{"type": "INDIRECT", "subtype": "JOIN", "masking": False}]
    assert plain(write["facets"]["columnLineage"]) == {
        "fields": {
            "id": {"inputFields": [{**source, "field": "id", "transformations": identity}]},
            "one": {"inputFields": []},
        },
        "dataset": [{**source, "field": "at", "transformations": join}],
    }
    assert plain(write["facets"]["lifecycleStateChange"]) == {
        "lifecycleStateChange": "RENAME",
        "previousIdentifier": {"namespace": OLD.namespace, "name": OLD.name},
    }
    dataset = {**source, "type": "DATASET"}
    assert plain(event["job"]["facets"]["lineage"]) == {
        "entries": [
            {
                "namespace": CLEAN.namespace,
                "name": CLEAN.name,
                "type": "DATASET",
                "inputs": [dataset, {**dataset, "field": "at", "transformations": join}],
                "fields": {
                    "id": {"inputs": [{**dataset, "field": "id", "transformations": identity}]},
                    "one": {"inputs": []},
                },
            }
        ]
    }


def test_columns_that_are_read_are_no_schema() -> None:
    event = one(replace(RICH, reads=(replace(READ, schema=()),)))
    assert "schema" not in event["inputs"][0]["facets"]


FILES = [
    ("s3://raw", "orders.csv", "FILE"),
    ("file", "/data/a.parquet", "FILE"),
    ("s3://raw", "orders", None),
    ("s3://raw", "v1.0/orders", None),
    ("s3://raw", "orders/*.csv", None),
    ("s3://raw", ".", None),
    ("kafka://broker:9092", "orders", "TOPIC"),
    ("postgres://db:5432", "shop.public.orders", None),
    ("bigquery", "p.d.t", None),
]


@pytest.mark.parametrize(("namespace", "name", "expected"), FILES)
def test_a_kind_of_dataset_is_said_only_where_the_name_tells_it(
    namespace: str, name: str, expected: str | None
) -> None:
    event = one(TaskLineage(task="run", reads=(Read(dataset=DatasetName(namespace, name), how="declared"),)))
    assert event["inputs"][0]["facets"].get("datasetType", {}).get("datasetType") == expected


BOTH = replace(GAP, side="both")
ENTRY = {"namespace": CLEAN.namespace, "name": CLEAN.name, "type": "DATASET"}
SOURCE = {"namespace": ORDERS.namespace, "name": ORDERS.name, "type": "DATASET"}
SIDES: list[tuple[str, TaskLineage, Json, Json, Json]] = [
    ("none", TaskLineage(task="run"), [], [], [{"type": "JOB", "inputs": []}]),
    ("unknown", TaskLineage(task="run", gaps=(BOTH,)), None, None, None),
    (
        "only written, and nothing is read",
        TaskLineage(task="run", writes=(OUT,)),
        [],
        [CLEAN.name],
        [{**ENTRY, "inputs": []}],
    ),
    (
        "only written, and what is read isn't known",
        TaskLineage(task="run", writes=(OUT,), gaps=(GAP,)),
        None,
        [CLEAN.name],
        [ENTRY],
    ),
    (
        "only read",
        TaskLineage(task="run", reads=(READ,)),
        [ORDERS.name],
        [],
        [{"type": "JOB", "inputs": [SOURCE]}],
    ),
    (
        "read and written, and how they hang together isn't known",
        TaskLineage(task="run", reads=(READ,), writes=(OUT,)),
        [ORDERS.name],
        [CLEAN.name],
        [ENTRY, {"type": "JOB", "inputs": [SOURCE]}],
    ),
    (
        "read and written, and it is said to be made of nothing",
        TaskLineage(task="run", reads=(READ,), writes=(replace(OUT, sources=()),)),
        [ORDERS.name],
        [CLEAN.name],
        [{**ENTRY, "inputs": []}, {"type": "JOB", "inputs": [SOURCE]}],
    ),
    (
        "known in part",
        TaskLineage(task="run", reads=(READ,), writes=(replace(OUT, sources=(ORDERS,)),), gaps=(BOTH,)),
        [ORDERS.name],
        [CLEAN.name],
        [{**ENTRY, "inputs": [SOURCE]}],
    ),
]


@pytest.mark.parametrize(("found", "inputs", "outputs", "entries"), [c[1:] for c in SIDES], ids=[c[0] for c in SIDES])
def test_none_is_empty_and_unknown_is_absent(found: TaskLineage, inputs: Json, outputs: Json, entries: Json) -> None:
    event = one(found)
    assert problems(event) == []
    for side, expected in (("inputs", inputs), ("outputs", outputs)):
        names = [each["name"] for each in event[side]] if side in event else None
        assert names == expected
    facet = event["job"]["facets"].get("lineage")
    assert (facet["entries"] if facet is not None else None) == entries


def test_a_pipeline_claims_no_datasets_of_its_own(rich: list[Event]) -> None:
    event = by_name(rich)["shop"]
    assert not {"inputs", "outputs"} & set(event)
    assert "lineage" not in event["job"]["facets"]


def test_a_plain_output_says_nothing_of_columns_and_life() -> None:
    (output,) = one(TaskLineage(task="run", writes=(OUT,)))["outputs"]
    assert set(output["facets"]) == {"dataSource"}


def test_a_declared_asset_is_a_dataset_with_its_other_names() -> None:
    dataset = events(SHOP)[-1]["dataset"]
    facets: dict[str, Facet] = {key: plain(facet) for key, facet in dataset["facets"].items()}
    assert facets["symlinks"] == {"identifiers": [{"namespace": "asset", "name": "orders", "type": "ASSET"}]}
    assert facets["tags"] == {"tags": [{"key": "group", "value": "raw", "source": "AIRFLOW"}]}
    assert facets["documentation"] == {"description": "All orders"}
    assert facets["datasetType"] == {"datasetType": "FILE"}


def test_declared_datasets_are_sorted_and_named_once() -> None:
    text = """
        from airflow.providers.standard.operators.empty import EmptyOperator
        from airflow.sdk import DAG, Asset
        with DAG("d", schedule=[Asset("s3://me:hunter22@b/z")]):
            EmptyOperator(task_id="a", outlets=[Asset("b", uri="s3://x/k"), Asset("a", uri="s3://x/k")])
            EmptyOperator(task_id="b", outlets=[Asset("s3://me:hunter22@b/y"), Asset("asset", uri="asset:///asset")])
    """
    found = document(text)
    names = {"asset": DatasetName("asset", "asset")}
    known = lineage(found.graph)
    known = replace(
        known,
        assets=tuple(
            replace(one, dataset=names.get(one.asset, DatasetName("s3://x", one.dataset.name))) for one in known.assets
        ),
    )
    made = file_events(found, known, options=LineageOptions(), event_time=NOW)
    datasets = [event["dataset"] for event in made if "dataset" in event]
    assert [(one["namespace"], one["name"]) for one in datasets] == [
        ("asset", "asset"),
        ("s3://x", "k"),
        ("s3://x", "y"),
        ("s3://x", "z"),
    ]
    assert "symlinks" not in datasets[0]["facets"]
    assert [one["name"] for one in datasets[1]["facets"]["symlinks"]["identifiers"]] == ["a", "b"]
    assert "hunter22" not in "".join(map(json_line, made))


def test_a_dataset_has_the_schema_on_which_all_statements_agree() -> None:
    orders = DatasetName("s3://raw", "orders.csv")
    first = Write(dataset=orders, how="sql", schema=(Column("id", "int"),))
    other = replace(first, schema=(Column("id", "text"),))

    def schema(*writes: Write) -> Json:
        tasks = ("run", "bash")
        known = [TaskLineage(task=name, writes=(write,)) for name, write in zip(tasks, writes, strict=False)]
        return events(SHOP, known)[-1]["dataset"]["facets"].get("schema", {}).get("fields")

    assert schema(first, first) == [{"name": "id", "type": "int"}]
    assert schema(first, other) is None
    assert schema() is None
