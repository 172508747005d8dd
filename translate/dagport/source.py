"""A source file: its text, places in it, and excerpts that show a place."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

Span: TypeAlias = tuple[int, int, int, int]
"""``(line, column, end_line, end_column)``: all from 1, columns in characters, the end exclusive."""

NOWHERE = ""  # the parser opens the file of that name to quote from it in a SyntaxError, wherever we happen to be


@dataclass(frozen=True)
class Source:
    """The text of one file and the path that messages show for it."""

    path: str  # as shown to the user, "/" between parts
    text: str
    file: str | None = None  # its path relative to the project's root; None: the project can't be seen

    @cached_property
    def lines(self) -> list[str]:
        """The lines as the Python parser counts them, without their ends."""
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    @cached_property
    def _is_ascii(self) -> bool:
        return self.text.isascii()

    def column(self, line: int, byte_offset: int) -> int:
        """Column (from 1, in characters) of a UTF-8 byte offset as ``ast`` gives it."""
        if self._is_ascii:
            return byte_offset + 1
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        if text.isascii():
            return byte_offset + 1
        return len(text.encode("utf-8")[:byte_offset].decode("utf-8", "replace")) + 1

    def segment(self, span: Span) -> str:
        """The text between the ends of a span."""
        line, column, end_line, end_column = span
        lines = self.lines[line - 1 : end_line]
        if not lines:
            return ""
        lines[-1] = lines[-1][: end_column - 1]
        lines[0] = lines[0][column - 1 :]
        return "\n".join(lines)

    def excerpt(self, span: Span) -> str:
        """The first line of a span with carets under it, for a terminal."""
        line, column, end_line, end_column = span
        if not 0 < line <= len(self.lines):
            return ""
        text = self.lines[line - 1]
        end = end_column - 1 if end_line == line else len(text)
        margin = f"{line:5} | "
        indent = "".join(char if char == "\t" else " " for char in text[: column - 1])
        carets = "^" * max(1, min(end, len(text)) - column + 1)
        return f"{margin}{text}\n{' ' * (len(margin) - 2)}| {indent}{carets}"


def decoded(path: str, data: bytes, file: str | None = None) -> Source:
    """The text of a Python source, by its byte order mark or coding line (PEP 263), else UTF-8.

    Raises ``SyntaxError`` or ``LookupError`` for an encoding that isn't one, ``UnicodeDecodeError`` for bytes that it
    doesn't have, ``ValueError`` for a binary file.
    """
    from tokenize import detect_encoding

    if b"\0" in data:
        raise ValueError("source code cannot contain null bytes")
    lines = iter(data.splitlines(keepends=True))
    encoding, _ = detect_encoding(lambda: next(lines, b""))
    return Source(path, data.decode(encoding), file)


def parsed(text: str) -> ast.Module:
    """The syntax tree of a Python source; nothing is said of what the parser only warns of, and no file is opened.

    Raises what ``ast.parse`` raises: ``SyntaxError``, ``ValueError``, ``RecursionError``, ``MemoryError``.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as an invalid escape: the engine's business, and not ours
        return ast.parse(text, filename=NOWHERE)


def parsed_expression(text: str) -> ast.Expression:
    """As ``parsed``, of an expression."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text, filename=NOWHERE, mode="eval")
