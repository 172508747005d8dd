"""Python source text as data: text constants and the quotes around them."""

from __future__ import annotations

import ast
import io
import tokenize


def requoted(expression: str, quote: str) -> str:
    """An expression with its text constants between other quotes, wherever that needs no escape."""
    starts = [0]
    for line in expression.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    pieces: list[str] = []
    at = 0
    for token in tokenize.generate_tokens(io.StringIO(expression).readline):
        value = _plain_text(token.string) if token.type == tokenize.STRING else None
        if value is not None and quote not in value:
            first = starts[token.start[0] - 1] + token.start[1]
            pieces += [expression[at:first], quote, value, quote]
            at = first + len(token.string)
    return "".join([*pieces, expression[at:]])


def text_constant(text: str) -> str:
    """A text as a constant, between double quotes where that needs no escape."""
    shown = repr(text)
    return f'"{shown[1:-1]}"' if shown[0] == "'" and '"' not in text else shown


def _plain_text(token: str) -> str | None:
    """The value of a text constant that needs no escapes, else ``None``."""
    if token[0] not in "\"'" or "\\" in token or "\n" in token:
        return None
    value = ast.literal_eval(token)
    return value if isinstance(value, str) else None
