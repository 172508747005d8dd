"""What the analysed code learns from the project's files: where its paths lead, and what is there.

Only paths that begin at a file of the project (``__file__``) are followed. What the project doesn't have the
deployment may have, so its absence is an answer only where the user says that nothing else is deployed.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from dagport.evaluate.domain import Anything, CallSite, Model, PyRaise, SourceFile, Unknown
from dagport.evaluate.library.support import lost
from dagport.evaluate.located import ABOVE, PREFIX
from dagport.workspace import Kind, Unreadable, Workspace

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

CACHE = "__pycache__"  # made by Python where modules lie: it may be there or not
SHOWN = 80
UNLESS = " (--only-project-files says that it hasn't)"


def as_text(value: Anything) -> Anything:
    """A path of ``pathlib`` as the text of it; other values as they are."""
    if not isinstance(value, Model):
        return value
    from dagport.evaluate.library.pathlib import Path
    from dagport.evaluate.paths import LocatedPath

    if isinstance(value, LocatedPath):
        return value.text
    return str(value.path) if isinstance(value, Path) else value


def project_path(machine: Machine, value: Anything, site: CallSite) -> str | Unknown:
    """Where a path leads, relative to the project's root; or why that isn't known."""
    text = as_text(value)
    if isinstance(text, SourceFile):
        if text.rest is None or machine.workspace is None:
            return machine.unknown(PREFIX, site)
        return settled(machine, text.rest, site)
    if not isinstance(text, str):
        return lost(machine, [text], site, "the path isn't known")
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
    if text.startswith(("/", "~")) or ":" in text[:12]:
        return machine.unknown(f"what lies at `{shown}` is known only in the deployment", site)
    why = f"`{shown}` is looked for in the working directory of the deployment; begin the path at __file__"
    return machine.unknown(why, site)


def settled(machine: Machine, rest: str, site: CallSite) -> str | Unknown:
    """The normal form of a path of the project. ``..`` goes up from where links lead, so it needs plain folders."""
    if machine.workspace is None:
        return machine.unknown(PREFIX, site)
    parts: list[str] = []
    for part in rest.split("/"):
        if part in ("", "."):
            continue
        if part != "..":
            parts.append(part)
            continue
        if not parts:
            return machine.unknown(ABOVE, site)
        if not is_plain_folder(machine.workspace, "/".join(parts)):
            return machine.unknown(f"the project has no folder `{'/'.join(parts)}`", site)
        parts.pop()
    return "/".join(parts)


def is_plain_folder(workspace: Workspace, path: str) -> bool:
    """Whether a path is a folder and no part of it is a link."""
    return workspace.kind(path) == "folder" and workspace.inside(path) == workspace.root / path


class Found(NamedTuple):
    """What lies at a path of the project."""

    path: str
    kind: Kind
    workspace: Workspace


def look(machine: Machine, value: Anything, site: CallSite) -> Found | Unknown:
    """Where a path leads, and what lies there."""
    path = project_path(machine, value, site)
    return path if isinstance(path, Unknown) else _at(machine, path, site)


def _at(machine: Machine, path: str, site: CallSite) -> Found | Unknown:
    assert machine.workspace is not None  # noqa: S101 - see `project_path`
    found = machine.workspace.kind(path)
    if path in machine.written:
        return machine.unknown(f"`{path}` is changed while the file is imported", site)
    if found is None:
        return machine.unknown(f"the project has no file `{path}`; the deployment may have one{UNLESS}", site)
    return Found(path, found, machine.workspace)


def kind(machine: Machine, value: Anything, site: CallSite) -> Kind | Unknown:
    """What lies at a path."""
    found = look(machine, value, site)
    return found if isinstance(found, Unknown) else found.kind


def is_one(machine: Machine, value: Anything, wanted: tuple[Kind, ...], site: CallSite) -> bool | Unknown:
    """Whether something of these kinds lies at a path. What the project lacks isn't there only if the user says so."""
    path = project_path(machine, value, site)
    if isinstance(path, Unknown):
        return path
    if machine.deployment.only_project_files and path not in machine.written and _lacks(machine.workspace, path):
        return False
    found = _at(machine, path, site)
    return found if isinstance(found, Unknown) else found.kind in wanted


def _lacks(workspace: Workspace | None, path: str) -> bool:
    """Whether a folder of the project, by its listing, lacks the path or a folder on the way to it."""
    if workspace is None:
        return False
    folder = ""
    for part in path.split("/"):
        if part == CACHE or part.endswith(".pyc"):
            return False  # made by Python
        try:
            if part not in workspace.entries(folder):
                return True
        except Unreadable:
            return False
        folder = posixpath.join(folder, part)
    return False


def read(machine: Machine, value: Anything, site: CallSite) -> bytes | Unknown:
    """The content of a file. Raises ``PyRaise`` where it is a folder."""
    found = look(machine, value, site)
    if isinstance(found, Unknown):
        return found
    if found.kind == "folder":
        raise PyRaise("IsADirectoryError", f"[Errno 21] Is a directory: '{found.path}'")
    try:
        content = found.workspace.read(found.path)
    except Unreadable as problem:
        return machine.unknown(problem.why, site)
    machine.check_text(len(content))
    machine.step(len(content) // 64)
    return content


def names(machine: Machine, value: Anything, site: CallSite) -> tuple[list[str], bool] | Unknown:
    """The names in a folder, and whether Python's cache may be there too. Raises ``PyRaise`` where it is a file."""
    found = look(machine, value, site)
    if isinstance(found, Unknown):
        return found
    if found.kind == "file":
        raise PyRaise("NotADirectoryError", f"[Errno 20] Not a directory: '{found.path}'")
    if any(posixpath.dirname(changed) == found.path for changed in machine.written):
        return machine.unknown(f"what lies in `{found.path}` is changed while the file is imported", site)
    try:
        entries = found.workspace.entries(found.path)
    except Unreadable as problem:
        return machine.unknown(problem.why, site)
    machine.check_items(len(entries))
    return [name for name in entries if name != CACHE], any(name.endswith(".py") or name == CACHE for name in entries)


def note_written(machine: Machine, value: Anything, site: CallSite) -> None:
    """The analysed code changes what lies at a path: nothing is known of it from now on."""
    path = project_path(machine, value, site)
    if isinstance(path, Unknown):
        return
    machine.written.add(path)
    machine.environment_changed = True  # modules evaluated before may have read it


def note_made(machine: Machine, value: Anything, site: CallSite) -> None:
    """The analysed code makes a folder, or touches a file: nothing changes where it is there already."""
    if isinstance(kind(machine, value, site), Unknown):
        note_written(machine, value, site)


def decoded(machine: Machine, content: bytes, encoding: Anything, errors: Anything, site: CallSite) -> str | Unknown:
    """The text of a file as ``open`` gives it, ends of lines aside. Raises ``PyRaise`` of ``UnicodeDecodeError``."""
    name = "utf-8" if encoding is None else encoding  # what containers and servers have as their locale
    if not isinstance(name, str) or name.lower().replace("_", "-") not in ENCODINGS or errors not in ERRORS:
        return lost(machine, [encoding, errors], site, "this encoding isn't followed")
    try:
        return content.decode(name, errors or "strict")
    except UnicodeDecodeError as error:
        raise PyRaise("UnicodeDecodeError", str(error)) from None


ENCODINGS = {"utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1", "cp1252"}
ERRORS = (None, "strict", "ignore", "replace")
