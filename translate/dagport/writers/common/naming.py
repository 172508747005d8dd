"""Names that Python allows, each given out once."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

DISALLOWED = re.compile(r"[^A-Za-z0-9_]")
BUILTINS = frozenset(dir(builtins))


def clean(text: str) -> str:
    """The text with every character that isn't of a name replaced by ``_``."""
    return DISALLOWED.sub("_", text) or "_"


def identifier(text: str, prefix: str) -> str:
    """A Python name made from a text; ``prefix`` is put before a leading digit."""
    name = clean(text)
    return f"{prefix}_{name}" if name[0].isdigit() else name


def camel(text: str) -> str:
    """A class name made from a text: ``daily_train`` is ``DailyTrain``."""
    parts = [part for part in clean(text).split("_") if part]
    return "".join(part[0].upper() + part[1:] for part in parts) or "Pipeline"


class Names:
    """A namespace. Two names that differ only in case count as one where ``fold`` is set: they may be files."""

    def __init__(self, taken: Iterable[str] = (), *, fold: bool = False) -> None:
        self._fold = fold
        self._taken = {self._key(name) for name in taken}

    def _key(self, name: str) -> str:
        return name.casefold() if self._fold else name

    def is_free(self, name: str) -> bool:
        """Whether nobody has the name yet."""
        return self._key(name) not in self._taken

    def reserve(self, names: Iterable[str]) -> None:
        """Take names that others have given out."""
        self._taken.update(map(self._key, names))

    def allocate(self, name: str, suffixes: Iterable[str] = ()) -> str:
        """The name, or the name with the first suffix, or number from 2, that is free."""
        for candidate in (name, *(f"{name}_{suffix}" for suffix in suffixes)):
            if self.is_free(candidate):
                self.reserve([candidate])
                return candidate
        number = 2
        while not self.is_free(f"{name}_{number}"):
            number += 1
        self.reserve([f"{name}_{number}"])
        return f"{name}_{number}"


def python_names(taken: Iterable[str] = ()) -> Names:
    """A Python namespace: keywords, built-in names and ``taken`` (those of generated code) are given to nobody."""
    return Names({*keyword.kwlist, *keyword.softkwlist, *BUILTINS, *taken})
