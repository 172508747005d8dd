"""What operators of Airflow's providers tell OpenLineage themselves: we find it, too, by the same names.

``provider_operators.json`` has it as ``tests/engines/inside/openlineage_operators.py`` printed it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engines.environments import environment
from tests.lineage.operators.sql_cases import CONNECTIONS, Case, cases, modules, names

FACTS: dict[str, Any] = json.loads(Path(__file__).with_name("provider_operators.json").read_text("utf-8"))["operators"]
CASES = {case.call: case for case in cases("sql", "bigquery", "warehouses")}
OTHERWISE = {
    "create temp table s": "a temporary table isn't a dataset",
    "conn_id='trino_default'": "`None` stands for the schema in the name",
    "options': '-c search_path": "the schema is the database's to tell; the test's answer is another",
    "output_location='s3://results": "the name of an object has no slash before it, nor after it",
    "DatabricksSqlOperator(sql='insert into b select x from a')": "the catalog isn't known, and a name needs it",
    "DatabricksSqlOperator(sql='select x from a')": "the catalog isn't known, and a name needs it",
    "validate=True": "files that are only validated go nowhere",
    "SpannerQuery": "the namespace has neither the project nor the instance",
    "tableId': 'b$": "a partition is its table",
    "destinationTable': {'datasetId'": "`None` stands for the project in the name",
    "sourceTables'": "`None` stands for the project in the name",
    "BigQueryDeleteTableOperator": "a table that is dropped is written, not read",
}
"""Parts of calls whose names differ, with the reason."""


@pytest.mark.parametrize(("call", "told"), FACTS.items())
def test_what_an_operator_tells_is_found(call: str, told: list[list[str]]) -> None:
    case: Case = CASES[call]
    found = all(set(theirs) <= set(names(ours)) for theirs, ours in zip(told, (case.reads, case.writes), strict=True))
    assert found is not any(part in call for part in OTHERWISE)


@pytest.mark.engine
def test_facts_are_fresh(tmp_path: Path) -> None:
    """The operators still tell what the facts have, as far as the environment has their providers."""
    engine = environment("airflow3-openlineage")
    script = Path(__file__).parents[2] / "engines/inside/openlineage_operators.py"
    question = tmp_path / "asked.json"
    calls = [[modules()[call.partition("(")[0]], call] for call in FACTS]
    question.write_text(json.dumps({"connections": CONNECTIONS, "calls": calls}))
    printed = json.loads(engine.run([script, question], env={"AIRFLOW_HOME": str(tmp_path)}).stdout.splitlines()[-1])
    assert printed.items() <= FACTS.items()
    assert len(printed) > 15
