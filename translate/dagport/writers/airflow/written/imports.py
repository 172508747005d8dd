"""The names that a written file imports, none of them taken twice."""

from __future__ import annotations

from collections.abc import Mapping

from dagport.writers.common.naming import Names, python_names

BY_MODULE = frozenset({"json", "math", "os", "re", "sys", "pendulum", "shutil", "tempfile"})
"""Modules whose names are written with the module before them."""


class Imports:
    """Imports of one file. ``bound``: names that the file has already, with what they were imported as."""

    def __init__(self, bound: Mapping[str, str | None]) -> None:
        self._bound = bound
        self._by_meaning = {meaning: name for name, meaning in reversed(list(bound.items())) if meaning}
        self.names: Names = python_names(bound)
        self._given: dict[str, str] = {}
        self._statements: dict[str, None] = {}

    def want(self, name: str) -> str:
        """What to write for a qualified name; a part that begins with a capital is no module."""
        if name not in self._given:
            self._given[name] = self._found(name)
        return self._given[name]

    def statements(self) -> list[str]:
        """The import statements, in no special order."""
        return list(self._statements)

    def _found(self, name: str) -> str:
        module, attributes = split(name)
        if not module:
            return ".".join(attributes)
        head, *rest = attributes
        whole = f"{module}.{head}"
        tail = "".join(f".{part}" for part in rest)
        if whole in self._by_meaning:
            return self._take(self._by_meaning[whole], whole) + tail
        if module in self._by_meaning:
            return f"{self._take(self._by_meaning[module], module)}.{head}{tail}"
        if module in BY_MODULE and self.names.is_free(module):
            self._statements[f"import {module}"] = None
            self._by_meaning[module] = module
            self.names.reserve([module])
            return f"{module}.{head}{tail}"
        local = self.names.allocate(head)
        self._statements[f"from {module} import {head}" + (f" as {local}" if local != head else "")] = None
        self._by_meaning[whole] = local
        return local + tail

    def _take(self, local: str, meaning: str) -> str:
        """A name that the source imports: import it in the same way."""
        if local in self._bound:
            module, _, last = meaning.rpartition(".")
            if local == meaning:
                self._statements[f"import {meaning}"] = None
            elif not module:
                self._statements[f"import {meaning} as {local}"] = None
            else:
                self._statements[f"from {module} import {last}" + (f" as {local}" if local != last else "")] = None
        return local


def split(name: str) -> tuple[str, list[str]]:
    """The module of a qualified name, and its attributes below that."""
    parts = name.split(".")
    if parts[0] == "builtins":
        return "", parts[1:]
    if ".".join(parts[:2]) in ("datetime.datetime", "datetime.date", "datetime.time"):
        return "datetime", parts[1:]
    first = next((index for index, part in enumerate(parts) if part[:1].isupper() or part.startswith("_")), None)
    at = first if first is not None and first > 0 else len(parts) - 1
    return ".".join(parts[:at]), parts[at:]
