"""``os`` and ``os.path``: what is pure is computed by POSIX rules; of the disk only the project's files are seen."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from typing import TYPE_CHECKING

from dagport.evaluate import files, located
from dagport.evaluate.domain import (
    Anything,
    CallSite,
    Model,
    ModuleName,
    Native,
    NativeFunction,
    SourceFile,
    Unknown,
)
from dagport.evaluate.files import as_text
from dagport.evaluate.library import environment
from dagport.evaluate.library.support import bound, clock, constant, lost, opaque, pure, tolerant
from dagport.evaluate.listing import Listing

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine
    from dagport.workspace import Kind

PURE = "commonpath commonprefix normcase splitdrive"
DISK = (
    "path.islink path.getmtime path.getctime path.getatime path.getsize path.samefile path.lexists path.ismount stat "
    "access readlink"
)
MACHINE = "cpu_count getpid getppid uname getlogin getuid getgid get_terminal_size"
CHANGES = "remove removedirs unlink rmdir rename renames replace symlink link truncate"
ACTIONS = "chmod chdir putenv unsetenv utime"
PROCESSES = "system popen spawnl kill"


def _on_text(native: Native) -> Native:
    """A function of a path, given as a text."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        given = dict(kwargs)
        values = [*args, *([given.pop(name) for name in ("path", "p", "filename") if name in given])]
        return native(machine, [as_text(value) for value in values], given, site)

    return run


def _rule(name: str, rule: Callable[[Machine, SourceFile, CallSite], Anything]) -> Native:
    """A function of ``os.path``: by a rule for texts that lead into the project, else by POSIX rules."""
    real = pure(getattr(posixpath, name))

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if len(args) == 1 and isinstance(args[0], SourceFile) and not isinstance(args[0], ModuleName):
            return rule(machine, args[0], site)
        return real(machine, args, kwargs, site)

    return _on_text(run)


def _absolute(name: str, rule: Callable[[Machine, SourceFile, CallSite], Anything]) -> Native:
    """``abspath`` and ``realpath``; of other texts only the first, and only where they are absolute."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if len(args) == 1 and isinstance(args[0], SourceFile):
            return rule(machine, args[0], site)
        if name == "abspath" and args and isinstance(args[0], str) and args[0].startswith("/"):
            return posixpath.normpath(args[0])
        return lost(machine, args, site, "the working directory is known only in the deployment")

    return _on_text(run)


def _join(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    parts = [as_text(value) for value in args]
    if any(isinstance(part, SourceFile) for part in parts):
        return located.joined(machine, parts, site)
    return pure(posixpath.join)(machine, parts, kwargs, site)


def _split(machine: Machine, text: SourceFile, site: CallSite) -> Anything:
    return located.parent(machine, text, site), located.base_name(machine, text, site)


def _split_extension(machine: Machine, text: SourceFile, site: CallSite) -> Anything:
    if not text.rest:
        return located.hidden(machine, site), posixpath.splitext(text.name)[1]
    stem, extension = posixpath.splitext(text.rest)
    return located.located(stem, text.base), extension


def _same(machine: Machine, text: SourceFile, site: CallSite) -> Anything:
    return text


def _is_absolute(machine: Machine, text: SourceFile, site: CallSite) -> Anything:
    return True


def _relative(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    texts = [as_text(value) for value in (*args, *kwargs.values())]
    if len(texts) == 2 and all(isinstance(text, SourceFile) for text in texts):
        return located.relative(machine, texts[0], texts[1], site)
    if len(texts) == 2 and all(isinstance(text, str) and text.startswith("/") for text in texts):
        return pure(posixpath.relpath)(machine, texts, {}, site)
    return lost(machine, texts, site, "the working directory is known only in the deployment")


def _is(*wanted: Kind) -> Native:
    """``exists``, ``isfile``, ``isdir``."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        (path,) = bound(args, kwargs, "path")
        return files.is_one(machine, path, wanted, site)

    return tolerant(run)


