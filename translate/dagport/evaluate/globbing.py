"""``glob`` below the project root, for ``glob.glob`` and ``Path.glob``.

Source: ``glob._iglob`` (names that begin with a dot match only patterns that do; ``**`` only when recursive) and
``pathlib.Path.glob`` (dots aren't special). Both give no order.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from dagport.evaluate import files, located
from dagport.evaluate.domain import CallSite, Unknown
from dagport.workspace import Kind

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

MAGIC = frozenset("*?[")
LONGEST = 300
DEEPEST = 40
COMPILED = "module.cpython-312.pyc"  # what Python's cache holds


class Search:
    """One search: ``found`` holds the texts after the root's own, ``maybe`` those that may or may not be there."""

    def __init__(self, machine: Machine, base: str, site: CallSite, *, hidden: bool, recursive: bool) -> None:
        self.machine = machine
        self.base = base
        self.site = site
        self.hidden = hidden
        self.recursive = recursive
        self.found: list[str] = []
        self.maybe: list[str] = []

    def run(self, start: str, pattern: str) -> Unknown | None:
        """Search below a folder; why the result isn't known, if it isn't."""
        parts = pattern.split("/")
        plain = [part for part in parts if part not in ("**", "")]
        if len(pattern) > LONGEST or "" in parts or parts.count("**") > 1 or any("**" in part for part in plain):
            return self._lost(f"the pattern `{pattern[:80]}` isn't followed")
        if parts[-1] == "**":
            return self._lost("what `**` at the end of a pattern gives depends on the version of Python")
        return self._search(start, parts, certain=True, depth=0)

    def _lost(self, why: str) -> Unknown:
        return self.machine.unknown(why, self.site)

    def _search(self, folder: str, parts: list[str], *, certain: bool, depth: int) -> Unknown | None:
        """``certain``: no wildcard stands before, so that what isn't in the project may be in the deployment."""
        self.machine.step()
        if depth > DEEPEST:
            return self._lost("the folders are nested too deeply")
        part, *rest = parts
        if part == "**" and self.recursive:
            return self._everywhere(folder, rest, depth)
        if not MAGIC.intersection(part):
            return self._literal(folder, part, rest, certain=certain, depth=depth)
        found = files.names(self.machine, located.located(folder, self.base), self.site)
        if isinstance(found, Unknown):
            return found
        names, cached = found
        if cached and fnmatchcase(files.CACHE, part):
            if not rest:
                self.maybe.append(f"{folder}/{files.CACHE}")
            elif fnmatchcase(COMPILED, rest[0]):
                return self._lost("the pattern may find what Python keeps in `__pycache__`")
        for name in names:
            if not fnmatchcase(name, part) or (name.startswith(".") and not self.hidden and not part.startswith(".")):
                continue
            problem = self._entry(f"{folder}/{name}", rest, depth)
            if problem is not None:
                return problem
        return None

    def _entry(self, path: str, rest: list[str], depth: int) -> Unknown | None:
        if not rest:
            self.found.append(path)
            self.machine.check_items(len(self.found))
            return None
        if self._kind(path) != "folder":
            return None
        return self._search(path, rest, certain=False, depth=depth + 1)

    def _kind(self, path: str) -> Kind | Unknown:
        return files.kind(self.machine, located.located(path, self.base), self.site)

    def _literal(self, folder: str, part: str, rest: list[str], *, certain: bool, depth: int) -> Unknown | None:
        path = f"{folder}/{part}"
        kind = self._kind(path)
        if isinstance(kind, Unknown):
            return kind if certain else None
        if not rest:
            self.found.append(path)
            return None
        return self._search(path, rest, certain=certain, depth=depth + 1) if kind == "folder" else None

    def _everywhere(self, folder: str, rest: list[str], depth: int) -> Unknown | None:
        """``**``: this folder and all below it."""
        place = located.located(folder, self.base)
        found = files.names(self.machine, place, self.site)
        if isinstance(found, Unknown):
            return found
        names, cached = found
        if cached and any(fnmatchcase(name, rest[0]) for name in (COMPILED, files.CACHE)):
            return self._lost("the pattern may find what Python keeps in `__pycache__`")
        problem = self._search(folder, rest, certain=False, depth=depth + 1)
        for name in names:
            path = f"{folder}/{name}"
            if problem is not None or (name.startswith(".") and not self.hidden) or self._kind(path) != "folder":
                continue
            problem = self._below(path, rest, depth)
        return problem

    def _below(self, path: str, rest: list[str], depth: int) -> Unknown | None:
        settled = files.settled(self.machine, path, self.site)
        workspace = self.machine.workspace
        if isinstance(settled, Unknown) or workspace is None or not files.is_plain_folder(workspace, settled):
            return self._lost("whether links to folders are followed depends on the version of Python")
        return self._everywhere(path, rest, depth + 1)
