"""``pathlib`` paths into the project: see ``located`` for what is known of them."""

from __future__ import annotations

import io
import pathlib
from typing import TYPE_CHECKING

from dagport.evaluate import files, located
from dagport.evaluate.domain import Anything, CallSite, Model, Native, NativeFunction, PyRaise, SourceFile, Unknown
from dagport.evaluate.library.support import applied, bound, constant, lost, opaque, tolerant

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine
    from dagport.workspace import Kind

CHANGES = "write_text write_bytes unlink rmdir rename replace chmod symlink_to hardlink_to"
UNSEEN = "stat lstat samefile owner group readlink is_symlink is_mount is_socket is_fifo is_block_device"
NAMES = "name stem suffix suffixes"
RENAMED = "with_name with_stem with_suffix"


class LocatedPath(Model):
    """A path into the project. ``path`` takes the root for ``/``; it is relative where the project isn't seen."""

    __slots__ = ("base", "path")
    type_name = "pathlib.Path"

    def __init__(self, path: pathlib.PurePosixPath, base: str = "file") -> None:
        self.path = path
        self.base = base

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LocatedPath) and (self.path, self.base) == (other.path, other.base)

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def text(self) -> SourceFile:
        """``str(path)``."""
        if not self.path.is_absolute():
            return SourceFile(self.path.name)
        return located.located("" if self.path.name == "" else str(self.path), self.base)

    @property
    def why(self) -> str:
        """Why the whole path isn't known."""
        return self.text.why

    def beside(self, path: pathlib.PurePosixPath) -> LocatedPath:
        """Another path of the same root."""
        return LocatedPath(path, self.base)

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """An attribute or a method of the path."""
        if name in NAMES.split():
            return getattr(self.path, name) if self.path.name else located.hidden(machine, site)
        if name in ATTRIBUTES:
            return ATTRIBUTES[name](machine, [self], {}, site)
        native = METHODS.get(name)
        if native is None:
            return NotImplemented

        def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
            return tolerant(native)(machine, [self, *args], kwargs, site)

        return NativeFunction(name, run)

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """``path / part``, and comparisons of paths of the same root."""
        if operator == "/":
            parts = [other, self] if reflected else [self, other]
            return path_of(located.joined(machine, [files.as_text(part) for part in parts], site))
        from dagport.evaluate.library.pathlib import COMPARISONS

        if isinstance(other, LocatedPath) and operator in COMPARISONS and located.same_root(self.text, other.text):
            left, right = (other, self) if reflected else (self, other)
            return COMPARISONS[operator](left.path, right.path)
        return located.hidden(machine, site)


def path_of(text: Anything) -> Anything:
    """``Path(text)``."""
    from dagport.evaluate.library.pathlib import Path

    if isinstance(text, str):
        return Path(pathlib.PurePosixPath(text))
    if not isinstance(text, SourceFile):
        return text
    if text.rest is None:
        return LocatedPath(pathlib.PurePosixPath(text.name))
    # Two slashes in front would be kept.
    return LocatedPath(pathlib.PurePosixPath("/" + text.rest.lstrip("/")), text.base)


