"""The files of ``support/`` that a generated project carries along, as they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Support:
    """A name that generated code imports from a file of its project."""

    file: str
    statement: str  # "{package}" is the project's


SUPPORT: dict[str, Support] = {
    name: Support(f"{module}.py", f"from {{package}}.{module} import {name}")
    for module, names in {
        "clock": ("is_between", "is_weekday"),
        "poking": ("poke_until", "has_passed", "has_file"),
        "macros": ("ds_add", "ds_format", "tojson", "as_int"),
        "connections": ("get_connection",),
        "isolated": ("run_in_python", "run_in_virtualenv"),
        "waiting": ("wait_until",),
        "time_limits": ("time_limit",),
        "quality": (
            "check_row",
            "check_value",
            "check_threshold",
            "check_interval",
            "check_columns",
            "check_table",
        ),
    }.items()
    for name in names
} | {"PokeReturnValue": Support("poking.py", "from {package}.poking import Poke")}
"""By what ``Inputs.support`` has: the name itself."""


@cache
def text(file: str) -> str:
    """A support file. The names that say so are known to exist: they are those of ``SUPPORT``."""
    return files("dagport.writers.common.support").joinpath(file).read_text("utf-8")
