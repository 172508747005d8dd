"""Where a module of the project lies: Python's search of a path, over the folders that Airflow has on it.

Source: ``importlib.machinery.PathFinder`` (a regular package or a module wins over a folder without ``__init__.py``),
``airflow.settings.prepare_syspath`` (the DAGs, config and plugins folders). Nothing is executed to find out.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from dagport.workspace import Look, Workspace

PLUGINS, CONFIG, DAGS, SRC = "plugins", "config", "dags", "src"


@dataclass(frozen=True, slots=True)
class Found:
    """A module: its file, or the folders of a package without ``__init__.py``."""

    file: str | None  # relative to the project root
    folders: tuple[str, ...] = ()  # where its submodules lie; empty for a plain module
    others: tuple[str, ...] = ()  # files of the same name that other folders of the search path hold
    root: str = ""  # the folder of the search path that it was found in


class Finder:
    """Finds modules of one project."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._found: dict[tuple[str, tuple[str, ...]], tuple[Found | None, dict[Look, None]]] = {}

    def search_path(self, file: str) -> tuple[str, ...]:
        """The folders in which the modules that a DAG file imports are looked for, in order.

        Configured roots, the project's root, the nearest folder above the file that is called ``dags`` with its
        ``plugins`` and ``config`` neighbours, ``plugins``, ``config`` and ``src`` of the root.
        """
        dags = next((folder for folder in _ancestors(file) if posixpath.basename(folder) == DAGS), None)
        home = posixpath.dirname(dags) if dags else ""
        near = [] if dags is None else [dags, posixpath.join(home, CONFIG), posixpath.join(home, PLUGINS), home]
        return tuple(dict.fromkeys((*self.workspace.source_roots, "", *near, PLUGINS, CONFIG, SRC)))

    def guesses(self, file: str) -> tuple[str, ...]:
        """Other folders above a file, nearest first: one of them may be the DAGs folder. None of them is a package."""
        return tuple(
            folder
            for folder in _ancestors(file)
            if self.workspace.kind(posixpath.join(folder, "__init__.py")) != "file"
        )

    def top(self, name: str, path: tuple[str, ...]) -> Found | None:
        """A top-level module."""
        return self._known(name, path)

    def below(self, package: Found, name: str) -> Found | None:
        """A module of a package, by its last name."""
        return self._known(name, package.folders)

    def _known(self, name: str, path: tuple[str, ...]) -> Found | None:
        known = self._found.get((name, path))
        if known is not None:
            self.workspace.replay(known[1])
            return known[0]
        with self.workspace.recording() as looks:
            found = self._search(name, path)
        self._found[name, path] = (found, looks)
        return found

    def _search(self, name: str, path: tuple[str, ...]) -> Found | None:
        first: Found | None = None
        others: list[str] = []
        portions: list[str] = []
        for folder in path:
            found = self._in_folder(folder, name)
            if found is None:
                continue
            if found.file is None:
                portions += found.folders
            elif first is None:
                first = found
            elif found.file is not None:
                others.append(found.file)
        if first is not None:
            return Found(first.file, first.folders, tuple(others), first.root)
        return Found(None, tuple(portions)) if portions else None

    def _in_folder(self, folder: str, name: str) -> Found | None:
        if not name.isidentifier():
            return None
        has_folder, has_file = self.workspace.offers(folder, name)
        inner = posixpath.join(folder, name)
        package = posixpath.join(inner, "__init__.py")
        if has_folder and self.workspace.kind(package) == "file":
            return Found(package, (inner,), root=folder)
        if has_file and self.workspace.kind(f"{inner}.py") == "file":
            return Found(f"{inner}.py", root=folder)
        if has_folder and self.workspace.kind(inner) == "folder":
            return Found(None, (inner,), root=folder)
        return None


def _ancestors(file: str) -> list[str]:
    """The folders above a file, nearest first, without the root."""
    found = []
    folder = posixpath.dirname(file)
    while folder:
        found.append(folder)
        folder = posixpath.dirname(folder)
    return found
