"""DataHub's names and proposals. ``tests/engines/test_datahub.py`` asks a real catalogue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagport_lineage.catalogs.datahub import clashes, proposals
from dagport_lineage.catalogs.datahub_urns import Naming
from dagport_lineage.facets import Event, facet
from dagport_lineage.model import DatasetName
from dagport_lineage.network import JobName
from tests.lineage.made import columns, dag, dataset_event, network, run_event, schema, table, task

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("namespace", "name", "expected"),
    [
        ("postgres://db:5432", "shop.public.orders", "postgres,shop.public.orders"),
        ("mysql://db:3306", "shop.orders", "mysql,shop.orders"),
        ("bigquery", "project.data.orders", "bigquery,project.data.orders"),
        ("snowflake://org-account", "SHOP.PUBLIC.ORDERS", "snowflake,shop.public.orders"),
        ("redshift://c.us-east-1:5439", "dev.public.orders", "redshift,dev.public.orders"),
        ("mssql://db:1433", "shop.dbo.Orders", "mssql,shop.dbo.Orders"),
        ("s3://lake", "orders/raw.csv", "s3,lake/orders/raw.csv"),
        ("s3://lake", "/orders/", "s3,lake/orders"),
        ("s3://lake", "/", "s3,lake"),
        ("gs://lake", "orders", "gcs,lake/orders"),
        ("abfss://c@account.dfs.core.windows.net", "orders", "abs,c/orders"),
        ("hdfs://host:8020", "/data/orders", "hdfs,data/orders"),
        ("file", "/data/out.csv", "file,/data/out.csv"),
        ("kafka://broker:9092", "orders", "kafka,orders"),
        ("x-custom://thing", "1", "x-custom,1"),
        ("odd scheme", "1", "odd-scheme,1"),
        ("postgres://db:5432", "shop.public.a,b(c)", "postgres,shop.public.a%2Cb%28c%29"),
    ],
)
def test_dataset_urns(namespace: str, name: str, expected: str) -> None:
    assert Naming().dataset(DatasetName(namespace, name)) == f"urn:li:dataset:(urn:li:dataPlatform:{expected},PROD)"


def test_other_urns() -> None:
    naming = Naming(env="DEV", instances={"postgres://db:5432": "eu"})
    table_urn = "urn:li:dataset:(urn:li:dataPlatform:postgres,eu.shop.t,DEV)"
    assert (
        naming.column(DatasetName("postgres://db:5432", "shop.t"), "a,b") == f"urn:li:schemaField:({table_urn},a%2Cb)"
    )
    snow = DatasetName("snowflake://x", "DB.S.T")
    assert naming.column(snow, "Total") == f"urn:li:schemaField:({naming.dataset(snow)},total)"
    assert naming.job(JobName("ns", "a.b"), "g.t") == "urn:li:dataJob:(urn:li:dataFlow:(airflow,a.b,prod),g.t)"


@given(st.text(min_size=1, max_size=20))
def test_urns_can_be_taken_apart(name: str) -> None:
    """Nothing in a name breaks the structure: three parts, one pair of brackets."""
    urn = Naming().dataset(DatasetName("postgres://h:1", name))
    inner = urn.removeprefix("urn:li:dataset:(").removesuffix(")")
    assert inner.count(",") == 2
    assert "(" not in inner
    assert ")" not in inner


def aspects(*events: Event, naming: Naming | None = None) -> dict[tuple[str, str], Any]:
    """What is proposed, by URN and aspect; nothing twice."""
    found = list(proposals(network(*events), naming, moment=MOMENT))
    by_name = {(item["entityUrn"], item["aspectName"]): item["aspect"]["json"] for item in found}
    assert len(by_name) == len(found)
    assert {item["changeType"] for item in found} == {"UPSERT"}
    return by_name


FLOW = "urn:li:dataFlow:(airflow,{},prod)"


def job_urn(dag_id: str, task_id: str) -> str:
    return f"urn:li:dataJob:({FLOW.format(dag_id)},{task_id})"


def table_urn(name: str) -> str:
    return f"urn:li:dataset:(urn:li:dataPlatform:postgres,{name},PROD)"


def test_jobs() -> None:
    found = aspects(dag("d"), task("d.t", ["a"], ["b"]), task("d.g.u", ["b"], upstream=["d.t"]))
    assert found[FLOW.format("d"), "dataFlowInfo"]["name"] == "d"
    assert found[job_urn("d", "t"), "dataJobInfo"]["flowUrn"] == FLOW.format("d")
    inputs = found[job_urn("d", "g.u"), "dataJobInputOutput"]
    assert (inputs["inputDatasets"], inputs["outputDatasets"]) == ([table_urn("b")], [])
    assert inputs["inputDatajobs"] == [job_urn("d", "t")]


def test_a_task_of_a_dag_with_dots() -> None:
    """Its events name the DAG; those of others are taken apart by the DAGs that are known, else at the first dot."""
    own = task("a.b.t")
    own["job"]["facets"]["dagport_controlFlow"]["parent"]["name"] = "a.b"
    assert (job_urn("a.b", "t"), "dataJobInfo") in aspects(own)
    foreign = {"job": {"namespace": "ns", "name": "a.b.t"}}
    assert (job_urn("a.b", "t"), "dataJobInfo") in aspects(dag("a.b"), foreign)
    assert (job_urn("a", "b.t"), "dataJobInfo") in aspects(foreign)
    assert (job_urn("a", "a"), "dataJobInfo") in aspects({"job": {"namespace": "ns", "name": "a"}})


def test_upstream() -> None:
    one = task("d.t", ["a", "b"], [table("x", columnLineage=columns("c <- a.c IDENTITY", "c <- a.d TRANSFORMATION"))],
               entries={"x": ["a"]})  # fmt: skip
    two = task("d.u", ["e", "f"], ["x"], entries={"x": ["e"]})
    lineage = aspects(one, two)[table_urn("x"), "upstreamLineage"]
    assert [item["dataset"] for item in lineage["upstreams"]] == [table_urn("a"), table_urn("e")]
    assert {item["auditStamp"]["time"] for item in lineage["upstreams"]} == {1767323045000}
    fine = [
        (item["upstreams"], item["downstreams"], item["transformOperation"]) for item in lineage["fineGrainedLineages"]
    ]
    target = [f"urn:li:schemaField:({table_urn('x')},c)"]
    assert fine == [
        ([f"urn:li:schemaField:({table_urn('a')},c)"], target, "IDENTITY"),
        ([f"urn:li:schemaField:({table_urn('a')},d)"], target, "TRANSFORMATION"),
    ]


def test_what_is_not_said_is_not_claimed() -> None:
    """A job that reads and writes, and doesn't say what goes where, makes no upstream of a dataset."""
    assert not [key for key in aspects(task("d.t", ["a"], ["x"])) if key[1] == "upstreamLineage"]
    found = aspects(task("d.t", ["a", "b"], ["x", "y"]))
    assert not [key for key in found if key[1] == "upstreamLineage"]
    assert found[job_urn("d", "t"), "dataJobInputOutput"]["inputDatasets"] == [table_urn("a"), table_urn("b")]


