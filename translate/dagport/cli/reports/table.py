"""Columns of text."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from dagport.cli.console import Stream


def table(
    head: Sequence[str], body: Sequence[Sequence[str]], *, numbers: Container[str], stream: Stream
) -> Iterator[str]:
    """The lines of a table; the columns whose head is in ``numbers`` are aligned to the right."""
    widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]

    def line(cells: Sequence[str]) -> str:
        aligned = (
            cell.rjust(width) if name in numbers else cell.ljust(width)
            for name, cell, width in zip(head, cells, widths, strict=True)
        )
        return "  ".join(aligned).rstrip()

    yield stream.style(line(head), bold=True)
    yield from map(line, body)
