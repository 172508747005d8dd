"""``pathlib``: paths as texts, by POSIX rules. The disk isn't touched."""

from __future__ import annotations

import operator as operators
import pathlib
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    CallSite,
    Model,
    Native,
    NativeFunction,
    SourceFile,
    Symbolic,
    Unknown,
    is_plain,
)
from dagport.evaluate.files import as_text, project_path
from dagport.evaluate.library.support import applied, constant, lost, opaque
from dagport.evaluate.paths import LocatedPath, path_of

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

TEXTS = "name stem suffix suffixes anchor root drive parts"
PATHS = "joinpath with_name with_stem with_suffix with_segments relative_to"
ANSWERS = "is_absolute is_relative_to match as_posix as_uri is_reserved"
DISK = (
    "exists is_file is_dir is_symlink is_mount read_text read_bytes open glob rglob iterdir stat lstat resolve "
    "absolute expanduser samefile owner group readlink walk"
)
ACTIONS = "mkdir rmdir unlink touch write_text write_bytes rename replace chmod symlink_to hardlink_to"
COMPARISONS = {
    "==": operators.eq,
    "!=": operators.ne,
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}


class Path(Model):
    """A path, known as a text."""

    __slots__ = ("path",)
    type_name = "pathlib.Path"

    def __init__(self, path: pathlib.PurePath) -> None:
        self.path = path

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Path) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """What the text says; whatever asks the disk is unknown."""
        if name == "parent":
            return Path(self.path.parent)
        if name == "parents":
            machine.check_text(len(self.path.parts) * len(str(self.path)))
            return tuple(Path(parent) for parent in self.path.parents)
        if name in TEXTS.split():
            return getattr(self.path, name)
        if name in ("__str__", "__fspath__"):
            return NativeFunction(name, lambda *_: str(self.path))
        if name in (*PATHS.split(), *ANSWERS.split()):
            return NativeFunction(name, self._pure(name))
        if name in ACTIONS.split():
            return NativeFunction(name, constant(None))
        if name in ("resolve", "absolute", "expanduser") and self._is_settled(name):
            return NativeFunction(name, lambda *_: self)
        return NativeFunction(name, self._on_disk) if name in DISK.split() else NotImplemented

    def _on_disk(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        """What lies there isn't known, as the path doesn't begin at a file of the project."""
        return project_path(machine, self, site)

    def _is_settled(self, name: str) -> bool:
        """Whether making the path absolute changes nothing; a link in it only the disk could tell."""
        text = str(self.path)
        return (text.startswith("/") and name == "absolute") or (name == "expanduser" and not text.startswith("~"))

    def _pure(self, name: str) -> Native:
        def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
            plain = [value.path if isinstance(value, Path) else value for value in args]
            if not all(isinstance(value, pathlib.PurePath) or is_plain(value) for value in plain) or kwargs:
                return lost(machine, [*args, *kwargs.values()], site)
            result = applied(getattr(self.path, name), plain, {})
            return Path(result) if isinstance(result, pathlib.PurePath) else result

        return run

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """``path / part``, and comparisons."""
        if operator == "/" and isinstance(other, SourceFile | LocatedPath):
            return _path(machine, [other, self] if reflected else [self, other], {}, site)
        plain = other.path if isinstance(other, Path) else other
        left, right = (plain, self.path) if reflected else (self.path, plain)
        if operator == "/" and isinstance(plain, str | pathlib.PurePath):
            return Path(applied(operators.truediv, [left, right], {}))
        if operator in COMPARISONS and (isinstance(other, Path) or (is_plain(other) and operator in ("==", "!="))):
            return applied(COMPARISONS[operator], [left, right], {})
        return NotImplemented


def _path(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.located import joined

    if any(isinstance(value, SourceFile | LocatedPath) for value in args):
        texts = [as_text(value) for value in args]
        return path_of(texts[0] if len(texts) == 1 else joined(machine, texts, site))
    parts: list[Any] = [value.path if isinstance(value, Path) else value for value in args]
    if not all(isinstance(part, str | pathlib.PurePath) for part in parts):
        if args and not any(isinstance(part, Unknown) for part in args):
            return Symbolic("pathlib.Path", args, kwargs, text=site.text, span=site.span)
        lost_part = next((part for part in args if isinstance(part, Unknown)), None)
        return lost(machine, [lost_part], site, "a part of the path isn't known")
    return Path(pathlib.PurePosixPath(*parts))


FUNCTIONS: dict[str, Native] = {
    "pathlib.Path": _path,
    "pathlib.PosixPath": _path,
    "pathlib.PurePath": _path,
    "pathlib.PurePosixPath": _path,
    "pathlib.Path.cwd": opaque("the working directory is known only in the deployment"),
    "pathlib.Path.home": opaque("the home directory is known only in the deployment"),
}
