"""Environment variables in a YAML file: dag-factory puts them into the text before it is parsed.

Source: ``dagfactory._yaml.load_yaml_file``, which calls ``os.path.expandvars``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dagport.evaluate.needs import is_public

WORD = re.compile(r"\w+", re.ASCII)
COMMENT = re.compile(r"[ \t]*#")
MAX_USES = 1000  # of variables, that are listed; all are put in
NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)  # what a shell can export; `$1` and `${x:-y}` stay as they are


@dataclass(frozen=True, slots=True)
class Use:
    """One variable that a text names."""

    name: str
    start: int  # offsets in the expanded text
    end: int
    given: bool


@dataclass(frozen=True, slots=True)
class Expanded:
    """A text with its known variables put in."""

    text: str
    shifts: tuple[tuple[int, int], ...]  # (offset behind a variable, how far the file's offset is away from there on)
    uses: tuple[Use, ...] = ()


def expand(text: str, environment: Mapping[str, str]) -> Expanded:
    """Put in the variables that are known and may be shown; the others stay as they are written."""
    pieces: list[str] = []
    shifts: list[tuple[int, int]] = []
    uses: list[Use] = []
    done = length = 0
    for start, end, name in _outside_comments(text):
        value = environment.get(name)
        public = value if value is not None and is_public(name, value) else text[start:end]
        pieces += text[done:start], public
        length += start - done
        if len(uses) < MAX_USES:
            uses.append(Use(name, length, length + len(public), value is not None))
        length += len(public)
        done = end
        shifts.append((length, done - length))
    return Expanded("".join((*pieces, text[done:])), tuple(shifts), tuple(uses))


def _references(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and name of every variable, as ``os.path.expandvars`` finds them; in one pass over the text."""
    start, closes = text.find("$"), True
    while start >= 0:
        end, name = start + 1, ""
        if closes and text.startswith("{", end):
            close = text.find("}", end)
            closes = close >= 0
            if closes:
                end, name = close + 1, text[end + 1 : close]
        elif (word := WORD.match(text, end)) is not None:
            end, name = word.end(), word[0]
        if NAME.fullmatch(name):
            yield start, end, name
        start = text.find("$", end)


def _outside_comments(text: str) -> Iterator[tuple[int, int, str]]:
    """The variables in lines that don't begin with ``#``: what one puts there is taken not to end the line."""
    line_end, comment = -1, False
    for start, end, name in _references(text):
        if start > line_end:
            line_start = text.rfind("\n", 0, start) + 1
            line_end = text.find("\n", start)
            line_end = len(text) if line_end < 0 else line_end
            comment = COMMENT.match(text, line_start) is not None
        if not comment:
            yield start, end, name


def why_unknown(name: str, environment: Mapping[str, str]) -> str:
    """Why a variable is left in a text."""
    if name in environment:
        return f"the environment variable {name} is a secret, which is never shown"
    return f"the environment variable {name} is known only in the deployment, or from --env-file"


def unknown_variable(text: str) -> str | None:
    """The first variable that is left in a text."""
    return next((name for _, _, name in _references(text)), None)
