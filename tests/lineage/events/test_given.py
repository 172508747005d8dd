"""What the user gives as a secret is in no event, wherever the DAG file has a copy of it."""

from __future__ import annotations

import json

import pytest

from dagport.options import Deployment
from dagport_lineage.events import json_line
from dagport_lineage.events.design import file_events
from dagport_lineage.events.given import given_secrets
from dagport_lineage.model import Gap, Sql, TaskLineage
from dagport_lineage.scope import LineageOptions
from tests.lineage.events.support import NOW, document, lineage

SECRET = "kH7-quux-2Lm"
EXTRA = json.dumps({"extra": {"region": "eu-west-1", "deep": {"api_key": [SECRET]}}, "conn_type": "aws"})
GIVEN = [
    Deployment(connections={"db": f"postgres://me:{SECRET}@db/shop"}),
    Deployment(connections={"db": json.dumps({"conn_type": "postgres", "password": SECRET})}),
    Deployment(connections={"db": EXTRA}),
    Deployment(environment={"AIRFLOW_CONN_DB": f"postgres://me:{SECRET}@db/shop"}),
    Deployment(environment={"SERVICE_TOKEN": SECRET}),
    Deployment(environment={"UPSTREAM": f"https://me:{SECRET}@proxy"}),
    Deployment(variables={"db_password": SECRET}),
    Deployment(variables={"settings": json.dumps({"url": "x", "secret": {"a": SECRET}})}),
    Deployment(variables={"db_password": json.dumps(SECRET)}),
]
PUBLIC = [
    Deployment(),
    Deployment(variables={"bucket": SECRET, "settings": json.dumps({"bucket": SECRET, "flag": True})}),
    Deployment(connections={"db": "postgres://me@db/shop"}, environment={"REGION": SECRET}),
    Deployment(connections={"db": json.dumps({"conn_type": "aws", "extra": {"region": SECRET}})}),
    Deployment(variables={"db_password": "abc"}),
]


@pytest.mark.parametrize("deployment", GIVEN)
def test_secrets_are_known_by_their_names_and_places(deployment: Deployment) -> None:
    assert SECRET in given_secrets(deployment)
    assert given_secrets(deployment) == given_secrets(deployment)


@pytest.mark.parametrize("deployment", PUBLIC)
def test_what_is_no_secret_is_not_hidden(deployment: Deployment) -> None:
    assert given_secrets(deployment) == ()


def test_what_is_no_connection_is_hidden_as_a_whole() -> None:
    assert given_secrets(Deployment(connections={"db": "{no json"})) == ("{no json",)


FILE = f'''
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk import DAG

    def load():
        """Load it."""
        return connect("{SECRET}")

    with DAG("d", schedule=None, doc_md="log in with {SECRET}"):
        PythonOperator(task_id="python", python_callable=load)
        BashOperator(task_id="bash", bash_command="login {SECRET}", doc="type {SECRET}")
'''


@pytest.mark.parametrize("deployment", GIVEN[:2])
def test_no_copy_of_a_secret_gets_into_an_event(deployment: Deployment) -> None:
    found = document(FILE)
    gap = Gap(side="inputs", reason="opaque", message=f"`connect('{SECRET}')` isn't known")
    known = lineage(found.graph, [TaskLineage(task="python", sql=(Sql(query=f"select '{SECRET}'"),), gaps=(gap,))])
    made = file_events(found, known, options=LineageOptions(), event_time=NOW, deployment=deployment)
    assert SECRET not in "".join(map(json_line, made))
    shown = file_events(found, known, options=LineageOptions(), event_time=NOW)
    assert "".join(map(json_line, shown)).count(SECRET) >= 6
