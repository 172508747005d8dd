"""Names of Airflow that ask the deployment while a file is imported: Variables, connections, the configuration.

What the user's files say is known; else a call's own default is assumed; else the answer is unknown. The environment
counts before the rest, as in Airflow's search path (``DEFAULT_SECRETS_SEARCH_PATH`` of ``airflow.secrets``).
"""

from __future__ import annotations

from dagport.evaluate.domain import Native
from dagport.readers.airflow import configuration, connections, variables


def find(parts: list[str], version: str) -> Native | None:
    """The model of a name below ``airflow``, given as the parts between its dots."""
    owner, name = parts[-2:]
    if owner == "Variable":
        return variables.find(name, variables.default_of(parts, version))
    if owner == "Connection" or owner.endswith("Hook"):
        return connections.find(owner, name)
    return configuration.METHODS.get(name) if owner == "conf" else None
