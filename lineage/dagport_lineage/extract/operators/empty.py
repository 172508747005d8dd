"""Operators that touch no data."""

from __future__ import annotations

from dagport.graph import Task
from dagport_lineage.model import Found
from dagport_lineage.scope import Scope


def nothing(task: Task, scope: Scope) -> Found:
    """Reads nothing, writes nothing."""
    return Found()


FAMILY = {
    "airflow.providers.standard.operators.empty.EmptyOperator": nothing,
}
