"""Observation: what Airflow runs by itself, seen in Dagster."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagport_adapters.dagster.observe.mapping import ObservedDag, observed_dags
    from dagport_adapters.dagster.observe.sensor import observe_airflow

__all__ = ["ObservedDag", "observe_airflow", "observed_dags"]

_HOMES = {"ObservedDag": "mapping", "observe_airflow": "sensor", "observed_dags": "mapping"}


def __getattr__(name: str) -> Any:
    """Import a name where it is first used: Dagster takes its time, and ``outcomes`` does without."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
