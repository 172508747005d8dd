"""``open`` and ``io``: files of the project, read; nothing is written."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from dagport.evaluate import files
from dagport.evaluate.domain import Anything, CallSite, Model, Native, NativeFunction, PyRaise, Unknown
from dagport.evaluate.library.support import bound, constant, lost, opaque, tolerant

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

SILENT = "close flush"


class OpenFile(Model):
    """A file that was opened for reading; ``content`` is a text or bytes, or why it isn't known."""

    __slots__ = ("conditions", "content", "name", "position", "spent")
    type_name = "io.TextIOWrapper"

    def __init__(self, machine: Machine, content: str | bytes | Unknown, name: Anything) -> None:
        self.content = content
        self.name = name
        self.position = 0
        self.spent = False  # a loop took lines from it: how many isn't followed
        self.conditions = list(machine.conditions)

    def rest(self, machine: Machine, site: CallSite) -> str | bytes | Unknown:
        """What wasn't read so far; reading it is the caller's."""
        if isinstance(self.content, Unknown):
            return lost(machine, [self.content], site)
        if self.conditions != machine.conditions:
            self.spent = True  # read in a way that may not be taken
            return self.content[self.position :]
        if self.spent:
            return machine.unknown("how much of the file was read before isn't followed", site)
        return self.content[self.position :]

    def take(self, machine: Machine, site: CallSite, count: int | None = None) -> str | bytes | Unknown:
        """Read so many characters, or all."""
        rest = self.rest(machine, site)
        if isinstance(rest, Unknown):
            return rest
        taken = rest if count is None or count < 0 else rest[:count]
        self.position += len(taken)
        return taken

    def lines(self, machine: Machine, site: CallSite) -> list[str | bytes] | Unknown:
        """All lines that are left, with their ends."""
        rest = self.rest(machine, site)
        if isinstance(rest, Unknown):
            return rest
        self.position += len(rest)
        found = split_lines(rest)
        machine.check_items(len(found))
        return found

    def iterate(self, machine: Machine, site: CallSite) -> Anything:
        """The lines; the loop may stop before the last."""
        found = self.lines(machine, site)
        self.spent = True
        return found

    def enter(self, machine: Machine, site: CallSite) -> Anything:
        """``with open(...) as file``."""
        return self

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """Methods of a file."""
        if name in SILENT.split():
            return NativeFunction(name, constant(None))
        if name == "name":
            return self.name
        native = METHODS.get(name)
        if native is None:
            return NotImplemented

        def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
            return tolerant(native)(machine, [self, *args], kwargs, site)

        return NativeFunction(name, run)


def split_lines(text: str | bytes) -> list[str | bytes]:
    """Lines as a file gives them: only a line feed ends one."""
    end: str | bytes = "\n" if isinstance(text, str) else b"\n"
    parts = text.split(end)  # type: ignore[arg-type]
    return [*(part + end for part in parts[:-1]), *([parts[-1]] if parts[-1] else [])]  # type: ignore[operator]


def _read(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    file, size = bound(args, kwargs, "self", size=None)
    if size is not None and type(size) is not int:
        return lost(machine, [size], site)
    return file.take(machine, site, size)


def _read_line(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (file,) = bound(args, kwargs, "self")
    rest = file.rest(machine, site)
    if isinstance(rest, Unknown):
        return rest
    first = next(iter(split_lines(rest)), rest[:0])
    file.position += len(first)
    return first


def _next_line(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    line = _read_line(machine, args, kwargs, site)
    if not isinstance(line, Unknown) and not line:
        raise PyRaise("StopIteration")
    return line


def _read_lines(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (file,) = bound(args, kwargs, "self")
    return file.lines(machine, site)


def _seek(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    file, offset, whence = bound(args, kwargs, "self", "offset", whence=0)
    if (offset, whence) == (0, 0) and file.conditions == machine.conditions:
        file.position, file.spent = 0, False
        return 0
    file.spent = True
    return machine.unknown("positions in a file aren't followed", site)


def _write(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    args[0].content = machine.unknown("what is written isn't followed", site)
    return args[0].content


METHODS: dict[str, Native] = {
    "__next__": _next_line,
    "read": _read,
    "readline": _read_line,
    "readlines": _read_lines,
    "getvalue": opaque("what is written isn't followed"),
    "readable": constant(True),
    "seek": _seek,
    "tell": opaque("positions in a file aren't followed"),
    "fileno": opaque("it is known only in the deployment"),
    "isatty": constant(False),
    "truncate": _write,
    "write": _write,
    "writelines": _write,
}


def open_file(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``open(...)``."""
    file, mode, _, encoding, errors, newline, *_ = bound(
        args,
        kwargs,
        "file",
        mode="r",
        buffering=-1,
        encoding=None,
        errors=None,
        newline=None,
        closefd=True,
        opener=None,
    )
    name = files.as_text(file)
    if not isinstance(mode, str):
        return OpenFile(machine, lost(machine, [mode], site), name)
    if not set(mode) <= set("rbtU"):
        files.note_written(machine, file, site)
        return OpenFile(machine, machine.unknown("nothing is written while a file is read", site), name)
    content: Anything = files.read(machine, file, site)
    if not isinstance(content, Unknown) and "b" not in mode:
        content = _as_text(machine, content, encoding, errors, newline, site)
    return OpenFile(machine, content, name)


def _as_text(
    machine: Machine, content: bytes, encoding: Anything, errors: Anything, newline: Anything, site: CallSite
) -> str | Unknown:
    text = files.decoded(machine, content, encoding, errors, site)
    if isinstance(text, Unknown) or newline not in (None, "", "\n"):
        return lost(machine, [text, newline], site, "this kind of line ends isn't followed")
    if newline is None:
        return io.IncrementalNewlineDecoder(None, translate=True).decode(text, final=True)
    if newline == "" and "\r" in text:
        return machine.unknown("this kind of line ends isn't followed", site)
    return text


def _string_io(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    text, newline = bound(args, kwargs, initial_value="", newline="\n")
    known = isinstance(text, str) and text and newline == "\n"  # an empty one is there to be written to
    return OpenFile(machine, text if known else lost(machine, [text, newline], site), None)


def _bytes_io(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (data,) = bound(args, kwargs, initial_bytes=b"")
    return OpenFile(machine, data if isinstance(data, bytes) and data else lost(machine, [data], site), None)


def text_of(machine: Machine, source: Anything, site: CallSite) -> str | bytes | Unknown:
    """The text of a file, or a text itself: what parsers take."""
    if isinstance(source, OpenFile):
        return source.take(machine, site)
    if isinstance(source, str | bytes):
        return source
    return lost(machine, [source], site, "what is read isn't known")


def lines_of(machine: Machine, source: Anything, site: CallSite) -> list[str] | Unknown:
    """The lines of a file or of a list of texts."""
    found = source.lines(machine, site) if isinstance(source, OpenFile) else machine.iterate(source, site)
    lines = [] if isinstance(found, Unknown) else [item for item in found if isinstance(item, str)]
    if isinstance(found, Unknown) or len(lines) != len(found):
        return lost(machine, [found], site, "the lines aren't known")
    return lines


FUNCTIONS: dict[str, Native] = {
    "io.BytesIO": tolerant(_bytes_io),
    "io.StringIO": tolerant(_string_io),
    "io.open": tolerant(open_file),
}
