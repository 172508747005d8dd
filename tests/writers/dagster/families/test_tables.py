"""The families' tables against what is known of the operators: their parameters and their template fields."""

from __future__ import annotations

from string import Template

import pytest

from dagport.graph import Task
from dagport.readers.airflow import operators
from dagport.writers.common.supporting import SUPPORT
from dagport.writers.dagster.families import FAMILIES, FILES, forms
from dagport.writers.dagster.families.form import _body
from dagport.writers.dagster.families.sagemaker import JOBS
from dagport.writers.dagster.families.table import Carried, Operator, Read
from dagport.writers.dagster.render import render

OPERATORS = [
    (name, operator) for family in FAMILIES for name, operator in family.operators.items() if ".providers." in name
]
BASE = {"do_xcom_push", "xcom_push"}
OLDER = {  # what another version of the provider has, or a sibling
    "DockerOperator": {"skip_exit_code"},
    "KubernetesPodOperator": {"resources", "node_selectors"},
    "SageMakerTuningOperator": {"max_attempts", "print_log"},
    "DatabricksRunNowOperator": {"openlineage_inject_transport_info"},
}
REFUSED = {  # arguments with which a task is refused, since the table doesn't name them
    "DockerOperator": {
        "log_opts_max_file", "log_opts_max_size", "tls_ca_cert", "tls_client_cert", "tls_client_key", "tls_hostname",
        "tls_ssl_version",
    },
    **{f"SageMaker{name}Operator": {"region"} for name in JOBS},
    **{
        f"{name}Operator": {"region"}
        for name in (
            "EmrAddSteps", "EmrServerlessStartJob", "EmrCreateJobFlow", "LambdaInvokeFunction", "EcsRunTask", "Batch",
            "GlueJob", "StepFunctionStartExecution", "Athena", "RedshiftData", "S3CopyObject", "S3CreateObject",
            "S3DeleteObjects", "S3List",
        )
    },
}  # fmt: skip


@pytest.mark.parametrize(("name", "operator"), OPERATORS, ids=[name.rpartition(".")[2] for name, _ in OPERATORS])
def test_rendered(name: str, operator: Operator) -> None:
    """What a table takes for rendered is a template field, and the other way round."""
    entry = operators.find(name)
    if entry is None or entry.template_fields is None:
        pytest.skip("its template fields aren't known")
    for argument, rule in operator.rules.items():
        if isinstance(rule, Carried) and not rule.hidden:
            assert rule.rendered == (argument in entry.template_fields), argument
        if isinstance(rule, Read) and rule.kind is str and argument.endswith("conn_id"):
            assert rule.rendered == (argument in entry.template_fields), argument


@pytest.mark.parametrize(("name", "operator"), OPERATORS, ids=[name.rpartition(".")[2] for name, _ in OPERATORS])
def test_parameters(name: str, operator: Operator) -> None:
    """A table knows every parameter of the operator as it is today, and no other."""
    entry = operators.find(name)
    if entry is None or entry.parameters is None:
        pytest.skip("its parameters aren't known")
    short = name.rpartition(".")[2]
    known = set(operator.rules) - BASE
    assert known - set(entry.parameters) - OLDER.get(short, set()) == set()
    missing = set(entry.parameters) - known - BASE
    assert missing == REFUSED.get(short, set())


def test_bodies_name_places() -> None:
    """What a body names is a place that the operator always has, or one whose argument the body looks at."""
    for name, form in forms().items():
        operator = form.operator
        places = {rule.to.split(".")[0] for rule in operator.rules.values() if isinstance(rule, Carried)}
        known = {*places, *(f"{place}_items" for place in places), *operator.entries, *operator.clients}
        known |= {"client", "arguments"}
        task = Task(id="t", operator=name, kind="other", arguments={"config": {}})
        named = set(Template(_body(operator, task)).get_identifiers())
        assert named <= known, name


def test_support_files_exist() -> None:
    for form in forms().values():
        clients = [client for client in (form.operator.client, *form.operator.clients.values()) if client]
        for name in [*form.operator.support, *(item for client in clients for item in client.support)]:
            assert name in SUPPORT or render(FILES[name], package="pipelines")


def test_no_operator_twice() -> None:
    names = [name for family in FAMILIES for name in family.operators]
    assert len(names) == len(set(names))
