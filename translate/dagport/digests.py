"""Digests of contents, which tell whether two are the same."""

from __future__ import annotations


def sha256(data: bytes) -> str:
    """The SHA-256 of a content, in hexadecimal digits."""
    import hashlib  # start-up: it loads OpenSSL

    return hashlib.sha256(data).hexdigest()
