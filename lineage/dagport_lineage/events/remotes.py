"""Addresses of repositories: without credentials, and links to lines of a file at a commit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import quote, urlsplit

from dagport_lineage.events.formats import is_uri

Lines: TypeAlias = tuple[int, int]
"""First and last line, from 1."""

_SCP = re.compile(r"(?:[^@/:]+@)?([A-Za-z0-9.-]{2,}):(?!//)(.+)")  # git@host:path; one letter is a drive
_SCHEMES = ("http", "https", "ssh", "git", "git+ssh", "git+https")


def _github(base: str, revision: str, path: str, lines: Lines | None) -> str:
    return f"{base}/blob/{revision}/{path}" + (f"#L{lines[0]}-L{lines[1]}" if lines else "")


def _gitlab(base: str, revision: str, path: str, lines: Lines | None) -> str:
    return f"{base}/-/blob/{revision}/{path}" + (f"#L{lines[0]}-{lines[1]}" if lines else "")


def _bitbucket(base: str, revision: str, path: str, lines: Lines | None) -> str:
    return f"{base}/src/{revision}/{path}" + (f"#lines-{lines[0]}:{lines[1]}" if lines else "")


SITES: Mapping[str, Callable[[str, str, str, Lines | None], str]] = {
    "github": _github,
    "gitlab": _gitlab,
    "bitbucket": _bitbucket,
}
"""How a site links to lines, by a label of its host name: ``github.com``, ``gitlab.example.com``, ``bitbucket.org``."""


def site_of(host: str) -> str | None:
    """Which of the known sites a host is; a Bitbucket of one's own has other links than ``bitbucket.org``."""
    site = next((label for label in host.lower().split(".") if label in SITES), None)
    return None if site == "bitbucket" and host.lower() != "bitbucket.org" else site


def public_url(remote: str) -> str | None:
    """The address of a remote that may be shown: no user, no password, no query.

    That of a known site is its page (``git@github.com:a/b.git`` gives ``https://github.com/a/b``). ``None`` for a path
    on this machine and for what is no address.
    """
    scp = _SCP.fullmatch(remote)
    text = f"ssh://{scp[1]}/{scp[2].lstrip('/')}" if scp and "://" not in remote else remote
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _SCHEMES or not host:
        return None
    path = quote(parts.path.rstrip("/").removesuffix(".git"), safe="/~%")
    if site_of(host) is not None and (port is None or "ssh" in parts.scheme):
        url = f"https://{host}{path}"
    else:
        at = f"[{host}]" if ":" in host else host
        url = f"{parts.scheme}://{at}{f':{port}' if port is not None else ''}{path}"
    return url if is_uri(url) else None


def link(repo_url: str, revision: str, path: str, lines: Lines | None = None) -> str:
    """A link to lines of a file at a commit; to the repository where it isn't known how its site spells that."""
    site = site_of(urlsplit(repo_url).hostname or "")
    return SITES[site](repo_url, revision, quote(path, safe="/"), lines) if site is not None else repo_url
