"""The datasets that operators of Airflow's providers tell OpenLineage, before they reach any server.

The argument is a JSON file: ``{"connections": {id: ...}, "calls": [[module, call], ...]}``. Printed on the last line is
``{call: [inputs, outputs]}``; what isn't installed is left out.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import airflow.providers.openlineage.utils.utils as openlineage
from airflow.exceptions import AirflowException
from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.sdk import DAG

MISSING = (ImportError, AirflowException)

# What hooks ask their database, and what the databases of the tests would answer
DEFAULT_SCHEMAS = {
    "airflow.providers.postgres.hooks.postgres.PostgresHook": "public",
    "airflow.providers.amazon.aws.hooks.redshift_sql.RedshiftSQLHook": "public",
}


def answer_in_place_of_databases() -> None:
    """Let no hook connect."""
    openlineage.should_use_external_connection = lambda hook: False
    DbApiHook.get_sqlalchemy_engine = lambda self, *args, **kwargs: None
    for name, schema in DEFAULT_SCHEMAS.items():
        module, _, class_name = name.rpartition(".")
        try:
            hook = getattr(importlib.import_module(module), class_name)
        except ImportError:
            continue
        hook.get_openlineage_default_schema = lambda self, schema=schema: schema


def as_after_a_run(operator: Any) -> None:
    """Give an operator what running it would have left."""
    kind = type(operator).__name__
    if kind == "BigQueryInsertJobOperator":
        configuration = {"jobType": next(iter(operator.configuration)).upper(), **operator.configuration}
        client = Mock()
        client.get_job.return_value._properties = {"status": {"state": "DONE"}, "configuration": configuration}
        client.get_table.side_effect = ValueError("not asked")
        operator.job_id, operator.hook = "job", Mock(project_id="proj")
        operator.hook.get_client.return_value = client
    elif kind == "BigQueryDeleteTableOperator":
        operator.hook = Mock(project_id="proj")
    elif kind == "DatabricksCopyIntoOperator":
        operator._sql = "COPY INTO"


def told(module: str, call: str) -> list[list[str]] | None:
    """The inputs and outputs that one operator tells."""
    name, bracket, rest = call.partition("(")
    with DAG("shop", schedule=None):
        operator = eval(f"{name}{bracket}task_id='t', {rest}", {name: getattr(importlib.import_module(module), name)})
    as_after_a_run(operator)
    for method, arguments in (("start", ()), ("complete", (None,))):
        tell = getattr(operator, f"get_openlineage_facets_on_{method}", None)
        lineage = tell(*arguments) if tell else None
        if lineage and (lineage.inputs or lineage.outputs):
            return [
                sorted(f"{item.namespace}/{item.name}" for item in side) for side in (lineage.inputs, lineage.outputs)
            ]
    return None


def main(asked: dict[str, Any]) -> dict[str, Any]:
    """The answers to all questions."""
    for conn_id, fields in asked["connections"].items():
        os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"] = fields if isinstance(fields, str) else json.dumps(fields)
    answer_in_place_of_databases()
    answers = {}
    for module, call in asked["calls"]:
        with suppress(*MISSING):
            answers[call] = told(module, call)
    return {call: answer for call, answer in answers.items() if answer}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.stdout.write(json.dumps(main(json.loads(Path(sys.argv[1]).read_text("utf-8")))) + "\n")
