"""Results of earlier runs: what a file's analysis gave, as long as nothing that it rests on has changed.

A result is found by the content of its file, its path, our own version, and all options; and it counts only while
every look at the project that the analysis made gives the same answer. Whoever can write the cache's folder decides
what is found there: damage is noticed, malice isn't; but nothing in it is ever executed.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from dagport import __version__, formats
from dagport.digests import sha256
from dagport.options import ReadOptions
from dagport.project.discovery import Input, mentions
from dagport.project.evidence import NO_LOOKS, Witness, identity
from dagport.project.outcome import Outcome, checksum
from dagport.project.read import ReadRequest, path_in_project, workspace
from dagport.project.store import AT_ONCE, FileRow, ResultRow, Stamp, Store
from dagport.regular import read_regular

FORMAT = 1  # of the stored form: another number, another file
SETTLED_NS = 2_000_000_000
"""A file that changed less than this ago may change again without another time of change: FAT counts in 2 seconds."""
BATCH = 256  # results written at once: an interrupted run keeps what it has
DAY_S = 24 * 60 * 60
LIBRARIES = ("jinja2", "yaml", "tzdata")  # what results depend on besides our own code
ZONES = "/usr/share/zoneinfo"


class KnownFiles:
    """Digests of files, told from their stamps where these are known and old enough to be trusted."""

    def __init__(self, store: Store) -> None:
        self.known = store.files(_tool())
        self.seen: dict[bytes, FileRow] = {}  # in this run: the project is taken not to change meanwhile
        self.new: dict[bytes, FileRow] = {}
        self.now = time.time_ns()

    def digest(self, file: Path) -> str:
        """SHA-256 of a regular file's content. Raises ``OSError``."""
        return self.look(file).digest

    def mentions(self, file: Path) -> bool:
        """``discovery.file_mentions_pipelines``. Raises ``OSError``."""
        return self.look(file).mentions

    def look(self, file: Path) -> FileRow:
        """What is known of a regular file, which is read if need be. Raises ``OSError``."""
        path = os.fsencode(file)
        row = self.seen.get(path)
        return self._look(file, path) if row is None else row

    def _look(self, file: Path, path: bytes) -> FileRow:
        stamp = _stamp(path)
        row = self.known.get(path)
        if row is None or row.stamp != stamp:
            data = read_regular(file)
            row = FileRow(stamp, sha256(data), mentions(data, file))
            if stamp[0] == len(data) and max(stamp[1:3]) < self.now - SETTLED_NS:
                self.new[path] = row
        self.seen[path] = row
        return row


