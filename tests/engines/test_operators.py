"""What the operator tables say is what Airflow's own classes say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dagport.readers.airflow import operators
from tests.engines.environments import Environment

PACKAGES = (
    "airflow.providers.standard.operators",
    "airflow.providers.standard.sensors",
    "airflow.providers.common.sql.operators",
    "airflow.providers.common.sql.sensors",
    "airflow.providers.smtp.operators",
)
# These constructors fix the parameter themselves, or have another name for an older Airflow.
NOT_REQUIRED = {"ApprovalOperator": {"options"}, "HITLEntryOperator": {"options"}}


@pytest.mark.engine
def test_tables_agree_with_airflow(airflow3: Environment, airflow_home: dict[str, str]) -> None:
    script = Path(__file__).with_name("inside") / "operators.py"
    truth = json.loads(airflow3.run([script, *PACKAGES], env=airflow_home).stdout.splitlines()[-1])
    assert len(truth) > 40
    for name, real in truth.items():
        entry = operators.find(name)
        assert entry is not None, name
        assert entry.template_fields is not None, name
        assert sorted(entry.template_fields) == real["template_fields"], name
        required = set(real["required"]) - NOT_REQUIRED.get(name.rpartition(".")[2], set())
        assert set(entry.required) == required, name
        hidden = {"options", "multiple"} if name.endswith("ApprovalOperator") else set()
        assert set(real["parameters"]) - hidden <= set(entry.parameters or ()), name
