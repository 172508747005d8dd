"""Names that an Airflow version doesn't have, so that importing them fails.

For Airflow 3: what 2.11 offers and 3.3 lacks, found by importing all of it (``removed.json``, made by
``tests/engines/removed_names.py``), and the module names of Airflow 1.10. For Airflow 1.10 and 2: ``airflow.sdk``.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

SDK = "airflow.sdk"
OLD_HOMES = ("airflow.operators.", "airflow.sensors.", "airflow.hooks.")
OLD_SUFFIXES = ("_operator", "_sensor", "_hook")
NOT_IN_2_11 = frozenset({"airflow.operators.dummy", "airflow.operators.sql"})  # gone earlier in version 2
KEPT = ("airflow.sdk", "airflow.providers.")


def is_old(module: str) -> bool:
    """Whether a module is named as those of Airflow 1.10 are."""
    return module.startswith("airflow.contrib.") or (module.startswith(OLD_HOMES) and module.endswith(OLD_SUFFIXES))


def gone_in_3(module: str, name: str | None = None) -> bool:
    """Whether ``import module``, or ``from module import name``, fails in Airflow 3."""
    if not module.startswith("airflow.") or module.startswith(KEPT):
        return False
    if is_old(module) or module in NOT_IN_2_11:
        return True
    modules, names = _facts()
    if module in modules or any(module.startswith(f"{item}.") for item in modules):
        return True
    return name is not None and (f"{module}.{name}" in modules or name in names.get(module, ()))


def refusal(version: str, module: str, name: str | None) -> str | None:
    """Why an import fails in an Airflow version, in Python's words; ``None`` where nothing is known against it."""
    if version != "3":
        return f"No module named '{SDK}'" if module == SDK or module.startswith(f"{SDK}.") else None
    if gone_in_3(module):
        return f"No module named '{module}'"
    return f"cannot import name '{name}' from '{module}'" if gone_in_3(module, name) else None


@cache
def _facts() -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    data = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
    return frozenset(data["modules"]), {module: frozenset(names) for module, names in data["names"].items()}
