"""Which code out of sight is known not to touch the pipelines beyond what its arguments say."""

from __future__ import annotations

from dagport.evaluate import library

STANDARD = ("airflow.providers.standard.", "airflow.operators.", "airflow.sensors.")


def trusted(name: str) -> bool:
    """Airflow's own code and that of packages that know nothing of it."""
    return name.partition(".")[0] == "airflow" or library.is_harmless(name)


def makes_tasks(name: str) -> bool:
    """Functions of Airflow and its providers may make tasks; their classes don't, but for groups of tasks."""
    last = name.rpartition(".")[2]
    return name.startswith("airflow.") and (last.endswith(("TaskGroup", "Dag", "DAG")) or last[:1].islower())


def same_in_all_versions(name: str) -> bool:
    """Operators that come with Airflow: their parameters are those of the version that the file is for."""
    return name.startswith(STANDARD)