def _parent(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (path,) = args
    if not path.path.is_absolute():
        return located.hidden(machine, site)
    return path.beside(path.path.parent) if path.path.name else machine.unknown(located.ABOVE, site)


def _parents(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (path,) = args
    known = [path.beside(parent) for parent in path.path.parents] if path.path.is_absolute() else []
    return located.Ends(known, located.ABOVE, from_end=False)


def _parts(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (path,) = args
    return located.Ends([part for part in path.path.parts if part != "/"][::-1], located.PREFIX, from_end=True)


def _text(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return args[0].text


def _same(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return args[0]


def _join(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return path_of(located.joined(machine, [files.as_text(part) for part in args], site))


def _resolve(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    # Where the project isn't seen, the file may be a link to one of another name.
    if not args[0].path.is_absolute():
        return located.hidden(machine, site)
    return path_of(located.real(machine, args[0].text, site))


def _renamed(name: str) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        path, new = bound(args, kwargs, "self", name.removeprefix("with_"))
        if not isinstance(new, str) or not path.path.name:
            return lost(machine, [new], site, located.PREFIX)
        return path.beside(applied(getattr(path.path, name), [new], {}))

    return run


def _relative_to(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    path, other = bound(args, kwargs, "self", "other")
    start = files.as_text(other)
    if not located.same_root(path.text, start):
        return lost(machine, [other], site, located.PREFIX)
    return path_of(located.parts_below(path.text, path_of(start).text))


def _is_relative_to(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    try:
        found = _relative_to(machine, args, kwargs, site)
    except PyRaise:
        return False
    return found if isinstance(found, Unknown) else True


def _match(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    path, pattern = bound(args, kwargs, "self", "path_pattern")
    known = len(path.path.parts) - path.path.is_absolute()
    if not isinstance(pattern, str) or len(pattern) > 200 or pattern.startswith("/") or pattern.count("/") >= known:
        return lost(machine, [pattern], site, located.PREFIX)
    return applied(path.path.match, [pattern], {})


# What lies there


def _is(*wanted: Kind) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        return files.is_one(machine, args[0], wanted, site)

    return run


def _read_bytes(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return files.read(machine, args[0], site)


def _read_text(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    path, encoding, errors, newline = bound(args, kwargs, "self", encoding=None, errors=None, newline=None)
    content = files.read(machine, path, site)
    if isinstance(content, Unknown):
        return content
    text = files.decoded(machine, content, encoding, errors, site)
    if isinstance(text, Unknown) or newline is not None:
        return lost(machine, [text, newline], site, "this kind of line ends isn't followed")
    return io.IncrementalNewlineDecoder(None, translate=True).decode(text, final=True)


def _open(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.library.io import open_file

    return open_file(machine, args, {name: value for name, value in kwargs.items() if name != "file"}, site)


def _change(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    files.note_written(machine, args[0], site)
    for value in args[1:2]:
        if isinstance(files.as_text(value), SourceFile):  # where it is moved to
            files.note_written(machine, value, site)
    return None


def _make(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    files.note_made(machine, args[0], site)
    return None


def _iterate(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.listing import Listing

    (path,) = bound(args, kwargs, "self")
    found = files.names(machine, path, site)
    if isinstance(found, Unknown):
        return found
    names, cached = found
    maybe = [path.beside(path.path / files.CACHE)] if cached else []
    return Listing([path.beside(path.path / name) for name in names], maybe, once=True)


def _glob(prefix: str) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        from dagport.evaluate.globbing import Search
        from dagport.evaluate.listing import Listing

        path, pattern = bound(args, kwargs, "self", "pattern")
        if not isinstance(pattern, str) or not path.path.is_absolute():
            return lost(machine, [pattern], site, located.PREFIX)
        search = Search(machine, path.base, site, hidden=True, recursive=True)
        lost_in = search.run(path.text.rest or "", prefix + pattern)
        if lost_in is not None:
            return lost_in
        found, maybe = ([path_of(located.located(rest, path.base)) for rest in x] for x in (search.found, search.maybe))
        return Listing(found, maybe, once=True)

    return run


ATTRIBUTES: dict[str, Native] = {
    "anchor": constant("/"),
    "drive": constant(""),
    "parent": _parent,
    "parents": _parents,
    "parts": _parts,
    "root": constant("/"),
}
METHODS: dict[str, Native] = {
    **{name: _renamed(name) for name in RENAMED.split()},
    **dict.fromkeys(CHANGES.split(), _change),
    **dict.fromkeys(("mkdir", "touch"), _make),
    **{name: opaque("the disk of the deployment isn't seen") for name in UNSEEN.split()},
    "__fspath__": _text,
    "__str__": _text,
    "absolute": _same,
    "as_posix": _text,
    "exists": _is("file", "folder"),
    "expanduser": _same,
    "glob": _glob(""),
    "is_absolute": constant(True),
    "is_dir": _is("folder"),
    "is_file": _is("file"),
    "is_relative_to": _is_relative_to,
    "iterdir": _iterate,
    "joinpath": _join,
    "match": _match,
    "open": _open,
    "read_bytes": _read_bytes,
    "read_text": _read_text,
    "relative_to": _relative_to,
    "resolve": _resolve,
    "rglob": _glob("**/"),
}
