"""The files that arguments name: SQL, scripts, configurations."""

from __future__ import annotations

import posixpath

from dagport.graph import Task
from dagport.workspace import Unreadable, Workspace
from dagport_lineage.model import Unresolved
from dagport_lineage.rendering.searchpath import ARGUMENT, search_folders
from dagport_lineage.scope import Scope


def file_text(path: str, task: Task, scope: Scope) -> tuple[str, str] | Unresolved:
    """The text of a file, and its path in the project, found as Airflow's loader of templates does.

    Source: ``get_template_env`` of ``airflow.sdk.definitions.dag`` and ``jinja2.loaders.FileSystemLoader``: in the
    folder of the DAG file first, then in those of ``template_searchpath``.
    """
    if scope.workspace is None or scope.source.file is None:
        return Unresolved("file", f"the project can't be seen, and `{path}` with it")
    parts = [part for part in path.split("/") if part and part != "."]
    if not parts or ".." in parts or any("\\" in part for part in parts):
        return Unresolved("file", f"`{path}` is no path that Airflow's loader takes")
    found = _found(parts, scope.source.file, scope, scope.workspace)
    if isinstance(found, Unresolved):
        return found
    try:
        return scope.workspace.read(found).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n"), found
    except Unreadable as problem:
        return Unresolved("file", problem.why)
    except UnicodeDecodeError:
        return Unresolved("file", f"`{found}` isn't UTF-8")


def _found(parts: list[str], file: str, scope: Scope, workspace: Workspace) -> str | Unresolved:
    """The first folder's file; a folder that isn't known may have another one before it."""
    beside = posixpath.dirname(file)
    has_more = ARGUMENT in scope.source.text
    more = (search_folders(scope.source.text, file) or (None,)) if has_more else ()
    for folder in (beside, *more):
        if folder is None:
            return Unresolved("file", f"`{'/'.join(parts)}` isn't beside the DAG file, and `{ARGUMENT}` isn't known")
        if workspace.kind(posixpath.join(folder, *parts)) == "file":
            return posixpath.join(folder, *parts)
    return Unresolved("file", f"the project has no file `{posixpath.join(beside, *parts)}`")
