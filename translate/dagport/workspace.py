"""The project as the analysis may see it: files below one root, read-only, with a record of every look.

Paths are relative to the root, ``/`` between parts, ``""`` the root itself. Nothing outside the root can be reached:
neither by ``..`` nor by a link. The project is taken not to change during a run, so every answer is kept.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from dagport.digests import sha256
from dagport.regular import read_regular

Aspect: TypeAlias = Literal["content", "kind", "entries", "module"]
Kind: TypeAlias = Literal["file", "folder"]

MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_ENTRIES = 20_000
ABSENT = "absent"


@dataclass(frozen=True, slots=True, order=True)
class Look:
    """One question that the analysis asked the project, e.g. the content of a file. A result depends on the answers."""

    aspect: Aspect
    path: str


class Unreadable(Exception):  # noqa: N818 - an answer, not an error
    """The project can't answer: ``why`` is a clause for a message."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Workspace:
    """Reads a project. ``root`` is a folder; its own links are followed once, at the start."""

    def __init__(self, root: Path, source_roots: tuple[str, ...] = ()) -> None:
        self.root = Path(os.path.realpath(root))
        self.source_roots = source_roots  # configured folders that Python modules are found in, relative to the root
        self._contents: dict[str, bytes | Unreadable] = {}
        self._kinds: dict[str, Kind | None] = {}
        self._entries: dict[str, tuple[str, ...] | Unreadable] = {}
        self._recorders: list[dict[Look, None]] = []
        self.kept: dict[Hashable, object] = {}  # what others make of the project, for as long as it is read

    def __getstate__(self) -> Mapping[str, object]:
        """Another process starts with what was configured, not with what was seen."""
        return {"root": self.root, "source_roots": self.source_roots}

    def __setstate__(self, state: Mapping[str, object]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def put(self, path: str, content: bytes) -> None:
        """Take a text for the content of a file, as if it had been written."""
        self._contents[path], self._kinds[path] = content, "file"

    # Questions

    def kind(self, path: str) -> Kind | None:
        """What a path is; ``None`` where there is nothing, nothing regular, or a way out of the root."""
        self.note(Look("kind", path))
        if path not in self._kinds:
            self._kinds[path] = self._ask_kind(path)
        return self._kinds[path]

    def read(self, path: str) -> bytes:
        """The content of a file. Raises ``Unreadable`` where there is none, or where it is too large."""
        self.note(Look("content", path))
        if path not in self._contents:
            try:
                self._contents[path] = self._read(path)
            except Unreadable as problem:
                self._contents[path] = problem
        content = self._contents[path]
        if isinstance(content, Unreadable):
            raise content
        return content

    def entries(self, path: str) -> tuple[str, ...]:
        """The names in a folder, sorted. Raises ``Unreadable`` where there is none, or where there are too many."""
        self.note(Look("entries", path))
        entries = self._listing(path)
        if isinstance(entries, Unreadable):
            raise entries
        return entries

    def offers(self, folder: str, name: str) -> tuple[bool, bool]:
        """Whether a folder has entries ``name`` and ``name.py``, spelled so: what a search for a module asks of it.

        Other entries of the folder may come and go without another answer.
        """
        self.note(Look("module", posixpath.join(folder, name)))
        return self._offers(folder, name)

    def _offers(self, folder: str, name: str) -> tuple[bool, bool]:
        entries = self._listing(folder)
        return (False, False) if isinstance(entries, Unreadable) else (name in entries, f"{name}.py" in entries)

    def _listing(self, path: str) -> tuple[str, ...] | Unreadable:
        if path not in self._entries:
            try:
                self._entries[path] = self._list(path)
            except Unreadable as problem:
                self._entries[path] = problem
        return self._entries[path]

    # Records

    @contextmanager
    def recording(self) -> Iterator[dict[Look, None]]:
        """Collect every look inside the block, in order; blocks may nest."""
        looks: dict[Look, None] = {}
        self._recorders.append(looks)
        try:
            yield looks
        finally:
            self._recorders = [item for item in self._recorders if item is not looks]  # equal ones are others

    def replay(self, looks: Mapping[Look, None]) -> None:
        """Note looks that were made earlier, for a result that is used again."""
        for recorder in self._recorders:
            recorder.update(looks)

    def fingerprint(self, look: Look) -> str:
        """A short text of the answer to a look: the same text, the same answer."""
        if look.aspect == "kind":
            return self._fresh(self._kinds, look.path, self._ask_kind) or ABSENT
        try:
            if look.aspect == "content":
                return sha256(self._fresh(self._contents, look.path, self._read))
            if look.aspect == "module":
                return "{:d}{:d}".format(*self._offers(*posixpath.split(look.path)))
            names = "/".join(self._fresh(self._entries, look.path, self._list))
            return sha256(os.fsencode(names))  # names that aren't UTF-8, too
        except Unreadable:
            return ABSENT

    @staticmethod
    def _fresh(known: dict, path: str, ask):  # type: ignore[no-untyped-def, type-arg]
        answer = known[path] if path in known else ask(path)
        if isinstance(answer, Unreadable):
            raise answer
        return answer

    def note(self, look: Look) -> None:
        """Note a look whose answer is known from elsewhere."""
        for recorder in self._recorders:
            recorder[look] = None

    # The disk

    def inside(self, path: str) -> Path | None:
        """The real path of a path of the project; ``None`` where it leads out of the root, or nowhere."""
        if not is_inside(path) or "\0" in path:
            return None
        try:
            real = os.path.realpath(self.root / path, strict=True)
        except (OSError, ValueError):  # a text with a lone surrogate has no name on the disk
            return None
        found = Path(real)
        return found if found.is_relative_to(self.root) else None

    def _ask_kind(self, path: str) -> Kind | None:
        real = self.inside(path)
        if real is None:
            return None
        try:
            mode = real.stat().st_mode
        except OSError:
            return None
        return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else None

    def _read(self, path: str) -> bytes:
        real = self.inside(path)
        if real is None:
            raise Unreadable(f"the project has no file `{path}`" if is_inside(path) else OUTSIDE)
        try:
            return read_regular(real, MAX_FILE_BYTES)
        except OSError as error:
            raise Unreadable(f"`{path}` can't be read: {error.strerror}") from None

    def _list(self, path: str) -> tuple[str, ...]:
        real = self.inside(path)
        if real is None:
            raise Unreadable(f"the project has no folder `{path}`" if is_inside(path) else OUTSIDE)
        try:
            with os.scandir(real) as found:
                names = [entry.name for entry, _ in zip(found, range(MAX_ENTRIES + 1), strict=False)]
        except OSError as error:
            raise Unreadable(f"`{path}` can't be listed: {error.strerror}") from None
        if len(names) > MAX_ENTRIES:
            raise Unreadable(f"`{path}` holds more than {MAX_ENTRIES} entries")
        return tuple(sorted(names))


OUTSIDE = "it lies outside the project root"


def is_inside(path: str) -> bool:
    """Whether a path stays below the root by its text alone."""
    normal = posixpath.normpath(path) if path else ""
    return not (normal.startswith(("/", "../")) or normal == "..")
