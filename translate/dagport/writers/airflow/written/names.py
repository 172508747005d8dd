"""Names in a written file: of variables, which each DAG may use anew, and of what all DAGs share."""

from __future__ import annotations

import re

from dagport.writers.common.naming import Names, identifier

SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")


class Variables:
    """Variables of one DAG. Those of other DAGs may be used again; functions and imports may not."""

    def __init__(self, shared: Names, reusable: set[str]) -> None:
        self._shared = shared
        self._reusable = reusable
        self._own: set[str] = set()

    def allocate(self, text: str, suffix: str) -> str:
        """A variable named after a task or a group."""
        name = identifier(text, "task")
        numbered = (f"{name}_{suffix}_{number}" for number in range(2, 10_000))
        for candidate in (name, f"{name}_{suffix}", *numbered):
            free = candidate in self._reusable or self._shared.is_free(candidate)
            if free and candidate not in self._own:
                self._own.add(candidate)
                self._reusable.add(candidate)
                self._shared.reserve([candidate])
                return candidate
        raise AssertionError("unreachable")


def asset_variable(name: str) -> str:
    """A variable's name for an asset: the last part of a URI, without its suffix."""
    last = SUFFIX.sub("", name.rstrip("/").rpartition("/")[2]) or name
    return identifier(last, "asset").lower()
