"""Imports all flows of generated projects: what goes wrong, as JSON. Each project's package has the same name.

PREFECT_PYTHON prefect_imports.py PROJECT...
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path

from prefect import Flow


def problem(project: Path, module: str) -> str | None:
    """Why a module can't be used, if it can't."""
    try:
        found = importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 - whatever the user's own code raises
        return f"{type(error).__name__}: {error}"
    if not any(isinstance(value, Flow) for value in vars(found).values()):
        return "it has no flow"
    return None


def main() -> None:
    warnings.simplefilter("error", DeprecationWarning)
    found = {}
    with redirect_stdout(sys.stderr):
        for project in map(Path, sys.argv[1:]):
            sys.path.insert(0, str(project / "src"))
            for file in sorted((project / "src" / "pipelines" / "flows").glob("[!_]*.py")):
                why = problem(project, f"pipelines.flows.{file.stem}")
                if why is not None:
                    found[f"{project.name}/{file.stem}"] = why
            sys.path.pop(0)
            for name in [name for name in sys.modules if name.partition(".")[0] == "pipelines"]:
                del sys.modules[name]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
