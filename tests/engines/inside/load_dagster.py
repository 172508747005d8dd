"""Loads a generated Dagster project with Dagster's own validation; any warning is an error.

    DAGSTER_PYTHON load_dagster.py PROJECT PACKAGE

Prints ``{"jobs": [...], "assets": [...], "schedules": [...]}``.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import dagster as dg


def load(project: str, package: str) -> dg.Definitions:
    """The definitions of a project, validated."""
    sys.path.insert(0, str(Path(project) / "src"))
    warnings.simplefilter("error")  # after the import of Dagster itself: what it warns about is not ours
    found: Any = importlib.import_module(f"{package}.definitions").defs
    definitions = found if isinstance(found, dg.Definitions) else found()
    dg.Definitions.validate_loadable(definitions)
    return definitions


def summary(definitions: dg.Definitions) -> dict[str, Any]:
    """What the project defines, by name."""
    repository = definitions.get_repository_def()
    return {
        "jobs": sorted(name for name in repository.job_names if not name.startswith("__")),
        "assets": sorted(key.to_user_string() for key in repository.asset_graph.get_all_asset_keys()),
        "schedules": sorted(schedule.name for schedule in repository.schedule_defs),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(summary(load(*sys.argv[1:]))))
