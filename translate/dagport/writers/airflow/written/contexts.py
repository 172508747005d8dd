"""Entries of a task's context that only one of the versions has (``KNOWN_CONTEXT_KEYS`` of 3.3 and 2.11)."""

from __future__ import annotations

import ast

from dagport.values import Template
from dagport.writers.airflow.upgrade import keys
from dagport.writers.common.literals import NotExpressible

NEW_IN_3 = frozenset({
    "asset_state_store", "partition_date", "partition_key", "task_reschedule_count", "task_state_store",
    "triggering_asset_events",
})  # fmt: skip
GONE_IN_3 = frozenset({*keys.REPLACED, *keys.LOST})
RUNS = ("dag_run", "ti", "task_instance")


def check_template(template: Template, engine: str, version: str) -> None:
    """Refuse a template of one version that names what the other hasn't. Raises ``NotExpressible``."""
    if engine == version:
        return
    foreign = NEW_IN_3 if version == "2" else GONE_IN_3
    for ref in template.refs:
        head, _, attribute = ref.partition(".")
        if head in foreign or (version == "3" and head in RUNS and attribute == "execution_date"):
            raise NotExpressible(f"its template {template.text!r} names `{ref}`, which Airflow {version} hasn't")


def check_code(text: str, version: str) -> None:
    """Refuse a function of Airflow 3 that takes what Airflow 2 hasn't in its context. Raises ``NotExpressible``."""
    if version != "2":
        return
    for node in ast.walk(ast.parse(text)):
        name = node.arg if isinstance(node, ast.arg) else node.value if isinstance(node, ast.Constant) else None
        if isinstance(name, str) and name in NEW_IN_3:
            raise NotExpressible(f"its function takes `{name}`, which Airflow 2 hasn't")
