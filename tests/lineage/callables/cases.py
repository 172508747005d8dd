"""Tables of cases in text files.

A case is ``## name => what is said``, then what stands before the function in its module and ``----``, where there is
something, then the code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "cases"
HEAD = re.compile(r"^## (?P<name>.+?) =>(?P<said>.*)$")


@dataclass(frozen=True)
class Case:
    """One row."""

    said: str
    before: str
    code: str


def cases(file: str) -> dict[str, Case]:
    """The cases of a file by their names."""
    found: dict[str, Case] = {}
    for part in re.split(r"^(?=## )", (FOLDER / file).read_text(encoding="utf-8"), flags=re.MULTILINE):
        head, _, rest = part.partition("\n")
        match = HEAD.match(head)
        if match is None:
            assert not part.strip(), head
            continue
        before, mark, code = rest.rpartition("\n----\n")
        assert match["name"] not in found, head
        found[match["name"]] = Case(match["said"].strip(), before if mark else "", code.strip("\n"))
    return found
