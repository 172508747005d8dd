"""Where something stands in a YAML file, although the text that is parsed has variables put in."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Sequence

from dagport.evaluate.domain import CallSite, ModuleFrame, Scope
from dagport.source import Source, Span


class Places:
    """Turns offsets of the parsed text into spans of the file, and spans into call sites."""

    def __init__(self, source: Source, parsed: str, shifts: Sequence[tuple[int, int]] = ()) -> None:
        self._parsed = parsed
        self._lines = source.lines
        self._starts = [0]
        for line in source.lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._ends = [end for end, _ in shifts]  # offsets behind a variable, in the parsed text
        self._deltas = [delta for _, delta in shifts]  # how far the file's offset is away from there on

    def span(self, start: int, end: int) -> Span:
        """The span between two offsets of the parsed text, without white space at its end."""
        while end > start and self._parsed[end - 1].isspace():
            end -= 1
        return (*self._place(start), *self._place(max(start, end)))

    def _place(self, offset: int) -> tuple[int, int]:
        index = bisect_right(self._ends, offset)
        offset += self._deltas[index - 1] if index else 0
        line = min(bisect_right(self._starts, offset), len(self._lines))
        return line, offset - self._starts[line - 1] + 1


def call_site(module: ModuleFrame, span: Span | None) -> CallSite:
    """The site that stands for a place of the YAML file, as if a call stood there."""
    line, column, end_line, end_column = span or (1, 1, 1, 1)
    lines = module.source.lines
    node = ast.Pass(
        lineno=line,
        col_offset=_bytes(lines, line, column),
        end_lineno=end_line,
        end_col_offset=_bytes(lines, end_line, end_column),
    )
    return CallSite(node, Scope(module, module.names, None))


def _bytes(lines: Sequence[str], line: int, column: int) -> int:
    """The offset that the Python parser would give: in bytes of UTF-8."""
    text = lines[line - 1] if line <= len(lines) else ""
    return column - 1 if text.isascii() else len(text[: column - 1].encode("utf-8", "surrogatepass"))
