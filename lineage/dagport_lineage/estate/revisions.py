"""Other states of a project, from its git repository: what changed since a commit, and all files as they were then.

Only git's plumbing is used: nothing is checked out, so no filter, hook or driver of a repository is run.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from dagport.project.errors import ProjectError
from dagport.regular import read_regular
from dagport.workspace import MAX_FILE_BYTES, is_inside
from dagport_lineage.events.git import Repository, git, repository_of

LINK, SUBMODULE = "120000", "160000"
AT_ONCE = 200  # files that are asked of git in one go


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of a commit."""

    mode: str
    hash: str
    size: int


@dataclass(frozen=True)
class Revision:
    """A commit's files below a project's root."""

    repository: Repository
    root: Path  # of the project
    name: str  # as the user wrote it
    hash: str

    @cached_property
    def prefix(self) -> str:
        """The project's root below the repository's, with a final slash, or nothing."""
        inner = self.root.relative_to(self.repository.top).as_posix()
        return "" if inner == "." else f"{inner}/"

    @cached_property
    def files(self) -> Mapping[str, Blob]:
        """By path relative to the project's root."""
        data = _ask(self.repository, "ls-tree", "-r", "-z", "-l", "--full-tree", self.hash, "--", self.prefix or ".")
        found = {}
        for entry in data.split(b"\0"):
            facts, _, path = entry.partition(b"\t")
            if not path:
                continue
            mode, _, hash_, size = facts.decode().split()
            inner = os.fsdecode(path).removeprefix(self.prefix)
            if mode != SUBMODULE:
                found[inner] = Blob(mode, hash_, int(size))
        return found

    def contents(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The content of files, in order."""
        wanted = list(paths)
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            asked = "".join(f"{self.files[path].hash}\n" for path in some).encode()
            data = _ask(self.repository, "cat-file", "--batch", standard_input=asked)
            for path in some:
                head, _, data = data.partition(b"\n")
                size = int(head.split()[2])
                yield path, data[:size]
                data = data[size + 1 :]

    def write_to(self, folder: Path) -> None:
        """Put the files into an empty folder; links last, so that nothing is written through them."""
        some = {path: blob for path, blob in self.files.items() if blob.size <= MAX_FILE_BYTES and _is_safe(path)}
        files = [path for path, blob in some.items() if blob.mode != LINK]
        for path, content in self.contents(files):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        for path, content in self.contents(set(some) - set(files)):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if not os.path.lexists(target):
                target.symlink_to(os.fsdecode(content))


def revision(root: Path, name: str) -> Revision:
    """A commit by any of its names. Raises ``ProjectError`` where there is none, or no repository."""
    root = Path(os.path.realpath(root))
    repository = repository_of(root)
    if repository is None:
        raise ProjectError(f"{root} lies in no git repository")
    found = git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if not found:
        raise ProjectError(f"{name} is no commit of the repository {repository.top}, or git isn't installed")
    return Revision(repository, root, name, found.decode().strip())


def is_revision(root: Path, name: str) -> bool:
    """Whether a name is that of a commit."""
    try:
        revision(root, name)
    except ProjectError:
        return False
    return True


@dataclass
class Changes:
    """What differs between a commit and the files as they are. What git ignores is left out, unless it is tracked."""

    since: Revision
    _same: dict[str, bool] = field(default_factory=dict)

    @cached_property
    def _now(self) -> frozenset[str]:
        """The paths of the files that are there now, or were when git looked last."""
        names = ("ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard")
        data = _ask(self.since.repository, *names, "--", f":(literal){self.since.prefix or '.'}")
        inner = (os.fsdecode(path).removeprefix(self.since.prefix) for path in data.split(b"\0") if path)
        return frozenset(path for path in inner if os.path.lexists(self.since.root / path))

    @cached_property
    def moved(self) -> frozenset[str]:
        """Files and folders that came or went."""
        return frozenset(_with_parents(self._now) ^ _with_parents(self.since.files))

    @cached_property
    def _listings(self) -> frozenset[str]:
        """Folders in which something came or went."""
        return frozenset(posixpath.dirname(path) for path in self.moved)

    def differs(self, path: str) -> bool:
        """Whether the content of a file is another one, or whether it came or went."""
        if path not in self._same:
            self._same[path] = is_same(self.since, path)
        return not self._same[path]

    def affects(self, path: str | None, looks: str | None) -> bool:
        """Whether a result may be another one: of the file itself, or of anything that its analysis looked at."""
        if path is None or looks is None or self.differs(path):
            return True
        return any(self._touches(aspect, seen) for aspect, seen, _ in json.loads(looks))

    def _touches(self, aspect: str, path: str) -> bool:
        path = "" if path in ("", ".") else posixpath.normpath(path)
        if aspect == "content":
            return self.differs(path)
        if aspect == "module":
            return path in self.moved or f"{path}.py" in self.moved
        return path in (self._listings if aspect == "entries" else self.moved)

    @property
    def deleted(self) -> list[str]:
        """Files that are gone, sorted."""
        return sorted(self.since.files.keys() - self._now)


def is_same(commit: Revision, path: str) -> bool:
    """Whether a file is as it was in a commit; line ends that a checkout changed don't count."""
    blob = commit.files.get(path)
    try:
        data = read_regular(commit.root / path, MAX_FILE_BYTES)
    except OSError:
        return blob is None
    return blob is not None and blob.hash in (_hash(data, blob), _hash(data.replace(b"\r\n", b"\n"), blob))


def _hash(data: bytes, blob: Blob) -> str:
    kind = hashlib.sha256 if len(blob.hash) == 64 else hashlib.sha1
    return kind(b"blob %d\0" % len(data) + data).hexdigest()


def _with_parents(paths: Iterable[str]) -> set[str]:
    """Some files and all folders above them."""
    found: set[str] = set()
    for path in paths:
        while path and path not in found:
            found.add(path)
            path = posixpath.dirname(path)
    return found


def _is_safe(path: str) -> bool:
    parts = path.split("/")
    return is_inside(path) and not any(part.lower() in (".git", "..", "") for part in parts)


def _ask(repository: Repository, *arguments: str, standard_input: bytes = b"") -> bytes:
    found = git(repository, *arguments, standard_input=standard_input)
    if found is None:
        raise ProjectError(f"git {arguments[0]} failed in {repository.top}")
    return found
