"""Arguments of a DAG without a field in the graph: none gets lost, whatever the target."""

from __future__ import annotations

from typing import Any

import pytest

from dagport import formats
from dagport.options import ReadOptions
from dagport.source import Source
from dagport.translation import Document, Translation, WriteOptions

DAG = """\
from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator

OPTIONS = {OPTIONS}
with DAG("train", schedule="@daily", **OPTIONS):
    BashOperator(task_id="a", bash_command={COMMAND})
    BashOperator(task_id="b", bash_command="true")
"""
TARGETS = ("dagster", "prefect")


def translated(target: str, options: dict[str, Any], command: str = "true") -> Translation:
    """A DAG with these arguments; nothing of them stands as a keyword in its file."""
    text = DAG.replace("{OPTIONS}", repr(options)).replace("{COMMAND}", repr(command))
    source = Source("dags/train.py", text)
    graph = formats.reader("airflow")(source, ReadOptions(airflow_version="3"))
    return formats.target(target)([Document(source, graph)], WriteOptions(delegate=False))


def said(translation: Translation, code: str) -> list[str]:
    return [found.message for found in translation.diagnostics if found.code == code]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "options",
    [
        {"max_consecutive_failed_dag_runs": 3},
        {"access_control": {"Viewer": {"DAGs": {"can_read"}}}},
        {"owner_links": {"team": "https://example.com"}},
        {"dag_display_name": "Training"},
        {"allowed_run_types": ["manual"]},
        {"fail_fast": True},
    ],
    ids=lambda options: next(iter(options)),
)
def test_told(target: str, options: dict[str, Any]) -> None:
    [name] = options
    assert [message for message in said(translated(target, options), "DP403") if f"`{name}`" in message]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"is_paused_upon_creation": True},
        {"is_paused_upon_creation": False},
        {"fail_fast": False},
        {"template_searchpath": ["sql"]},
        {"user_defined_macros": {"rows": 1}},
    ],
    ids=lambda options: next(iter(options), "none"),
)
def test_nothing_to_tell(target: str, options: dict[str, Any]) -> None:
    found, plain = translated(target, options), translated(target, {})
    assert (said(found, "DP403"), said(found, "DP402")) == (said(plain, "DP403"), said(plain, "DP402"))


@pytest.mark.parametrize("target", TARGETS)
def test_tasks_that_a_failure_ends_are_approximate(target: str) -> None:
    assert {one.fidelity for one in translated(target, {"fail_fast": True}).outcomes} == {"approximate"}
    assert {one.fidelity for one in translated(target, {}).outcomes} == {"native"}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("options", "fidelity"),
    [
        ({}, "native"),
        ({"user_defined_macros": {"ds": 1}}, "native"),  # the context goes first
        ({"render_template_as_native_obj": True}, "manual"),
        ({"jinja_environment_kwargs": {"trim_blocks": True}}, "manual"),
    ],
    ids=lambda options: next(iter(options), "none") if isinstance(options, dict) else None,
)
def test_what_changes_templates(target: str, options: dict[str, Any], fidelity: str) -> None:
    found = {one.task: one.fidelity for one in translated(target, options, "echo {{ ds }}").outcomes}
    assert found["a"] == fidelity
    assert found["b"] == "native"
