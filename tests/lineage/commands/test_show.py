"""``dagport lineage show``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dagport.cli.app import run
from dagport_lineage.events import json_line
from tests.lineage.commands.conftest import ORDERS as FILE
from tests.lineage.commands.conftest import Files, Lineage
from tests.lineage.made import columns, table, task

ORDERS = "postgres://db:5432/shop.public.orders"


def test_all_datasets(lineage: Lineage) -> None:
    done = lineage("show", "dags")
    assert (done.status, done.err) == (0, "")
    assert [line.split() for line in done.out.splitlines()][:4] == [
        ["dataset", "written", "by", "read", "by"],
        ["postgres://db:5432/shop.mart.revenue", "revenue.sum", "-"],
        [ORDERS, "orders.load", "revenue.sum"],
        ["s3://lake/orders.csv", "-", "orders.load"],
    ]
    assert "revenue.report  dags/revenue.py:12  both       operator: there is no rule for `plugin.Unknown`" in done.out


def test_through_all_files(lineage: Lineage) -> None:
    done = lineage("show", "shop.public.orders", "dags", "--format", "tree")
    assert done.out == (
        f"{ORDERS}\n"
        "\n"
        "upstream\n"
        "└─ orders.load  (dags/orders.py:10)\n"
        "   └─ s3://lake/orders.csv\n"
        "\n"
        "downstream\n"
        "└─ revenue.sum  (dags/revenue.py:12)\n"
        "   └─ postgres://db:5432/shop.mart.revenue\n"
    )


def test_table(lineage: Lineage) -> None:
    done = lineage("show", "mart.revenue", "dags", "--format", "table", "--depth", "1")
    assert [line.split() for line in done.out.splitlines()] == [
        ["direction", "distance", "kind", "name", "place", "notes"],
        ["upstream", "1", "job", "revenue.sum", "dags/revenue.py:12"],
        ["upstream", "1", "dataset", ORDERS],
    ]


def test_a_job(lineage: Lineage) -> None:
    done = lineage("show", "revenue.sum", "dags", "--format", "tree", "--upstream")
    assert done.out.splitlines()[0] == "revenue.sum  (dags/revenue.py:12)"
    assert "downstream" not in done.out
    assert lineage("show", "revenue.report", "dags").out.startswith(
        "revenue.report  (dags/revenue.py:12)  [inputs and outputs not fully known]\n\nupstream: nothing known\n"
    )


def test_mermaid(lineage: Lineage) -> None:
    done = lineage("show", "mart.revenue", "dags", "--format", "mermaid", "--depth", "1")
    assert done.out == (
        "flowchart LR\n"
        '  n0[("postgres://db:5432/shop.mart.revenue")]:::start\n'
        '  n1["revenue.sum<br/>dags/revenue.py:12"]\n'
        f'  n2[("{ORDERS}")]\n'
        "  n1 --> n0\n"
        "  n2 --> n1\n"
        "  classDef start stroke-width:3px\n"
    )


def test_dot(lineage: Lineage) -> None:
    out = lineage("show", "mart.revenue", "dags", "--format", "dot", "--depth", "1").out
    assert '  n1 [label="revenue.sum\\ndags/revenue.py:12", shape=box];\n' in out
    assert "  n2 -> n1;\n" in out


def test_json(lineage: Lineage) -> None:
    found = json.loads(lineage("show", "mart.revenue", "dags", "--format", "json").out)
    assert found["start"] == "postgres://db:5432/shop.mart.revenue"
    assert {(edge["from"], edge["to"]) for edge in found["edges"]} == {
        ("default/revenue.sum", "postgres://db:5432/shop.mart.revenue"),
        (ORDERS, "default/revenue.sum"),
        ("default/orders.load", ORDERS),
        ("s3://lake/orders.csv", "default/orders.load"),
    }
    [job] = [node for node in found["nodes"] if node["id"] == "default/orders.load"]
    assert (job["path"], job["line"], job["inputs"]) == ("dags/orders.py", 10, "resolved")
    everything = json.loads(lineage("show", "dags", "--format", "json").out)
    assert [item["id"] for item in everything["datasets"]][1] == ORDERS


def test_an_export_shows_the_same(lineage: Lineage) -> None:
    lineage("export", "dags", "-o", "events.jsonl")
    for args in ([], ["--format", "json"]):
        sources = lineage("show", ORDERS, "dags", *args).out
        shown = lineage("show", ORDERS, "events.jsonl", *args).out
        for place in ("  (dags/orders.py:10)", "  (dags/revenue.py:12)", "dags/revenue.py:12"):
            sources = sources.replace(place, "")
        assert (
            args
            or [line.rstrip() for line in shown.splitlines()][:10]
            == [line.rstrip() for line in sources.splitlines()][:10]
        )


def export(files: Files) -> None:
    clean = table("clean", columnLineage=columns("price <- raw.p IDENTITY"))
    sums = table("sums", columnLineage=columns("total <- clean.price AGGREGATION", "* <- clean.day GROUP_BY"))
    events = [task("d.t", ["raw"], [clean]), task("d.u", ["clean"], [sums]), task("d.v", ["a.data", "b.data"])]
    files({"events.jsonl": "".join(json_line(event) + "\n" for event in events)})


def test_columns(lineage: Lineage, files: Files) -> None:
    export(files)
    done = lineage("show", "sums", "events.jsonl", "--column", "TOTAL", "--format", "tree")
    assert done.out == (
        "postgres://db:5432/sums:total\n"
        "\n"
        "upstream\n"
        "└─ postgres://db:5432/clean:price  [AGGREGATION in d.u]\n"
        "   └─ postgres://db:5432/raw:p  [IDENTITY in d.t]\n"
        "\n"
        "downstream: nothing known\n"
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ["ordrs", "dags"],
            "No dataset and no job is named 'ordrs'. Did you mean postgres://db:5432/shop.public.orders",
        ),
        (["data", "events.jsonl"], "'data' may be postgres://db:5432/a.data or postgres://db:5432/b.data."),
        (["xyzxyz", "dags"], "No dataset and no job is named 'xyzxyz'.\n"),
        (["--of", "dags", "dags"], "is named 'dags'."),
        (["dags", "--column", "x"], "--column needs the name of a dataset"),
        (["orders.load", "dags", "--column", "x"], "'orders.load' is a job"),
        (
            ["sums", "events.jsonl", "--column", "totl"],
            "No column 'totl' of postgres://db:5432/sums is known. Did you mean",
        ),
        (["events.jsonl", "dags"], "events.jsonl is an export; sources can't be taken together with it"),
        (["orders", "dags", "--depth", "0"], "0 is not in the range"),
    ],
)
def test_refused(lineage: Lineage, files: Files, args: list[str], message: str) -> None:
    export(files)
    done = lineage("show", *args)
    assert (done.status, done.out) == (2, "")
    assert message in done.err


def test_one_pipeline_in_two_files(lineage: Lineage, files: Files) -> None:
    files({"dags/copy.py": FILE})
    done = lineage("show", "dags", "--format", "json")
    assert done.status == 0
    assert done.err == "more than one file declares orders: its tasks are shown as those of one\n"


def test_a_path_that_is_not_there(lineage: Lineage) -> None:
    done = lineage("show", "nowhere")
    assert done.status == 1
    assert "nowhere" in done.err


@pytest.mark.parametrize(
    "line", ['{"eventTime": "x", "job": 3}', '{"eventTime": "x", "job": {}}\n{', '{"eventTime": "x"}\n[]']
)
def test_a_broken_export(lineage: Lineage, files: Files, line: str) -> None:
    files({"events.jsonl": line + "\n"})
    done = lineage("show", "events.jsonl")
    assert done.status == 2
    assert "events.jsonl:" in done.err


def test_graphs_that_were_printed(lineage: Lineage, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["graph", "dags", "--format", "jsonl"])
    (project / "graphs.jsonl").write_text(capsys.readouterr().out.replace("sales", "eventTime"), "utf-8")
    assert lineage("show", "graphs.jsonl").out == lineage("show", "dags").out
    for event in map(json.loads, lineage("export", "graphs.jsonl").out.splitlines()):
        assert "sourceCode" not in event.get("job", {}).get("facets", {})  # the source isn't at hand
