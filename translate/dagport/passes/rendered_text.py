"""The pieces of a rendered text, and the Python that puts them together."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dagport.pycode import requoted, text_constant
from dagport.source import parsed_expression

Kind: TypeAlias = Literal["text", "markup", "date", "pendulum", "interval", "day", "moment", "delta", "data"]
"""Of a value: text; text that Jinja takes for HTML, so that it escapes what is put together with it; a date of the
run, which is a plain ``datetime`` in UTC where Airflow has one of pendulum's; pendulum's own dates, and what lies
between two; a day without a time; a ``datetime`` and a ``timedelta`` in both; any other data that JSON can hold."""


@dataclass(frozen=True, slots=True)
class Part:
    """An expression in Python, and what is known of its value."""

    text: str
    kind: Kind = "data"


TEXTS: frozenset[Kind] = frozenset({"text", "markup"})
Known: TypeAlias = Mapping[str, str | Part]
"""The source for each reference, and what the template has set itself."""


class NoPython(Exception):  # noqa: N818 - never leaves these modules
    """A part of a template has no Python form that is surely the same."""


def as_text(part: Part) -> str:
    """A value as Jinja shows it."""
    return part.text if part.kind in TEXTS else f"str({part.text})"


def closed(expression: str) -> str:
    """An expression that an attribute or an operator can follow."""
    parsed = ast.parse(expression, mode="eval").body
    primary = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.List, ast.Dict, ast.JoinedStr)
    is_text = isinstance(parsed, ast.Constant) and isinstance(parsed.value, str)
    return expression if isinstance(parsed, primary) or is_text else f"({expression})"


# The whole text


def joined(pieces: Sequence[str | Part]) -> str:
    """Pieces as an f-string, one for each line of the text; as a sum where an f-string can't hold them."""
    if len(pieces) == 1 and isinstance(pieces[0], Part) and pieces[0].kind in TEXTS:
        return opened(pieces[0].text)
    lines: list[list[str | Part]] = [[]]
    for piece in pieces:
        if isinstance(piece, Part):
            lines[-1].append(piece)
            continue
        first, *more = piece.splitlines(keepends=True) or [""]
        for text in (first, *more):
            lines[-1].append(text)
            if text.endswith("\n"):
                lines.append([])
    texts = [_line(line) for line in lines if line]
    if not texts:
        return '""'
    if all(text is not None for text in texts):
        return texts[0] or '""' if len(texts) == 1 else "(" + "\n".join(text or "" for text in texts) + ")"
    return " + ".join(text_constant(piece) if isinstance(piece, str) else as_text(piece) for piece in pieces)


def _line(pieces: Sequence[str | Part]) -> str | None:
    if not any(isinstance(piece, Part) for piece in pieces):
        return text_constant("".join(piece for piece in pieces if isinstance(piece, str)))
    shown: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            shown.append(_escaped(piece))
            continue
        text = requoted(opened(piece.text), "'")
        # Python 3.11 and older take none of these between the braces.
        if any(mark in text for mark in ('"', "\\", "#", "\n")):
            return None
        space = " " if text.startswith("{") else ""
        shown.append(f"{{{space}{text}}}")
    return f'f"{"".join(shown)}"'


def opened(text: str) -> str:
    """An expression without the parentheses around all of it."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    try:
        inner = parsed_expression(text[1:-1].strip())
    except SyntaxError:
        return text
    same = ast.dump(inner) == ast.dump(parsed_expression(text))
    return text[1:-1] if same and not isinstance(inner.body, ast.Lambda | ast.NamedExpr | ast.Tuple) else text


def _escaped(text: str) -> str:
    """The inside of an f-string between double quotes."""
    shown = "".join('\\"' if char == '"' else char if char == "'" else repr(char)[1:-1] for char in text)
    return shown.replace("{", "{{").replace("}", "}}")
