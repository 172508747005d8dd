"""The project's configuration: ``dagport.toml``, or ``[tool.dagport]`` of ``pyproject.toml``.

Its keys are the names of the options. A table named after a command holds what is meant for that command
only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagport.project.errors import ProjectError
from dagport.project.files import absolute_path
from dagport.regular import read_regular

OWN_FILE, SHARED_FILE = "dagport.toml", "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Config:
    """What a configuration file sets."""

    file: Path | None = None  # None: there is no configuration
    values: Mapping[str, Any] = field(default_factory=dict)  # TOML values, not validated

    @property
    def folder(self) -> Path | None:
        """The folder that relative paths in it start from."""
        return self.file.parent if self.file else None


def load_config(given: Path | None, start: Path) -> Config:
    """The configuration that was given, else the nearest one from ``start`` upwards.

    The search ends at the top of the git repository. Raises ``ProjectError`` for a file that can't be read.
    """
    if given:
        file = absolute_path(given)
        values = _values(file, needed=True)
        return Config(file, values or {})
    for folder in _upwards(start):
        for name in (OWN_FILE, SHARED_FILE):
            values = _values(folder / name, needed=False)
            if values is not None:
                return Config(folder / name, values)
    return Config()


def find_root(given: Path | None, config: Config, start: Path) -> Path:
    """The project's root: the one given, else the configuration's folder, else the git top, else ``start``.

    Raises ``ProjectError`` when the given one is no folder.
    """
    if given:
        root = absolute_path(given)
        if not root.is_dir():
            raise ProjectError(f"the root {given} is not a folder")
        return root
    if config.folder:
        return config.folder
    tops = [folder for folder in _upwards(start) if (folder / ".git").exists()]
    return tops[0] if tops else absolute_path(start)


def _upwards(start: Path) -> list[Path]:
    absolute = absolute_path(start)
    folders = []
    for folder in (absolute, *absolute.parents):
        folders.append(folder)
        if (folder / ".git").exists():
            break
    return folders


def _values(file: Path, *, needed: bool) -> Mapping[str, Any] | None:
    """The settings in a file; ``None`` where it has no place for them."""
    try:
        data = read_regular(file)
    except OSError as error:
        if needed or not isinstance(error, FileNotFoundError | NotADirectoryError | PermissionError):
            raise ProjectError(f"{file}: can't be read: {error.strerror}") from None
        return None
    shared = file.name != OWN_FILE
    if shared and not needed and b"dagport" not in data:
        return None
    parsed = _parse(file, data)
    if not shared:
        return parsed
    tool = parsed.get("tool")
    table = tool.get("dagport") if isinstance(tool, dict) else None
    if table is None and needed and file.name != SHARED_FILE:
        return parsed  # a configuration under a name of its own
    if table is not None and not isinstance(table, dict):
        raise ProjectError(f"{file}: tool.dagport is not a table")
    return table


def _parse(file: Path, data: bytes) -> dict[str, Any]:
    import tomllib  # start-up

    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{file}: {error}") from None
