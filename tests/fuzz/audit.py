"""Notes what a reading does to the world, by Python's audit events: nothing may be but reading the project's files.

Audit hooks can't be removed and can't be got around from Python, so what isn't seen here didn't happen.
"""

from __future__ import annotations

import os
import posixpath
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagport

FORBIDDEN = (
    "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "os.kill", "os.remove",
    "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.chdir", "os.link", "os.symlink", "os.truncate",
    "os.utime", "os.putenv", "os.unsetenv", "subprocess.", "socket.", "ctypes.", "pickle.", "shutil.", "urllib.",
    "http.", "ftplib.", "smtplib.", "poplib.", "imaplib.", "telnetlib.", "nntplib.", "sqlite3.", "webbrowser.",
    "tempfile.", "function.__new__", "pty.", "syslog.", "fcntl.", "mmap.", "signal.", "builtins.input",
    "cpython.run_", "setopencodehook", "winreg.", "msvcrt.",
)  # fmt: skip
"""Events that no reading has a reason for."""

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
OWN = (sys.prefix, sys.base_prefix, str(Path(dagport.__file__).parent), "/usr/share/zoneinfo", "/etc/localtime")
"""Where our own modules and the time zones are."""

IMPORTED = frozenset(sys.stdlib_module_names) | {
    "dagport", "jinja2", "markupsafe", "packaging", "pathspec", "tzdata", "yaml", "_yaml", "libcst", "croniter",
}  # fmt: skip
"""What our own code may import while it reads."""


class Watch:
    """Collects what is forbidden while it is on."""

    def __init__(self) -> None:
        self.on = False
        self.root: str | None = None
        self.seen: list[str] = []
        sys.dont_write_bytecode = True  # of our own modules that a reading imports: no doing of the file's
        sys.addaudithook(self._hear)

    @contextmanager
    def over(self, root: str | None) -> Iterator[list[str]]:
        """Watch the block; files below ``root`` may be read in it."""
        self.on, self.root, self.seen = True, root, []
        try:
            yield self.seen
        finally:
            self.on = False

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        check = CHECKS.get(event)
        if event.startswith(FORBIDDEN) or (check is not None and not check(self, args)):
            self.on = False  # what follows may be part of making the message
            self.seen.append(f"{event} {str(args)[:200]}")
            self.on = True

    def may_open(self, args: tuple[Any, ...]) -> bool:
        """``open(path, mode, flags)``: only for reading, and only ours or the project's."""
        path, mode, flags = (*args, None, None)[:3]
        if isinstance(mode, str) and set(mode) & set("wax+"):
            return False
        if isinstance(flags, int) and flags & WRITING:
            return False
        return isinstance(path, int) or path == "" or self.may_see((path,))  # no file has the empty name

    def may_see(self, args: tuple[Any, ...]) -> bool:
        """``os.listdir(path)`` and ``os.scandir(path)``."""
        if args[0] is None or isinstance(args[0], int):
            return isinstance(args[0], int)
        path = posixpath.normpath(posixpath.join(Path.cwd(), os.fsdecode(args[0])))
        return path.startswith(OWN) or path in sys.path or (self.root is not None and path.startswith(self.root))

    def may_import(self, args: tuple[Any, ...]) -> bool:
        """``import`` of our own needs; never of the project's modules."""
        return str(args[0]).partition(".")[0] in IMPORTED

    def may_execute(self, args: tuple[Any, ...]) -> bool:
        """``exec(code)``: of our own modules and of what the standard library generates."""
        if getattr(args[0], "co_names", ()) == ("__jinja_exception__",):
            return True  # how Jinja makes the traceback of a template that it can't read
        file = getattr(args[0], "co_filename", "")
        return file.startswith((*OWN, "<frozen", "<string>", "<template>", "<attrs"))


CHECKS: dict[str, Callable[[Watch, tuple[Any, ...]], bool]] = {
    "open": Watch.may_open,
    "os.listdir": Watch.may_see,
    "os.scandir": Watch.may_see,
    "import": Watch.may_import,
    "exec": Watch.may_execute,
}
