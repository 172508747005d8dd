"""Generated projects on the disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from dagport.translation import Style

KEPT = (".py", ".yaml", ".yml", ".toml")
LEFT_OUT = frozenset({"__pycache__", "node_modules", "venv", "build", "dist"})
NOT_READ = "not read: a link, or too large"  # no Python, so that what needs it is unknown
BIGGEST = 5_000_000  # bytes of one file


def orchestrator_of(folder: Path) -> Literal["dagster", "prefect"] | None:
    """Whose project a folder is: Prefect's has a ``prefect.yaml``, Dagster's names ``tool.dg`` in its pyproject."""
    if (folder / "prefect.yaml").is_file():
        return "prefect"
    project = folder / "pyproject.toml"
    if project.is_file() and "[tool.dg" in project.read_text("utf-8", "replace"):
        return "dagster"
    return None


def project_files(folder: Path) -> dict[str, str]:
    """The texts of a project, by their paths in it. Links aren't followed."""
    found: dict[str, str] = {}
    for top, folders, names in os.walk(folder):
        left_out = {"__pycache__"} if "src" in Path(top).relative_to(folder).parts else LEFT_OUT
        folders[:] = sorted(name for name in folders if name not in left_out and not name.startswith("."))
        for name in sorted(names):
            path = Path(top, name)
            if path.suffix in KEPT:
                is_read = not path.is_symlink() and path.stat().st_size <= BIGGEST
                found[path.relative_to(folder).as_posix()] = path.read_text("utf-8", "replace") if is_read else NOT_READ
    return found


WRITTEN = "# Written by dagport"  # what the modules of pipelines begin with


def style_of(files: dict[str, str]) -> Style:
    """The style that a Dagster project was written in, as far as its code shows it."""
    modules = [text for path, text in files.items() if "/defs/" in path and text.startswith(WRITTEN)]
    if any("@dg.job" in text for text in modules):  # what Airflow runs has an asset job in this style, too
        return "ops"
    return "auto" if any(path.endswith("/control.py") for path in files) else "assets"


def package_of(files: dict[str, str]) -> str | None:
    """The Python package of a project: the folder below ``src``."""
    parts = [path.split("/") for path in files if path.startswith("src/") and path.count("/") > 1]
    names = {part[1] for part in parts}
    return names.pop() if len(names) == 1 else None
