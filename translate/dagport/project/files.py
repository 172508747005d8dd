"""Paths, the text of files, and what is said of those that the system or the encoding refuses."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from dagport.diagnostics import Diagnostic, diagnose
from dagport.source import Source, decoded


def absolute_path(path: Path) -> Path:
    """The path from the file system's root, without ``..``; unlike ``Path.resolve`` it follows no links."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def real_path(path: Path) -> Path:
    """The path with every link followed.

    Raises ``OSError``: ``ENOENT`` for a link to nothing, ``ELOOP`` for links in a circle.
    """
    return Path(os.path.realpath(path, strict=True))


def unopened(path: str, error: OSError) -> Diagnostic:
    """The diagnostic for a file or folder that the system refuses to open."""
    if error.errno == errno.ENOENT:
        return diagnose("DP101", "the link leads nowhere", path)
    if error.errno == errno.ELOOP:
        return diagnose("DP106", "its links go round in a circle", path)
    if isinstance(error, PermissionError):
        return diagnose("DP102", "permission denied", path)
    return diagnose("DP102", (error.strerror or type(error).__name__), path)


def decode(path: str, data: bytes, file: str | None = None) -> Source | Diagnostic:
    """The text of a Python source, by its byte order mark or coding line (PEP 263), else UTF-8."""
    if b"\0" in data:
        return diagnose("DP103", _binary(data), path)
    try:
        return decoded(path, data, file)
    except UnicodeDecodeError as error:
        return diagnose("DP103", f"{_undecodable(data, error)} is not {error.encoding}", path, _line(data, error))
    except (SyntaxError, LookupError) as error:
        return diagnose("DP103", _encoding_trouble(data, error), path, (1, 1, 1, 1))


def _binary(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "it is UTF-16 text, which Python doesn't read"
    return "it holds NUL bytes: a binary file"


def _undecodable(data: bytes, error: UnicodeDecodeError) -> str:
    return f"byte 0x{data[error.start]:02x}"


def _line(data: bytes, error: UnicodeDecodeError) -> tuple[int, int, int, int]:
    line = data.count(b"\n", 0, error.start) + 1
    return (line, 1, line, 1)


def _encoding_trouble(data: bytes, error: Exception) -> str:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as undecodable:
        return f"byte 0x{data[undecodable.start]:02x} is not utf-8"
    return str(error)
