"""The Dagster host: legacy DAGs as assets of Dagster. Only this package imports Dagster, and only where it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagport_adapters.dagster.observe import observe_airflow
    from dagport_adapters.dagster.partitions import logical_date_of, partition_of, partitions_for
    from dagport_adapters.dagster.resources import AirflowResource, LocalAirflowResource, RemoteAirflowResource
    from dagport_adapters.dagster.wrap.wrapping import wrap_dags

__all__ = [
    "AirflowResource",
    "LocalAirflowResource",
    "RemoteAirflowResource",
    "logical_date_of",
    "observe_airflow",
    "partition_of",
    "partitions_for",
    "wrap_dags",
]

_HOMES = {
    "AirflowResource": "dagport_adapters.dagster.resources",
    "LocalAirflowResource": "dagport_adapters.dagster.resources",
    "RemoteAirflowResource": "dagport_adapters.dagster.resources",
    "logical_date_of": "dagport_adapters.dagster.partitions",
    "observe_airflow": "dagport_adapters.dagster.observe",
    "partition_of": "dagport_adapters.dagster.partitions",
    "partitions_for": "dagport_adapters.dagster.partitions",
    "wrap_dags": "dagport_adapters.dagster.wrap.wrapping",
}


def __getattr__(name: str) -> Any:
    """Import a name where it is first used: the modules need Dagster, and it takes its time."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
