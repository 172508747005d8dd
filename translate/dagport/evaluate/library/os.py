"""``os`` and ``os.path``: what is pure is computed by POSIX rules; the disk and the environment aren't asked."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Model, Native, NativeFunction, SourceFile
from dagport.evaluate.library.support import clock, constant, lost, opaque, pure

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

PURE = "basename commonpath commonprefix dirname isabs join normcase normpath split splitdrive splitext"
DISK = (
    "path.exists path.isfile path.isdir path.islink path.getmtime path.getctime path.getatime path.getsize "
    "path.realpath path.samefile path.lexists path.ismount listdir scandir walk stat access readlink getcwd "
)
MACHINE = "cpu_count getpid getppid uname getlogin getuid getgid path.expanduser path.expandvars get_terminal_size"
ACTIONS = "makedirs mkdir remove unlink rmdir rename replace chmod chdir putenv unsetenv symlink utime"
PROCESSES = "system popen spawnl kill"


def environment_variable(machine: Machine, name: Anything, site: CallSite) -> Anything:
    """The value of an environment variable: unknown, and why."""
    if isinstance(name, str):
        return machine.unknown(f"the environment variable {name} is known only in the deployment", site)
    return lost(machine, [name], site, "the environment is known only in the deployment")


def _variable(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return environment_variable(machine, args[0] if args else kwargs.get("key"), site)


class Environment(Model):
    """``os.environ``."""

    __slots__ = ()
    type_name = "os._Environ"

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """A method of a mapping."""
        if name in ("get", "pop", "setdefault"):
            return NativeFunction(name, _variable)
        if name in ("update", "clear"):
            return NativeFunction(name, constant(None))
        return machine.unknown("the environment is known only in the deployment", site)

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """``os.environ[key]``."""
        return environment_variable(machine, key, site)

    def iterate(self, machine: Machine, site: CallSite) -> Anything:
        """The names of all variables aren't known."""
        return machine.unknown("the environment is known only in the deployment", site)

    def truth(self, machine: Machine) -> bool | None:
        """There is no process without an environment, but nobody promises."""
        return None


def _absolute(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    path = args[0] if args else kwargs.get("path", kwargs.get("filename"))
    if isinstance(path, SourceFile):
        return path
    if isinstance(path, str) and path.startswith("/"):
        return posixpath.normpath(path)
    return lost(machine, [path], site, "the working directory is known only in the deployment")


def _base_name(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """The name of the file itself is known, wherever it lies."""
    if args and isinstance(args[0], SourceFile):
        return args[0].name
    return pure(posixpath.basename)(machine, args, kwargs, site)


def _folder(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if args and isinstance(args[0], SourceFile):
        return machine.unknown("where the file lies is known only in the deployment", site)
    return pure(posixpath.dirname)(machine, args, kwargs, site)


def _relative(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if len(args) == 2 and all(isinstance(path, str) and path.startswith("/") for path in args):
        return pure(posixpath.relpath)(machine, args, kwargs, site)
    return lost(machine, args, site, "the working directory is known only in the deployment")


def _with_paths(native: Native) -> Native:
    """A function of texts that takes paths of ``pathlib`` too."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        from dagport.evaluate.library.pathlib import Path

        return native(machine, [str(value.path) if isinstance(value, Path) else value for value in args], kwargs, site)

    return run


def _fspath(value: str | bytes) -> str | bytes:
    return os.fspath(value)


ON_DISK = opaque("the disk of the deployment isn't seen")
FUNCTIONS: dict[str, Native] = {
    **{f"os.path.{name}": _with_paths(pure(getattr(posixpath, name))) for name in PURE.split()},
    **{f"os.{name}": ON_DISK for name in DISK.split()},
    **{f"os.{name}": opaque("it is known only in the deployment") for name in MACHINE.split()},
    **{f"os.{name}": constant(None) for name in ACTIONS.split()},
    **{f"os.{name}": opaque("no process is started while a file is read") for name in PROCESSES.split()},
    "os.fspath": _with_paths(pure(_fspath)),
    "os.path.abspath": _with_paths(_absolute),
    "os.path.realpath": _absolute,
    "os.path.basename": _base_name,
    "os.path.dirname": _folder,
    "os.path.relpath": _relative,
    "os.getenv": _variable,
    "os.getenvb": _variable,
    "os.environ.__getitem__": _variable,
    "os.urandom": clock("it is left to chance"),
}
CONSTANTS: dict[str, Anything] = {
    "os.environ": Environment(),
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
