"""The user's own folders."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CACHE_VARIABLE = "DAGPORT_CACHE_DIR"


def cache_folder() -> Path | None:
    """Where results are kept from run to run if nobody says otherwise; ``None`` for a user without a home.

    ``DAGPORT_CACHE_DIR``, else ``dagport`` in the folder that the system has for caches (on Linux by the XDG Base
    Directory Specification, where a relative path counts as none).
    """
    given = os.environ.get(CACHE_VARIABLE)
    if given:
        return Path(os.path.abspath(given))  # noqa: PTH100 - links stay
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or _of_home("AppData/Local")
    elif sys.platform == "darwin":
        base = _of_home("Library/Caches")
    else:
        given = os.environ.get("XDG_CACHE_HOME") or ""
        base = given if os.path.isabs(given) else _of_home(".cache")  # noqa: PTH117
    return Path(base, "dagport") if os.path.isabs(base) else None  # noqa: PTH117


def _of_home(folder: str) -> str:
    return os.path.join(os.path.expanduser("~"), folder)  # noqa: PTH111, PTH118 - doesn't raise without a home
