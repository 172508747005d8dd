"""The output folder: what would change in it, and changing all of it or nothing.

``.dagport.json`` in it records a hash of every file that dagport wrote. A file that still has its hash is
dagport's to replace or remove; any other one may be somebody's work, and stays unless the caller insists.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias

from dagport.diagnostics import Diagnostic, diagnose
from dagport.digests import sha256
from dagport.project.discovery import MANIFEST
from dagport.project.errors import ProjectError
from dagport.project.files import absolute_path
from dagport.regular import read_regular

ChangeKind: TypeAlias = Literal["new", "changed", "unchanged", "removed", "kept"]
MANIFEST_VERSION = 1


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one file of the output."""

    path: str  # below the output folder
    kind: ChangeKind
    old: bytes | None  # None: there is no such file
    new: str | None  # None: there will be no such file


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of the output folder."""

    folder: Path
    changes: tuple[Change, ...]
    conflicts: tuple[Diagnostic, ...]  # files that stay as they are; while there are any, nothing is written
    manifest: str
    manifest_changed: bool

    @property
    def stale(self) -> tuple[Change, ...]:
        """The changes that aren't there yet."""
        return tuple(change for change in self.changes if change.kind in ("new", "changed", "removed"))


def plan_output(
    folder: Path,
    files: Mapping[str, str],
    *,
    target: str,
    shown: str | None = None,
    force: bool = False,
    keep: bool = False,
) -> Plan:
    """Compare the files of a translation with a folder, which messages call ``shown``.

    ``force`` replaces and removes edited files too. ``keep`` removes nothing: for a run in which a source couldn't
    be read, so that its earlier translation isn't taken for one that is no longer wanted.
    Raises ``ProjectError`` when the folder can't be used, ``ValueError`` for a file that would lie outside it.
    """
    standing = next(path for path in (folder, *absolute_path(folder).parents) if os.path.lexists(path))
    if not standing.is_dir():
        raise ProjectError(f"can't write to {folder}: {standing} is not a folder")
    recorded = _recorded(folder)
    changes: list[Change] = []
    conflicts: list[Diagnostic] = []
    for path in sorted({*files, *recorded}):
        if not _is_inside(path):
            raise ValueError(f"{path!r} is not a path inside the output folder")
        found = _compare(folder, path, files.get(path), recorded.get(path), force=force, keep=keep)
        if isinstance(found, Diagnostic):
            conflicts.append(replace(found, path=f"{shown or folder.as_posix()}/{path}"))
        elif found:
            changes.append(found)
    manifest = _manifest(changes, recorded, target)
    old = _read(folder / MANIFEST)
    changed = old is None or old.decode("utf-8", "replace") != manifest
    return Plan(folder, tuple(changes), tuple(conflicts), manifest, changed)


def write_output(plan: Plan) -> None:
    """Carry a plan out, whole or not at all.

    Everything is written beside its place first and then moved there; if that fails half-way, what was moved is
    moved back. Raises ``ProjectError`` when the system refuses, ``ValueError`` for a plan with conflicts.
    """
    if plan.conflicts:
        raise ValueError("a plan with conflicts can't be carried out")
    if not plan.stale and not plan.manifest_changed:
        return
    made = _missing_folders(plan.folder)
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".dagport-", dir=plan.folder, ignore_cleanup_errors=True) as stage:
            _Move(plan, Path(stage)).carry_out()
    except BaseException as error:
        _remove_empty(made)
        if isinstance(error, OSError):
            raise ProjectError(f"can't write to {plan.folder}: {error.strerror or error}") from error
        raise


