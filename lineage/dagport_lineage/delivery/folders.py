"""Where the spool is if nobody says otherwise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dagport.project.folders import user_folder

VARIABLE = "DAGPORT_SPOOL_DIR"


def spool_folder(environment: Mapping[str, str] | None = None) -> Path | None:
    """``DAGPORT_SPOOL_DIR``, else ``dagport/lineage`` in the user's folder for state; ``None`` without a home."""
    environment = os.environ if environment is None else environment
    found = user_folder(VARIABLE, "state", environment)
    return found if found is None or environment.get(VARIABLE) else found / "lineage"