def test_no_dataset_is_made_of_itself_alone() -> None:
    event = task("d.t", ["a"], ["a"], entries={"a": ["a"]})
    assert not [key for key in aspects(event) if key[1] == "upstreamLineage"]


def test_filters_make_no_column() -> None:
    lineage = aspects(task("d.t", ["a"], [table("x", columnLineage=columns("* <- a.state FILTER"))]))
    assert lineage[table_urn("x"), "upstreamLineage"]["fineGrainedLineages"] == []


def test_a_run_adds_nothing_twice() -> None:
    event = task("d.t", ["a"], [table("x", columnLineage=columns("c <- a.c IDENTITY"))])
    assert aspects(event, run_event("START", event), run_event("COMPLETE", event)) == aspects(event)


@pytest.mark.parametrize(
    ("native", "kind"),
    [
        ("INT", "Number"),
        ("bigint", "Number"),
        ("NUMERIC(10, 2)", "Number"),
        ("double precision", "Number"),
        ("VARCHAR(20)", "String"),
        ("TEXT", "String"),
        ("BOOLEAN", "Boolean"),
        ("DATE", "Date"),
        ("TIMESTAMP WITH TIME ZONE", "Time"),
        ("ARRAY<INT>", "Array"),
        ("STRUCT<a INT>", "Record"),
        ("BYTEA", "Bytes"),
        ("geometry", "Null"),
        ("", "Null"),
    ],
)
def test_types(native: str, kind: str) -> None:
    found = aspects(task("d.t", [], [table("x", schema=schema(c=native))]))
    [field] = found[table_urn("x"), "schemaMetadata"]["fields"]
    assert field["type"]["type"] == {f"com.linkedin.schema.{kind}Type": {}}
    assert field["nativeDataType"] == native


def test_owners_tags_and_texts() -> None:
    facets = {
        "ownership": facet("job", "ownership", owners=[{"name": "ann"}]),
        "tags": facet("job", "tags", tags=[{"key": "pii", "value": "yes"}, {"key": "sales", "value": "sales"}]),
        "documentation": facet("job", "documentation", description="What it does."),
    }
    found = aspects(dag("d", **facets))
    urn = FLOW.format("d")
    assert found[urn, "ownership"]["owners"] == [{"owner": "urn:li:corpuser:ann", "type": "DATAOWNER"}]
    assert found[urn, "globalTags"]["tags"] == [{"tag": "urn:li:tag:pii:yes"}, {"tag": "urn:li:tag:sales"}]
    assert found[urn, "dataFlowInfo"]["description"] == "What it does."


def test_coverage_is_told() -> None:
    found = aspects(task("d.t", gaps=[("outputs", "command", "what `x` writes isn't known")]))
    custom = found[job_urn("d", "t"), "dataJobInfo"]["customProperties"]
    assert custom["dagport_outputs"] == "unknown"
    assert custom["dagport_gaps"] == "what `x` writes isn't known"


def test_clashes() -> None:
    found = network(dataset_event(table("a", "postgres://x:1")), dataset_event(table("a", "postgres://y:1")))
    assert [len(datasets) for _, datasets in clashes(found)] == [2]
    assert clashes(found, Naming(instances={"postgres://y:1": "y"})) == []
