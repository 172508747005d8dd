"""The user's own folders."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

Purpose: TypeAlias = Literal["cache", "state"]

CACHE_VARIABLE = "DAGPORT_CACHE_DIR"
XDG: dict[Purpose, tuple[str, str]] = {
    "cache": ("XDG_CACHE_HOME", ".cache"),
    "state": ("XDG_STATE_HOME", ".local/state"),
}
LIBRARY: dict[Purpose, str] = {"cache": "Library/Caches", "state": "Library/Application Support"}


def cache_folder() -> Path | None:
    """Where results are kept from run to run if nobody says otherwise; ``None`` for a user without a home."""
    return user_folder(CACHE_VARIABLE, "cache", os.environ)


def user_folder(variable: str, purpose: Purpose, environment: Mapping[str, str]) -> Path | None:
    """The folder that a variable names, else ``dagport`` in the one that the system has for a purpose.

    On Linux that is by the XDG Base Directory Specification, where a relative path counts as none. ``None`` for a user
    without a home.
    """
    given = environment.get(variable)
    if given:
        return Path(os.path.abspath(given))  # noqa: PTH100 - links stay
    if sys.platform == "win32":
        base = environment.get("LOCALAPPDATA") or _of_home("AppData/Local")
    elif sys.platform == "darwin":
        base = _of_home(LIBRARY[purpose])
    else:
        name, usual = XDG[purpose]
        given = environment.get(name) or ""
        base = given if os.path.isabs(given) else _of_home(usual)  # noqa: PTH117
    return Path(base, "dagport") if os.path.isabs(base) else None  # noqa: PTH117


def _of_home(folder: str) -> str:
    return os.path.join(os.path.expanduser("~"), folder)  # noqa: PTH111, PTH118 - doesn't raise without a home