def _names(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (path,) = bound(args, kwargs, path=".")
    found = files.names(machine, path, site)
    if isinstance(found, Unknown):
        return found
    return Listing(found[0], [files.CACHE] if found[1] else [])


def _scan(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (path,) = bound(args, kwargs, path=".")
    found = files.names(machine, path, site)
    if isinstance(found, Unknown):
        return found
    names, maybe = found[0], [files.CACHE] if found[1] else []
    texts = [[located.joined(machine, [as_text(path), name], site) for name in part] for part in (names, maybe)]
    return Listing([Entry(text) for text in texts[0]], [Entry(text) for text in texts[1]], once=True)


class Entry(Model):
    """What ``os.scandir`` gives."""

    __slots__ = ("text",)
    type_name = "os.DirEntry"

    def __init__(self, text: SourceFile) -> None:
        self.text = text

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``name``, ``path``, ``is_file()``, ``is_dir()``."""
        if name in ("name", "path"):
            return self.text.name if name == "name" else self.text
        if name in ("is_file", "is_dir"):
            native = _is("file" if name == "is_file" else "folder")
            return NativeFunction(name, lambda machine, args, kwargs, site: native(machine, [self.text], {}, site))
        return NotImplemented


def _walk(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    top, topdown, _, followlinks = bound(args, kwargs, "top", topdown=True, onerror=None, followlinks=False)
    text = as_text(top)
    if not isinstance(text, SourceFile) or topdown is not True or followlinks is not False:
        return lost(machine, [files.project_path(machine, top, site)], site, "this kind of walk isn't followed")
    found: list[Anything] = []
    maybe: list[Anything] = []
    problem = _walk_below(machine, text, found, maybe, site)
    return problem if problem is not None else Listing(found, maybe, once=True)


def _walk_below(
    machine: Machine, text: SourceFile, found: list[Anything], maybe: list[Anything], site: CallSite
) -> Unknown | None:
    machine.step()
    here = files.names(machine, text, site)
    if isinstance(here, Unknown):
        return here
    machine.check_items(len(found) + 1)
    below = {name: located.joined(machine, [text, name], site) for name in here[0]}
    kinds = {name: files.kind(machine, path, site) for name, path in below.items()}
    problem = next((kind for kind in kinds.values() if isinstance(kind, Unknown)), None)
    if problem is not None:
        return problem
    folders = [name for name, kind in kinds.items() if kind == "folder"]
    plain = [name for name, kind in kinds.items() if kind == "file"]
    found.append((text, Listing(folders, [files.CACHE] if here[1] else []), Listing(plain)))
    if here[1]:
        cache = located.joined(machine, [text, files.CACHE], site)
        maybe.append((cache, Listing([]), Listing([], ["module.cpython-312.pyc"])))
    for name in folders:
        path = files.project_path(machine, below[name], site)
        assert machine.workspace is not None  # noqa: S101 - it was just asked
        if isinstance(path, str) and files.is_plain_folder(machine.workspace, path):
            problem = problem or _walk_below(machine, below[name], found, maybe, site)
    return problem


def _change(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    for value in (*args, *kwargs.values()):
        if isinstance(as_text(value), SourceFile):
            files.note_written(machine, value, site)
    return None


def _fspath(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    value = as_text(args[0]) if len(args) == 1 else None
    return value if isinstance(value, SourceFile) else pure(os.fspath)(machine, [value], kwargs, site)


def _make_folder(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    path = as_text(args[0]) if args else as_text(kwargs.get("name", kwargs.get("path")))
    files.note_made(machine, path, site)
    return None


def _expanded(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``expanduser`` and ``expandvars``: a path into the project has nothing to expand."""
    if len(args) == 1 and isinstance(args[0], SourceFile) and "$" not in (args[0].rest or ""):
        return args[0]
    return lost(machine, args, site, "it is known only in the deployment")


RULES: dict[str, Callable[[Machine, SourceFile, CallSite], Anything]] = {
    "basename": located.base_name,
    "dirname": located.parent,
    "isabs": _is_absolute,
    "normpath": located.normal,
    "split": _split,
    "splitext": _split_extension,
}
FUNCTIONS: dict[str, Native] = {
    **{f"os.path.{name}": _on_text(pure(getattr(posixpath, name))) for name in PURE.split()},
    **{f"os.path.{name}": _rule(name, rule) for name, rule in RULES.items()},
    **{f"os.{name}": opaque("the disk of the deployment isn't seen") for name in DISK.split()},
    **{f"os.{name}": opaque("it is known only in the deployment") for name in MACHINE.split()},
    **{f"os.{name}": _change for name in CHANGES.split()},
    **{f"os.{name}": _make_folder for name in ("makedirs", "mkdir")},
    **{f"os.{name}": constant(None) for name in ACTIONS.split()},
    **{f"os.{name}": opaque("no process is started while a file is read") for name in PROCESSES.split()},
    "os.fspath": _fspath,
    "os.getcwd": opaque("the working directory is known only in the deployment"),
    "os.listdir": tolerant(_names),
    "os.path.abspath": _absolute("abspath", located.normal),
    "os.path.exists": _is("file", "folder"),
    "os.path.expanduser": _on_text(_expanded),
    "os.path.expandvars": _on_text(_expanded),
    "os.path.isdir": _is("folder"),
    "os.path.isfile": _is("file"),
    "os.path.join": _join,
    "os.path.realpath": _absolute("realpath", located.real),
    "os.path.relpath": _relative,
    "os.scandir": tolerant(_scan),
    "os.walk": tolerant(_walk),
    **environment.FUNCTIONS,
    "os.urandom": clock("it is left to chance"),
}
CONSTANTS: dict[str, Anything] = {
    **environment.CONSTANTS,
    "os.sep": "/",
    "os.path.sep": "/",
    "os.linesep": "\n",
    "os.pathsep": ":",
    "os.curdir": ".",
    "os.pardir": "..",
    "os.extsep": ".",
    "os.path.pardir": "..",
    "os.path.curdir": ".",
    "os.devnull": "/dev/null",
}
