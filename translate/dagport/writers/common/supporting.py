"""The files that a generated project carries along: as they are, but for where they import from."""

from __future__ import annotations

import re
from collections.abc import Iterable
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


COMMON = "dagport.writers.common.support"
OURS = re.compile(r"^from dagport\.writers\.\w+\.(?:support|runtime)\.(\w+) import", re.MULTILINE)


def carried(names: Iterable[str], package: str, folder: str) -> dict[str, str]:
    """Some files and those that they import from, by their names in the project; ``folder``: the target's own files.

    Raises ``FileNotFoundError`` for one that is neither there nor in ``common/support/``.
    """
    found: dict[str, str] = {}
    left = sorted(names)
    for name in left:
        if name not in found:
            source = text(name, folder)
            left += [f"{module}.py" for module in OURS.findall(source)]
            found[name] = OURS.sub(lambda match: f"from {package}.{match[1]} import", source)
    return dict(sorted(found.items()))


@cache
def text(file: str, *folders: str) -> str:
    """A file of some folders, or of those that all targets share. Raises ``FileNotFoundError``."""
    for folder in (*folders, COMMON):
        place = files(folder).joinpath(file)
        if place.is_file():
            return place.read_text("utf-8")
    raise FileNotFoundError(file)
