"""Which commit a project is checked out at, as far as its ``.git`` says so.

Files are read, nothing of the repository is run: no hook, no filter, no pager. Only the time of the commit is asked of
the ``git`` program, where there is one, with a command that reads one object.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dagport.regular import read_regular
from dagport_lineage.events.remotes import Lines, link, public_url

MAX_BYTES = 8 * 1024 * 1024  # of one of git's files; packed references are the largest
MAX_LINKS = 5  # references to references
GIT_SECONDS = 10
_REVISION = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REFERENCE = re.compile(r"refs/(?!.*\.\.)(?!.*//)[^\s\\:?*\[~^\x00-\x1f]+")
_SECTION = re.compile(r'\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]')
_COMMITTER = re.compile(rb"^committer .*> (\d{1,15}) [+-]\d{4}$", re.MULTILINE)
_NULL_CONFIG = ("GIT_CONFIG_SYSTEM", "GIT_CONFIG_GLOBAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit, and where the project lies in its repository."""

    revision: str  # the full hash
    repo_url: str | None = None  # without credentials; None: there is no remote that others could reach
    branch: str | None = None  # None: a detached head, as in most CI runs
    time: datetime | None = None  # when it was committed, in UTC
    prefix: str = ""  # the project's root, relative to the repository's

    def link(self, path: str, lines: Lines | None = None) -> str:
        """A link to a file of the repository. Raises ``ValueError`` without a ``repo_url``."""
        if self.repo_url is None:
            raise ValueError("the commit has no address")
        return link(self.repo_url, self.revision, path, lines)


@dataclass(frozen=True, slots=True)
class Repository:
    """Where git keeps what belongs to a checkout: a worktree of its own shares most of it."""

    top: Path  # of the checked out files
    own: Path  # HEAD and other things of this checkout
    common: Path  # references and configuration


def commit_of(root: Path) -> Commit | None:
    """The commit that the folder ``root`` is checked out at; ``None`` where there is none, or where it can't be told.

    Files that were changed since then don't matter to it.
    """
    root = Path(os.path.realpath(root))
    repository = repository_of(root)
    if repository is None:
        return None
    head = _line(repository.own / "HEAD")
    revision = _resolved(repository, head)
    if revision is None:
        return None
    branch = head.removeprefix("ref: refs/heads/") if head.startswith("ref: refs/heads/") else None
    remote = _origin(_text(repository.common / "config"))
    return Commit(
        revision=revision,
        repo_url=public_url(remote) if remote is not None else None,
        branch=branch,
        time=_commit_time(repository, revision),
        prefix=root.relative_to(repository.top).as_posix().removeprefix("."),
    )


def repository_of(folder: Path) -> Repository | None:
    """The repository of the nearest folder above that has a ``.git``; that of a worktree or submodule is a file."""
    for top in (folder, *folder.parents):
        marker = top / ".git"
        if marker.is_dir():
            return Repository(top, marker, marker)
        if marker.is_file():
            own = _followed(top, _line(marker).removeprefix("gitdir:").strip())
            common = _line(own / "commondir")
            return Repository(top, own, _followed(own, common) if common else own)
    return None


def _followed(base: Path, path: str) -> Path:
    return Path(os.path.realpath(base / path))


def _text(path: Path) -> str:
    try:
        return read_regular(path, MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _line(path: Path) -> str:
    return _text(path).partition("\n")[0].strip()


def _resolved(repository: Repository, value: str) -> str | None:
    """The hash that a reference stands for."""
    for _ in range(MAX_LINKS):
        if _REVISION.fullmatch(value):
            return value
        name = value.removeprefix("ref:").strip()
        if not value.startswith("ref:") or _REFERENCE.fullmatch(name) is None:
            return None
        value = _line(repository.own / name) or _line(repository.common / name) or _packed(repository, name)
    return None


def _packed(repository: Repository, name: str) -> str:
    lines = _text(repository.common / "packed-refs").splitlines()
    return next((value for value, _, packed in (line.partition(" ") for line in lines) if packed == name), "")


def _origin(config: str) -> str | None:
    """The address of the remote ``origin`` in a configuration; files that it includes aren't read."""
    section: tuple[str, str | None] = ("", None)
    found = None
    for line in config.splitlines():
        text = line.strip()
        heading = _SECTION.match(text)
        if heading is not None:
            section = (heading[1].lower(), heading[2])
            text = text[heading.end() :].strip()
        key, equals, value = text.partition("=")
        if section == ("remote", "origin") and equals and key.strip().lower() == "url":
            found = value.strip().strip('"')
    return found


def _commit_time(repository: Repository, revision: str) -> datetime | None:
    data = git(repository, "cat-file", "commit", revision)
    match = _COMMITTER.search(data.partition(b"\n\n")[0]) if data is not None else None
    try:
        return datetime.fromtimestamp(int(match[1]), UTC) if match is not None else None
    except (ValueError, OverflowError, OSError):  # a time that no calendar has
        return None


def git(repository: Repository, *arguments: str, standard_input: bytes = b"") -> bytes | None:
    """What a git command prints, ``None`` where it fails or where there is no git.

    The repository's own configuration can't make it run anything, fetch anything or wait for anyone, as long as the
    command itself neither fetches, filters files nor shows differences through drivers.
    """
    import shutil
    import subprocess  # both for start-up

    program = shutil.which("git")
    if program is None or not Path(program).is_absolute():  # a relative one could be a file of the project
        return None
    safe = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "protocol.allow=never")
    command = [program, "--no-pager", *safe, f"--git-dir={repository.own}", *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, and arguments that aren't options
            command,
            cwd=repository.top,
            env=_environment(),
            input=standard_input,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT", "TMP", "TEMP")}
    return {
        **kept,
        **dict.fromkeys(_NULL_CONFIG, os.devnull),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
