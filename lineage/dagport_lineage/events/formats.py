"""The formats that the official schemas name, checked without optional libraries: alike in every installation."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

_CHARACTER = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)"
_USER = r"(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?"
_URI = re.compile(  # RFC 3986; what stands between brackets is taken for an address of IPv6
    r"[A-Za-z][A-Za-z0-9+.-]*:"
    rf"(?://{_USER}{_HOST}(?::[0-9]*)?(?:/{_CHARACTER}*)*|(?!//)(?:{_CHARACTER}|/)*)"
    rf"(?:\?(?:{_CHARACTER}|[/?])*)?(?:#(?:{_CHARACTER}|[/?])*)?"
)
_HOUR = r"(?:[01]\d|2[0-3])"
_DATE_TIME = re.compile(  # RFC 3339
    rf"\d{{4}}-\d\d-\d\dT{_HOUR}:[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-]{_HOUR}:[0-5]\d)", re.IGNORECASE
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def is_uri(text: str) -> bool:
    """Whether a text is a URI, with its scheme."""
    return _URI.fullmatch(text) is not None


def is_date_time(text: str) -> bool:
    """Whether a text is a moment with its time zone."""
    if not text.isascii() or _DATE_TIME.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID, of any version."""
    return _UUID.fullmatch(text) is not None


FORMATS: Mapping[str, Callable[[str], bool]] = {"uri": is_uri, "date-time": is_date_time, "uuid": is_uuid}
