"""Prefect as the host: a DAG, unchanged and run by its own Airflow, as a flow with a task run per Airflow task.

Needs Prefect 3; ``dagport_adapters.runners`` says how a DAG is run.
"""

from __future__ import annotations

from dagport_adapters.prefect.schedules import NoScheduleError, schedule_of
from dagport_adapters.prefect.wrapping import DagRunFailedError, NameCollisionError, WrapError, wrap_dag, wrap_dags

__all__ = [
    "DagRunFailedError",
    "NameCollisionError",
    "NoScheduleError",
    "WrapError",
    "schedule_of",
    "wrap_dag",
    "wrap_dags",
]