class Cache:
    """The results for one way of reading. It never fails: what it hasn't got is analysed."""

    def __init__(self, store: Store, request: ReadRequest) -> None:
        self.store = store
        self.files = KnownFiles(store)
        self._request = request
        self._way = hashlib.sha256(f"{_tool()} {_way(request)}".encode("utf-8", "backslashreplace"))
        self._results: list[ResultRow] = []
        self._looks: dict[str, str] = {}
        self._recalled: dict[str, str] = {}
        self._used: list[str] = []
        self._day = int(time.time() // DAY_S)
        self._witnesses: dict[Path, Witness] = {}
        self._statements: dict[tuple[Path | None, str], bool] = {}  # by id, whether it still holds

    def find(self, items: Sequence[Input]) -> list[str | None]:
        """The keys of results that still hold; ``None`` for a file that must be analysed."""
        keys = [self._key_now(item) for item in items]
        uses = self.store.uses([key for key in keys if key is not None])
        return [self._found(key, uses, item) for key, item in zip(keys, items, strict=True)]

    def recall(self, keys: Sequence[str | None], items: Sequence[Input]) -> Iterator[Outcome | None]:
        """The results of keys that were found; ``None`` where there is none, or where it is gone or damaged by now."""
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            rows = self.store.results([key for key in some if key is not None])
            if self._request.keeps:
                self._recall_looks(rows.values())
            self.store.close()  # processes may be forked before the next ones
            for key, item in zip(some, items[start : start + AT_ONCE], strict=True):
                yield self._outcome(rows.get(key or ""), item)

    def _recall_looks(self, rows: Iterable[ResultRow]) -> None:
        """Fetch the looks that results rest on, for a caller that asks for them."""
        for evidence in {row.evidence for row in rows} - self._recalled.keys():
            statement = self.store.evidence(evidence)
            if statement is not None:
                self._recalled[evidence] = statement

    def _key_now(self, item: Input) -> str | None:
        if item.problem or item.file is None:
            return None
        try:
            return self._key(item, self.files.digest(item.file))
        except OSError:
            return None

    def _found(self, key: str | None, uses: Mapping[str, tuple[str, int]], item: Input) -> str | None:
        found = uses.get(key or "")
        if key is None or found is None or not self._holds(found[0], item):
            return None
        if found[1] != self._day:
            self._used.append(key)
        return key

    def _outcome(self, row: ResultRow | None, item: Input) -> Outcome | None:
        if row is None or item.file is None or row.checksum != _checksum(row.key, row.evidence, row.body):
            return None
        try:
            outcome = Outcome.of_body(row.body, self.files.digest(item.file))
            return replace(outcome, looks=self._recalled.get(row.evidence))
        except (ValueError, OSError):
            return None

    def keep(self, item: Input, outcome: Outcome) -> None:
        """Remember a result, if it can be found again and is worth it."""
        if outcome.looks is None or outcome.digest is None or self.store.problem:
            return
        key, evidence, body = self._key(item, outcome.digest), identity(outcome.looks), outcome.body()
        self._looks[evidence] = outcome.looks
        self._results.append(ResultRow(key, evidence, body, _checksum(key, evidence, body)))
        if len(self._results) >= BATCH:
            self._write_results()

    def close(self) -> None:
        """Write what is new, and let go of the file."""
        added = bool(self._results or self._looks)
        self._write_results()
        self.store.touch(self._used, self._day)
        self.store.add_files(self.files.new.items(), _tool())
        if added:
            self.store.trim()
        self.store.close()

    def _write_results(self) -> None:
        self.store.add_results(self._results, self._looks.items(), self._day)
        self._results, self._looks = [], {}

    def _key(self, item: Input, digest: str) -> str:
        parts = [os.fspath(item.project or ""), path_in_project(item), item.path, item.named, digest]
        found = self._way.copy()
        found.update(json.dumps(parts).encode())
        return found.hexdigest()

    def _holds(self, evidence: str, item: Input) -> bool:
        named = (item.project, evidence)
        if named not in self._statements:
            statement = self.store.evidence(evidence)
            self._statements[named] = (
                statement is not None and identity(statement) == evidence and (self._agrees(statement, item.project))
            )
        return self._statements[named]

    def _agrees(self, statement: str, project: Path | None) -> bool:
        space = workspace(project, self._request.source_roots)
        if project is None or space is None:
            return statement == NO_LOOKS  # what was read without a project rests on nothing but its file
        if project not in self._witnesses:
            self._witnesses[project] = Witness(space, self.files.digest)
        return self._witnesses[project].agrees(statement)


def open_cache(folder: Path, root: Path, request: ReadRequest) -> Cache:
    """The cache of a project in the cache's folder."""
    name = sha256(os.fsencode(root))[:24]
    return Cache(Store(folder / f"{name}.{FORMAT}.sqlite"), request)


def _stamp(path: bytes) -> Stamp:
    status = os.stat(path)  # noqa: PTH116 - speed
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def _checksum(key: str, evidence: str, body: bytes) -> int:
    return checksum(key.encode(), evidence.encode(), body)


def _way(request: ReadRequest) -> str:
    """All that is chosen for reading and can change a result."""
    options = request.options
    chosen = [(name, getattr(options, name)) for name in _names(ReadOptions) if name not in ("workspace", "deployment")]
    asked = [(name, getattr(request, name)) for name in _names(ReadRequest) if name not in ("options", "jobs", "keeps")]
    packages = [_package(name) for name in request.extra.rests_on] if request.extra else []
    return repr((chosen, asked, options.deployment.fingerprint, sorted(formats.READERS.items()), packages))


def _package(name: str) -> list[object]:
    """A package as it stands: all its own files."""
    spec = find_spec(name)
    return [
        name,
        *(item for folder in ((spec and spec.submodule_search_locations) or ()) for item in _own_files(Path(folder))),
    ]


def _names(cls: type) -> list[str]:
    return [field.name for field in fields(cls)]


@cache
def _tool() -> str:
    """Our version and Python's, our own source files as they stand, and the libraries that results depend on."""
    parts: list[object] = [__version__, sys.version, *_own_files(Path(__file__).parents[1])]
    for name in LIBRARIES:
        spec = find_spec(name)
        parts.append((name, _stamp_of(spec.origin) if spec and spec.origin else None))
    return sha256(repr([*parts, _stamp_of(ZONES)]).encode("utf-8", "backslashreplace"))


def _own_files(folder: Path) -> Iterator[tuple[str, int, int]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return  # not installed as files: then the version says it
    for entry in entries:
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _own_files(Path(entry.path))
        else:
            status = entry.stat()
            yield entry.name, status.st_size, status.st_mtime_ns


def _stamp_of(path: str) -> Stamp | None:
    try:
        return _stamp(os.fsencode(path))
    except OSError:
        return None
