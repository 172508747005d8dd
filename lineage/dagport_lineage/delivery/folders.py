"""Where the spool is if nobody says otherwise."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "DAGPORT_SPOOL_DIR"


def spool_folder(environment: Mapping[str, str] | None = None) -> Path | None:
    """``DAGPORT_SPOOL_DIR``, else ``dagport/lineage`` in the user's folder for state; ``None`` without a home.

    On Linux that is as the XDG Base Directory Specification has it, where a relative path counts as none.
    """
    environment = os.environ if environment is None else environment
    given = environment.get(VARIABLE)
    if given:
        return Path(os.path.abspath(given))  # noqa: PTH100 - links stay
    home = os.path.expanduser("~")  # noqa: PTH111 - doesn't raise without a home
    if sys.platform == "win32":
        base = Path(environment.get("LOCALAPPDATA") or Path(home, "AppData/Local"))
    elif sys.platform == "darwin":
        base = Path(home, "Library/Application Support")
    else:
        state = Path(environment.get("XDG_STATE_HOME") or "")
        base = state if state.is_absolute() else Path(home, ".local/state")
    return Path(base, "dagport", "lineage") if base.is_absolute() else None
