"""``defaults.yml`` files: what a folder says for all YAML files in and below it.

Source: ``_DagFactory._retrieve_default_config_list`` and the merging functions beside it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from dagport.evaluate.domain import Anything, PyRaise, Unknown
from dagport.readers.airflow.dag_factory.blocks import Block
from dagport.workspace import Workspace

NAMES = ("defaults.yml", "defaults.yaml")


def default_files(path: str, workspace: Workspace | None) -> list[str]:
    """The files that may apply, the farthest first; where dags folder begins is known only in the deployment."""
    if workspace is None:
        return []
    return [found for folder in reversed(list(_folders(path))) if (found := _in_folder(folder, workspace)) is not None]


def certainly_applies(path: str, file: str) -> bool:
    """Whether dag-factory takes a defaults file wherever the dags folder is: that of the YAML file's own folder."""
    return posixpath.dirname(path) == posixpath.dirname(file)


def _folders(path: str) -> Iterator[str]:
    folder = posixpath.dirname(path)
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _in_folder(folder: str, workspace: Workspace) -> str | None:
    names = (posixpath.join(folder, name) for name in NAMES)
    return next((name for name in names if workspace.kind(name) == "file"), None)


def merged_default_args(configurations: list[Anything]) -> Block:
    """The ``default_args`` of several configurations; the last one counts."""
    merged = Block()
    for configuration in configurations:
        merged.update(_items(_get(configuration, "default_args"), "items"))
    return merged


def merged_dag_args(configurations: list[Anything]) -> Block:
    """What else several configurations say for whole DAGs; the last one counts, and tags are added up."""
    merged = Block()
    for configuration in configurations:
        for key, value in _items(configuration, "items").items():
            if key == "tags":
                merged[key] = _united(merged.get("tags", []), value)
            elif key != "default_args":
                merged[key] = value
    return merged


def _united(known: Anything, value: Anything) -> Anything:
    if isinstance(known, Unknown) or isinstance(value, Unknown):
        return known if isinstance(known, Unknown) else value
    if not isinstance(value, list) or any(isinstance(tag, list | dict) for tag in value):
        raise PyRaise("TypeError", f'can only concatenate list (not "{type(value).__name__}") to list')
    if any(isinstance(tag, Unknown) for tag in value):
        return next(tag for tag in value if isinstance(tag, Unknown))
    try:
        return sorted(set(known) | set(value))
    except TypeError as error:
        raise PyRaise("TypeError", str(error)) from None


def _get(configuration: Anything, key: str) -> Anything:
    return _items(configuration, "get").get(key, Block())


def _items(value: Anything, method: str) -> Block:
    if isinstance(value, Unknown):
        raise Undetermined(value)
    if not isinstance(value, dict):
        raise PyRaise("AttributeError", f"'{type(value).__name__}' object has no attribute '{method}'")
    return value if isinstance(value, Block) else Block(value)


class Undetermined(Exception):  # noqa: N818 - an answer, not an error
    """What decides how a file is read isn't known."""

    def __init__(self, lost: Unknown) -> None:
        super().__init__(lost.why)
        self.lost = lost


def merge_configs(config: dict[Any, Any], defaults: dict[Any, Any]) -> None:
    """Put in what a configuration doesn't say; inner mappings are merged, too (``dagfactory.utils.merge_configs``)."""
    for key, value in defaults.items():
        if key not in config:
            config[key] = value
        elif isinstance(config[key], dict) and isinstance(value, dict):
            merge_configs(config[key], value)
