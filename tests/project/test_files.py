"""From bytes to text: byte order marks, coding lines, and what isn't text."""

from __future__ import annotations

import pytest

from dagport.diagnostics import Diagnostic
from dagport.project.files import decode
from dagport.source import Source


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        ("x = 'ä'\n".encode(), "x = 'ä'\n"),
        ("\ufeffx = 'ä'\n".encode(), "x = 'ä'\n"),
        (b"# -*- coding: latin-1 -*-\nx = '\xe4'\n", "# -*- coding: latin-1 -*-\nx = 'ä'\n"),
        (b"#!/usr/bin/python\n# coding=cp1252\nx = '\x80'\n", "#!/usr/bin/python\n# coding=cp1252\nx = '€'\n"),
        (b"a = 1\r\nb = 2\r", "a = 1\r\nb = 2\r"),
        (b"x = 1\n\n# coding: latin-1\n", "x = 1\n\n# coding: latin-1\n"),  # too late to count
    ],
)
def test_decoded(data: bytes, text: str) -> None:
    assert decode("a.py", data) == Source("a.py", text)


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"x = '\xe4'\n", 1, "byte 0xe4 is not utf-8"),
        (b"a = 1\nb = 2\nx = '\xe4'\n", 3, "byte 0xe4 is not utf-8"),
        (b"# coding: nonsense\n", 1, "unknown encoding"),
        (b"# coding: rot13\nk = 1\n", 1, "rot13"),  # turns text into text: Python refuses it for a source, too
        (b"# coding: ascii\n\nx = '\xe4'\n", 3, "byte 0xe4 is not ascii"),
        (b"\xef\xbb\xbf# coding: latin-1\n", 1, "encoding problem"),
        (b"\x7fELF\0\0\0", None, "NUL bytes"),
        ("x = 1".encode("utf-16"), None, "UTF-16"),
        (b"\x80\x04\x95 pickled", 1, "byte 0x80 is not utf-8"),
    ],
)
def test_not_text(data: bytes, line: int | None, message: str) -> None:
    found = decode("a.py", data)
    assert isinstance(found, Diagnostic)
    assert (found.code, found.path, found.line) == ("DP103", "a.py", line)
    assert message in found.message
