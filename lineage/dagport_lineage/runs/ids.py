"""Ids of runs, as Airflow's OpenLineage provider makes them, so that its events and ours are of the same runs.

Sources: apache-airflow-providers-openlineage 2.20.3 (``plugins/adapter.py``) and openlineage-python 1.54
(``uuid.generate_static_uuid``; importing the client takes 0.7 s, these few lines don't). An id is a UUID of version 7
(RFC 9562) with the milliseconds of the moment and, in place of what is random, 76 bits of the SHA-1 of moment and name.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha1
from uuid import UUID

NOT_MAPPED = -1


def dag_run_id(namespace: str, dag_id: str, moment: datetime, clear_number: int = 0) -> str:
    """The id of a DAG run.

    ``moment`` is its logical date, or ``run_after`` where it has none. Raises ``ValueError`` for a moment without a
    time zone.
    """
    return static_uuid(moment, f"{namespace}.{dag_id}.{clear_number}")


def task_run_id(
    namespace: str, dag_id: str, task_id: str, moment: datetime, try_number: int = 1, map_index: int = NOT_MAPPED
) -> str:
    """The id of one try of a task instance; ``moment`` is that of its DAG run. Raises as ``dag_run_id`` does."""
    return static_uuid(moment, f"{namespace}.{dag_id}.{task_id}.{try_number}.{map_index}")


def static_uuid(moment: datetime, name: str) -> str:
    """The id of a name at a moment. Raises ``ValueError`` for a moment without a time zone."""
    if moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")  # the client would take this machine's
    moment = moment.astimezone(UTC)
    digest = int.from_bytes(sha1(moment.isoformat().encode() + name.encode(), usedforsecurity=False).digest(), "big")
    node = digest >> 84
    number = (int(moment.timestamp() * 1000) & 0xFFFFFFFFFFFF) << 80 | node
    number = number & ~(0xF000 << 64) | 7 << 76  # version
    return str(UUID(int=number & ~(0xC000 << 48) | 0x8000 << 48))  # variant
