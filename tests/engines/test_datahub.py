"""An export in a real catalogue: DataHub Lite takes it, and knows what comes from what."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dagport.cli.app import run
from tests.engines.environments import Environment, clean_variables

pytestmark = pytest.mark.engine

HERE = Path(__file__).with_name("datahub")
PROGRAM = Path(__file__).with_name("inside") / "datahub_lite.py"
US = "postgres://us.example:5432"


def table(name: str) -> str:
    return f"urn:li:dataset:(urn:li:dataPlatform:postgres,{name},PROD)"


def column(name: str, field: str) -> str:
    return f"urn:li:schemaField:({table(name)},{field})"


def job(dag: str, name: str) -> str:
    return f"urn:li:dataJob:(urn:li:dataFlow:(airflow,{dag},prod),{name})"


RAW = "urn:li:dataset:(urn:li:dataPlatform:s3,lake/orders/raw.csv,PROD)"
STAGING, ORDERS, RATES = table("shop.staging.orders"), table("shop.public.orders"), table("shop.public.rates")
REVENUE, BEST = table("shop.mart.revenue"), table("shop.mart.best")
LEDGER, REVENUE_US = table("us.shop.mart.ledger"), table("us.shop.mart.revenue")
STAGE, CLEAN = job("load", "stage"), job("load", "clean")
REVENUE_JOB, BEST_JOB, OTHER_JOB, REPORT = (job("mart.daily", name) for name in ("revenue", "best", "other", "report"))

# Everything that is up- or downstream, whatever the distance: by hand from the statements.
UPSTREAM: Mapping[str, set[str]] = {
    # tables, through datasets' and tasks' lineage
    ORDERS: {STAGING, CLEAN, STAGE, RAW},
    REVENUE: {REVENUE_JOB, ORDERS, RATES, CLEAN, STAGING, STAGE, RAW},
    BEST: {BEST_JOB, REVENUE_JOB, REVENUE, ORDERS, RATES, CLEAN, STAGING, STAGE, RAW},
    RATES: set(),
    # columns
    column("shop.public.orders", "total"): {
        column("shop.staging.orders", "price"),
        column("shop.staging.orders", "quantity"),
    },
    column("shop.public.orders", "id"): {column("shop.staging.orders", "id")},
    column("shop.mart.revenue", "amount"): {
        column("shop.public.orders", "total"),
        column("shop.staging.orders", "price"),
        column("shop.staging.orders", "quantity"),
    },
    column("shop.mart.revenue", "rate"): {column("shop.public.rates", "rate")},
    column("shop.mart.best", "amount"): {
        column("shop.mart.revenue", "amount"),
        column("shop.public.orders", "total"),
        column("shop.staging.orders", "price"),
        column("shop.staging.orders", "quantity"),
    },
    column("us.shop.mart.revenue", "amount"): {column("us.shop.mart.ledger", "amount")},
    column("shop.staging.orders", "price"): set(),
}
DOWNSTREAM: Mapping[str, set[str]] = {
    BEST: set(),
    LEDGER: {OTHER_JOB, REVENUE_US, REPORT},
    RATES: {REVENUE_JOB, REVENUE, BEST_JOB, BEST, OTHER_JOB, REVENUE_US, REPORT},
    column("shop.staging.orders", "price"): {
        column("shop.public.orders", "total"),
        column("shop.mart.revenue", "amount"),
        column("shop.mart.best", "amount"),
    },
    column("shop.staging.orders", "placed"): {
        column("shop.public.orders", "day"),
        column("shop.mart.revenue", "day"),
    },
    column("shop.public.rates", "rate"): {column("shop.mart.revenue", "rate")},
    column("shop.public.rates", "day"): set(),  # it joins: no column is made of it
    column("us.shop.mart.ledger", "amount"): {column("us.shop.mart.revenue", "amount")},
}


@pytest.fixture(scope="module")
def catalogue(datahub: Environment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the catalogue answers after taking the export twice."""
    folder = tmp_path_factory.mktemp("datahub")
    words = [
        "lineage",
        "export",
        str(HERE / "dags"),
        "--root",
        str(HERE),
        "--connections",
        str(HERE / "connections.json"),
    ]
    words += [
        "--format",
        "datahub",
        "--datahub-instance",
        f"{US}=us",
        "--no-cache",
        "--event-time=2026-01-02T03:04:05Z",
    ]
    assert run([*words, "-o", str(folder / "proposals.json")]) == 0
    lite = f"gms:\n  server: http://localhost:1\nlite:\n  type: duckdb\n  config:\n    file: {folder / 'lite.duckdb'}\n"
    (folder / ".datahubenv").write_text(lite, "utf-8")
    questions = [*(("upstream", urn) for urn in UPSTREAM), *(("downstream", urn) for urn in DOWNSTREAM)]
    done = subprocess.run(
        [datahub.python, str(PROGRAM), str(folder)],
        input=json.dumps(questions),
        env={**clean_variables(), "HOME": str(folder), "DATAHUB_TELEMETRY_ENABLED": "false"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "all valid" in done.stdout + done.stderr
    found: dict[str, Any] = json.loads((folder / "answers.json").read_text("utf-8"))
    found["by"] = dict(zip(questions, map(set, found["answers"]), strict=True))
    return found


@pytest.mark.parametrize("urn", UPSTREAM)
def test_upstream(catalogue: dict[str, Any], urn: str) -> None:
    assert catalogue["by"]["upstream", urn] == UPSTREAM[urn]


@pytest.mark.parametrize("urn", DOWNSTREAM)
def test_downstream(catalogue: dict[str, Any], urn: str) -> None:
    assert catalogue["by"]["downstream", urn] == DOWNSTREAM[urn]


def test_nothing_points_nowhere(catalogue: dict[str, Any]) -> None:
    assert catalogue["dangling"] == []


def test_what_else_it_knows(catalogue: dict[str, Any]) -> None:
    found = catalogue["entities"]
    flow = found["urn:li:dataFlow:(airflow,load,prod)"]
    assert flow["dataFlowInfo"]["description"] == "Brings orders in, (all) of them."
    assert [item["owner"] for item in flow["ownership"]["owners"]] == ["urn:li:corpuser:ann"]
    assert [item["tag"] for item in flow["globalTags"]["tags"]] == ["urn:li:tag:pii:yes", "urn:li:tag:sales"]
    fields = found[STAGING]["schemaMetadata"]["fields"]
    assert [(field["fieldPath"], field["nativeDataType"]) for field in fields][:2] == [
        ("id", "INT"),
        ("price", "DECIMAL(10, 2)"),
    ]
    assert found[REVENUE_US]["dataPlatformInstance"]["instance"].endswith("(urn:li:dataPlatform:postgres,us)")
    assert found[REPORT]["dataJobInfo"]["customProperties"]["dagport_inputs"] == "none"
    assert "hush" not in json.dumps(found)
