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
from dagport.evaluate.library.support import applied, constant, lost, opaque

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
FOLDER = "where the file lies is known only in the deployment"
ON_DISK = "the disk of the deployment isn't seen"


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
        return NativeFunction(name, opaque(ON_DISK)) if name in DISK.split() else NotImplemented

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
        plain = other.path if isinstance(other, Path) else other
        left, right = (plain, self.path) if reflected else (self.path, plain)
        if operator == "/" and isinstance(plain, str | pathlib.PurePath):
            return Path(applied(operators.truediv, [left, right], {}))
        if operator in COMPARISONS and (isinstance(other, Path) or (is_plain(other) and operator in ("==", "!="))):
            return applied(COMPARISONS[operator], [left, right], {})
        return NotImplemented


class SourcePath(Model):
    """``Path(__file__)``: the name of the file is known, where it lies isn't."""

    __slots__ = ("path",)
    type_name = "pathlib.Path"

    def __init__(self, name: str) -> None:
        self.path = pathlib.PurePosixPath(name)

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """Parts of the name; the rest asks for the folder."""
        if name in ("name", "stem", "suffix", "suffixes"):
            return getattr(self.path, name)
        if name in ("resolve", "absolute", "expanduser"):
            # Where the file is a link, its own name may be another one.
            return NativeFunction(name, opaque(FOLDER) if name == "resolve" else lambda *_: self)
        return NativeFunction(name, opaque(FOLDER)) if name == "__str__" else machine.unknown(FOLDER, site)

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """No comparison of the path is known."""
        return machine.unknown(FOLDER, site)


def _path(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if len(args) == 1 and isinstance(args[0], SourceFile | SourcePath):
        return SourcePath(args[0].name) if isinstance(args[0], SourceFile) else args[0]
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
