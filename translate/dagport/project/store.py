"""The cache's file: one SQLite database a project, which may be deleted, damaged or in use by others at any time.

No failure of it is an error of the run: the store notes why, and is empty from then on. There is no journal on disk:
one that outlives its database would be played back into a newer one of the same name. A write that is cut off can
leave a damaged file behind; whatever is read is checked by its reader, and a file that SQLite calls damaged is removed.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

Stamp: TypeAlias = tuple[int, int, int, int]
"""Size, time of change of the content and of the inode in nanoseconds, inode: the same stamp, the same content."""

MAX_BYTES = 256 * 1024 * 1024
KEPT = 0.75  # of that, once it is over
AT_ONCE = 200  # keys of a query
WAIT_S = 5.0  # for others that write
SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    path BLOB PRIMARY KEY, size INTEGER, mtime INTEGER, ctime INTEGER, inode INTEGER, digest TEXT, mentions INTEGER,
    tool TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS evidence (id TEXT PRIMARY KEY, looks TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS results (
    key TEXT PRIMARY KEY, used INTEGER, evidence TEXT, body BLOB, checksum INTEGER
);
"""
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)  # primary result codes


@dataclass(frozen=True, slots=True)
class FileRow:
    """What is known of a file as long as its stamp stays the same."""

    stamp: Stamp
    digest: str  # SHA-256 of its content, in hexadecimal digits
    mentions: bool  # whether a search takes it for a pipeline file


@dataclass(frozen=True, slots=True)
class ResultRow:
    """The stored analysis of one file. Nothing vouches for it but ``checksum``, which the reader must compare."""

    key: str
    evidence: str  # the id of the looks at the project that it rests on
    body: bytes
    checksum: int


class Store:
    """The tables of one cache file. No method raises ``sqlite3.Error`` or ``OSError``."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.problem: str | None = None  # why it isn't used, or not any more
        self._connection: sqlite3.Connection | None = None

    # Reading

    def files(self, tool: str) -> dict[bytes, FileRow]:
        """All that one version of us knows of files, by path."""
        columns = "path, size, mtime, ctime, inode, digest, mentions"
        rows = self._select(f"SELECT {columns} FROM files WHERE tool = ?", (tool,))  # noqa: S608 - our own text
        return {row[0]: FileRow((row[1], row[2], row[3], row[4]), row[5], bool(row[6])) for row in rows}

    def evidence(self, identity: str) -> str | None:
        """A set of looks by its id."""
        rows = self._select("SELECT looks FROM evidence WHERE id = ?", (identity,))
        return str(rows[0][0]) if rows else None

    def uses(self, keys: Sequence[str]) -> dict[str, tuple[str, int]]:
        """Of the results that are there the id of the looks that each rests on, and the day it was used last."""
        return {row[0]: (str(row[1]), row[2]) for row in self._several("key, evidence, used", keys)}

    def results(self, keys: Sequence[str]) -> dict[str, ResultRow]:
        """The results that are there, by key."""
        rows = self._several("key, evidence, body, checksum", keys)
        return {row[0]: ResultRow(*row) for row in rows if isinstance(row[2], bytes)}

    def _several(self, columns: str, keys: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            marks = ",".join("?" * len(some))
            yield from self._select(f"SELECT {columns} FROM results WHERE key IN ({marks})", some)  # noqa: S608

    # Writing

    def add_files(self, rows: Iterable[tuple[bytes, FileRow]], tool: str) -> None:
        """Remember files."""
        values = [(path, *row.stamp, row.digest, row.mentions, tool) for path, row in rows]
        self._write([("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)])

    def add_results(self, rows: Sequence[ResultRow], looks: Iterable[tuple[str, str]], day: int) -> None:
        """Remember results, and the looks that they rest on."""
        values = [(row.key, day, row.evidence, row.body, row.checksum) for row in rows]
        self._write(
            [
                ("INSERT OR REPLACE INTO evidence VALUES (?, ?)", list(looks)),
                ("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)", values),
            ]
        )

    def touch(self, keys: Iterable[str], day: int) -> None:
        """Note that results were used."""
        self._write([("UPDATE results SET used = ? WHERE key = ?", [(day, key) for key in keys])])

    def trim(self, limit: int = MAX_BYTES) -> None:
        """Drop what was used least lately once there is more than ``limit`` bytes; the file doesn't grow beyond."""
        size = self._bytes_used()
        if size <= limit:
            return
        surplus = size - int(limit * KEPT)
        dropped = []
        for key, length in self._select("SELECT key, length(body) + 512 FROM results ORDER BY used, rowid"):
            if surplus <= 0:
                break
            surplus -= length
            dropped.append((key,))
        unused = "DELETE FROM evidence WHERE id NOT IN (SELECT evidence FROM results)"
        self._write([("DELETE FROM results WHERE key = ?", dropped), (unused, [()]), ("DELETE FROM files", [()])])

    def close(self) -> None:
        """Let go of the file; the next call opens it again. A connection must not live on in a forked process."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    # SQLite

    def _bytes_used(self) -> int:
        counts = [self._select(f"PRAGMA {name}") for name in ("page_count", "freelist_count", "page_size")]
        if not all(counts):
            return 0
        pages, free, size = (rows[0][0] for rows in counts)
        return int((pages - free) * size)

    def _select(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._noting():
            connection = self._open()
            return connection.execute(statement, values).fetchall() if connection else []
        return []

    def _write(self, statements: Iterable[tuple[str, list[Any]]]) -> None:
        with self._noting():
            connection = self._open()
            wanted = [item for item in statements if item[1]]
            if connection is None or not wanted:
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                for statement, values in wanted:
                    connection.executemany(statement, values)
                connection.execute("COMMIT")
            except sqlite3.Error:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        """A failure ends the use of the store. A damaged file is of no use to anybody: it is removed."""
        try:
            yield
        except (sqlite3.Error, OSError, UnicodeError, OverflowError) as error:
            self.problem = self.problem or f"{self.file}: {error}"
            self.close()
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED:
                with contextlib.suppress(OSError):
                    self.file.unlink()

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None and self.problem is None:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connection = _connect(self.file)
        return self._connection


def _connect(file: Path) -> sqlite3.Connection:
    with contextlib.suppress(OSError):  # arguments of tasks may be secrets: nobody else is to read them
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    connection = sqlite3.connect(os.fspath(file), timeout=WAIT_S, isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("PRAGMA synchronous = OFF")
        with contextlib.suppress(sqlite3.OperationalError):  # a folder or a disk that can't be written, but read
            connection.executescript(SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection
