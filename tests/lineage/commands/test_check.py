"""``dagport lineage check``."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport.cli.console import console
from dagport_lineage.catalogs.profiles import profiles
from dagport_lineage.commands.check import FORMATS, Checks
from dagport_lineage.events import json_line
from dagport_lineage.facets import Event, facet
from tests.lineage.commands.conftest import ORDERS, Files, Lineage
from tests.lineage.made import dag, dataset_event, run_event, table, task
from tests.lineage.test_network import JSON, WHOLE, changed, paths

WHOLE_RUN = run_event("COMPLETE", WHOLE, parent={"run": {"runId": "x"}})


def findings(lineage: Lineage, files: Files, events: list[Any], *args: str) -> list[Any]:
    """What is found in an export of some events."""
    files({"events.jsonl": "".join(json_line(event) + "\n" for event in events)})
    found: list[Any] = json.loads(lineage("check", "events.jsonl", "--format", "json", *args).out)["findings"]
    return found


def test_ours_are_fine(lineage: Lineage) -> None:
    done = lineage("check", "dags")
    assert (done.status, done.out, done.err) == (0, "9 events, 0 errors, 0 warnings\n", "")
    lineage("export", "dags", "-o", "events.jsonl")
    assert lineage("check", "events.jsonl", "--strict").status == 0


def test_synthetic_runs_are_taken_everywhere(lineage: Lineage) -> None:
    lineage("export", "dags", "-o", "events.jsonl", "--synthetic-runs")
    found = json.loads(lineage("check", "events.jsonl", "--for", "all", "--format", "json").out)["findings"]
    assert [item for item in found if item["severity"] == "error"] == []


def test_official_rules(lineage: Lineage, files: Files) -> None:
    [one] = findings(lineage, files, [{**task("d.t"), "eventTime": "yesterday"}])
    assert (one["profile"], one["severity"], one["job"], one["path"], one["line"]) == (
        "openlineage",
        "error",
        "d.t",
        "events.jsonl",
        1,
    )
    assert "eventTime" in one["message"]


@pytest.mark.parametrize(
    "event",
    [
        {"eventTime": "x"},
        {"eventTime": "x", "job": 3, "schemaURL": 4},
        {**task("d.t"), "inputs": {"a": 1}},
        {**task("d.t"), "job": {"namespace": 3, "name": "x"}},
        {**run_event("START", task("d.t")), "run": 3},
        {**dag("d"), "job": {"namespace": "n", "name": "d", "facets": 3}},
        {**dag("d"), "job": {"namespace": "n", "name": "d", "facets": {"jobType": 3}}},
        {**task("d.t"), "inputs": [{"namespace": "n", "name": "d", "facets": [1]}]},
        {**task("d.t"), "inputs": [{"namespace": "n", "name": 7}]},
    ],
)
def test_no_event_breaks_it(lineage: Lineage, files: Files, event: Event) -> None:
    files({"events.jsonl": json.dumps({"eventTime": "x", **event}) + "\n"})
    assert lineage("check", "events.jsonl", "--for", "all").status == 1


def test_one_job_twice(lineage: Lineage, files: Files) -> None:
    files({"dags/copy.py": ORDERS})
    done = lineage("check", "dags", "--format", "json")
    assert done.status == 1
    found = json.loads(done.out)["findings"]
    assert [(item["rule"], item["job"], item["path"]) for item in found] == [
        ("one-job-twice", "orders", "dags/orders.py"),  # for its tasks, too
    ]
    assert "the first one is at dags/copy.py:9" in found[0]["message"]


def big(size: int) -> Event:
    return run_event("COMPLETE", task("d.t", documentation=facet("job", "documentation", description="x" * size)))


def ends(*kinds: str) -> list[Event]:
    return [run_event(kind, task("d.t")) for kind in kinds]


JOB_TYPE = facet("job", "jobType", processingType="BATCH", integration="AIRFLOW")


@pytest.mark.parametrize(
    ("profile", "events", "expected"),
    [
        ("marquez", [task("d.t", ["a"])], []),
        ("marquez", [task("d.t", jobType=JOB_TYPE)], ["job-type"]),
        ("datahub", [dag("d"), task("d.t.u", ["a"])], []),
        ("datahub", [dag("a.b")], ["job-name"]),
        ("datahub", [dataset_event(table("a"))], ["dataset-event"]),
        ("datahub", [task("d.t", [table("x", "x-custom://y")])], ["platform"]),
        ("openmetadata", [task("d.t")], ["run-events-only"]),
        ("openmetadata", [run_event("COMPLETE", task("d.t", ["db.s.t"], ["s.t"]))], []),
        ("openmetadata", [run_event("START", task("d.t", ["orders"], ["s.t"]))], ["table-name"]),
        ("openmetadata", [run_event("START", task("d.t", [table("a/b.csv", "s3://lake")]))], ["table-name"]),
        ("openmetadata", [run_event("COMPLETE", task("d.t", ["s.t"]))], ["both-sides"]),
        ("openmetadata", [run_event("COMPLETE", task("d.t"))], []),
        ("atlan", ends("START", "COMPLETE"), ["parent-run", "parent-run"]),
        ("atlan", [run_event(kind, dag("d")) for kind in ("START", "FAIL")], []),
        ("atlan", [run_event("START", dag("d"))], ["whole-runs"]),
        ("atlan", [run_event("COMPLETE", dag("d"))], ["whole-runs"]),
        ("dataplex", [big(4_900_000)], []),
        ("dataplex", [big(5_000_000)], ["event-size"]),
        ("dataplex", [run_event("START", task("d.t", [f"s.{'x' * 4000}"]))], ["name-length"]),
        ("dataplex", [run_event("START", task("d.t", [f"a{n}" for n in range(40)], [f"b{n}" for n in range(25)]))], []),
        (
            "dataplex",
            [run_event("START", task("d.t", [f"a{n}" for n in range(40)], [f"b{n}" for n in range(26)]))],
            ["links"],
        ),
        ("datazone", [big(298_000)], []),
        ("datazone", [big(300_000)], ["event-size"]),
        ("datazone", [dataset_event(table("a"))], ["run-events-only"]),
        ("purview", [run_event("COMPLETE", task("d.t", ["a"]))], []),
        ("purview", [run_event("COMPLETE", task("d.t", [table("a", "s3://b")]))], ["source-kind"]),
    ],
)
def test_profiles(lineage: Lineage, files: Files, profile: str, events: list[Event], expected: list[str]) -> None:
    found = findings(lineage, files, events, "--for", profile)
    assert [item["rule"] for item in found if item["profile"] == profile] == expected
    assert [item for item in found if item["profile"] not in (profile, "openlineage")] == []


def test_text(lineage: Lineage) -> None:
    done = lineage("check", "dags", "--for", "datazone")
    assert done.status == 1
    assert done.out.splitlines()[:2] == [
        "datazone run-events-only: 9 errors  (export with --synthetic-runs, or let the runs' own events do it)",
        "  dags/orders.py:9: orders: DataZone doesn't take a JobEvent",
    ]
    assert done.out.splitlines()[-1] == "9 events, 9 errors, 0 warnings"


def test_warnings(lineage: Lineage) -> None:
    assert lineage("check", "dags", "--for", "datahub").status == 0
    assert lineage("check", "dags", "--for", "datahub", "--strict").status == 1


def test_github(lineage: Lineage, files: Files) -> None:
    files({"dags/dots.py": ORDERS.replace('DAG("orders"', 'DAG("a.b"')})
    out = lineage("check", "dags/dots.py", "--for", "datahub", "--format", "github").out
    assert out.startswith("::warning file=dags/dots.py,line=9,title=datahub job-name::a.b: DataHub splits")


def test_a_schema_that_is_not_known(lineage: Lineage, files: Files) -> None:
    foreign = {"_producer": "https://x", "_schemaURL": "https://x/y.json#/$defs/Y"}
    files({"events.jsonl": json_line(task("d.t", foreign=foreign)) + "\n"})
    out = lineage("check", "events.jsonl").out
    assert "not checked, its schema isn't known here: https://x/y.json#/$defs/Y (1 facets)" in out


def test_refused(lineage: Lineage) -> None:
    done = lineage("check", "dags", "--for", "datahb")
    assert (done.status, done.out) == (2, "")
    assert (
        "'datahb' is none of atlan, datahub, dataplex, datazone, marquez, openmetadata, purview, all. Did you mean"
        in done.err
    )


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(paths(WHOLE_RUN)[1:]), JSON)
def test_no_event_breaks_the_rules(path: tuple[Any, ...], other: Any) -> None:
    checks = Checks(list(profiles().values()))
    checks.look_at(changed(WHOLE_RUN, path, other), None)
    checks.finish()
    for write in FORMATS.values():
        assert "".join(write(checks, console(color="never", quiet=False, verbose=False)))[:0] == ""