class _Move:
    """Moves staged files to their places, remembering how to take it back."""

    def __init__(self, plan: Plan, stage: Path) -> None:
        self.plan, self.stage = plan, stage
        self.done: list[tuple[Path, Path | None]] = []  # a place, and where its former content waits
        self.made: list[Path] = []  # folders

    def carry_out(self) -> None:
        manifest = Change(MANIFEST, "changed", None, self.plan.manifest)
        changes = (*self.plan.stale, manifest)
        staged = [self.staged(number, change) for number, change in enumerate(changes)]
        try:
            for number, (change, file) in enumerate(zip(changes, staged, strict=True)):
                self.move(change, file, self.stage / f"old{number}")
        except BaseException:
            self.take_back()
            raise
        for change in self.plan.stale:
            if change.kind == "removed":
                _remove_empty(_parents(self.plan.folder, change.path))

    def staged(self, number: int, change: Change) -> Path | None:
        if change.new is None:
            return None
        file = self.stage / f"new{number}"
        file.write_bytes(change.new.encode("utf-8"))
        return file

    def move(self, change: Change, file: Path | None, backup: Path) -> None:
        place = self.plan.folder / change.path
        former = None
        if os.path.lexists(place):
            shutil.copy2(place, backup)
            former = backup
            if file:
                file.chmod(stat.S_IMODE(place.stat().st_mode))
        else:
            missing = _missing_folders(place.parent)
            self.made += missing
            place.parent.mkdir(parents=True, exist_ok=True)
        self.done.append((place, former))
        if file:
            file.replace(place)
        else:
            place.unlink()

    def take_back(self) -> None:
        for place, former in reversed(self.done):
            if former:
                former.replace(place)
            else:
                place.unlink(missing_ok=True)
        _remove_empty(self.made)


def _compare(
    folder: Path, path: str, new: str | None, recorded: str | None, *, force: bool, keep: bool
) -> Change | Diagnostic | None:
    place = folder / path
    if trouble := _unusable(folder, place):
        return diagnose("DP501", trouble, path)
    old = _read(place)
    if old is None:
        return None if new is None else Change(path, "new", None, new)
    if new is not None and digest(old) == digest(new.encode("utf-8")):
        return Change(path, "unchanged", old, new)
    if new is None and keep:
        return Change(path, "kept", old, None)
    if digest(old) != recorded and not force:
        message = "it was edited since dagport wrote it" if recorded else "it wasn't written by dagport"
        return diagnose("DP501", message, path)
    return Change(path, "removed" if new is None else "changed", old, new)


def _unusable(folder: Path, place: Path) -> str | None:
    """Why a file can't be put there, whoever insists."""
    if os.path.lexists(place) and not stat.S_ISREG(place.lstat().st_mode):
        return "it is a link, a folder or a device"
    real = Path(os.path.realpath(place.parent))
    if not real.is_relative_to(os.path.realpath(folder)):
        return "a link leads out of the output folder"
    blocking = next((parent for parent in place.parents if os.path.lexists(parent)), None)
    return f"{blocking.as_posix()} is not a folder" if blocking and not blocking.is_dir() else None


def digest(data: bytes) -> str:
    """The hash of a text file, whatever line ends a checkout gave it."""
    return "sha256:" + sha256(data.replace(b"\r\n", b"\n"))


def _recorded(folder: Path) -> dict[str, str]:
    """The hash of every file that dagport wrote there; none where the record can't be read."""
    try:
        files = json.loads(_read(folder / MANIFEST) or b"{}").get("files", {})
        return {path: hash_ for path, hash_ in files.items() if isinstance(hash_, str) and _is_inside(path)}
    except (ValueError, AttributeError, RecursionError):
        return {}


def _manifest(changes: Sequence[Change], recorded: Mapping[str, str], target: str) -> str:
    files = {change.path: digest(change.new.encode("utf-8")) for change in changes if change.new is not None}
    kept = {change.path: recorded[change.path] for change in changes if change.kind == "kept"}
    record = {"schema_version": MANIFEST_VERSION, "target": target, "files": dict(sorted({**files, **kept}.items()))}
    return json.dumps(record, indent=2) + "\n"


def _read(file: Path) -> bytes | None:
    try:
        return read_regular(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ProjectError(f"can't read {file}: {error.strerror or error}") from None


def _is_inside(path: str) -> bool:
    pure = PurePosixPath(path)
    return bool(pure.parts) and not pure.is_absolute() and ".." not in pure.parts and "\\" not in path


def _missing_folders(folder: Path) -> list[Path]:
    """The folder and those above it that aren't there yet, outermost first."""
    return [path for path in reversed((folder, *folder.parents)) if not path.exists()]


def _parents(folder: Path, path: str) -> list[Path]:
    return [folder / parent for parent in reversed(PurePosixPath(path).parents) if parent.parts]


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove those that are empty, innermost first."""
    for folder in reversed(folders):
        try:
            folder.rmdir()
        except OSError:  # not empty, or not there
            continue
