"""Lists that come in pages, complete although rows come, go and move while they are read."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from dagport_adapters.runners.remote.errors import UnexpectedAnswerError

PAGE = 100  # both versions cut longer pages (``[api] maximum_page_limit``)
PASSES = 5


def listed(
    page: Callable[[int, int], Mapping[str, Any]],
    rows_in: str,
    key: Callable[[Mapping[str, Any]], Hashable],
    *,
    whole: bool = True,
) -> list[Mapping[str, Any]]:
    """All rows, each once, of ``page(offset, limit)``.

    A pass in which as many different rows were seen as the server counts, at its beginning and its end, is complete;
    otherwise rows moved between pages and it is read again. ``whole``: raise ``UnexpectedAnswerError`` when that never
    comes to rest; without it the last pass is given, for who asks again soon.
    """
    rows: dict[Hashable, Mapping[str, Any]] = {}
    for _ in range(PASSES):
        rows, first, last = _pass(page, rows_in, key)
        if len(rows) == last == first:
            return list(rows.values())
    if whole:
        raise UnexpectedAnswerError(f"The list of {rows_in} keeps changing while it is read. Try again later")
    return list(rows.values())


def _pass(
    page: Callable[[int, int], Mapping[str, Any]], rows_in: str, key: Callable[[Mapping[str, Any]], Hashable]
) -> tuple[dict[Hashable, Mapping[str, Any]], int, int]:
    rows: dict[Hashable, Mapping[str, Any]] = {}
    offset, first = 0, -1
    while True:
        answer = page(offset, PAGE)
        got, total = rows_of(answer, rows_in), _total(answer, rows_in)
        first = total if first < 0 else first
        rows.update((key(row), row) for row in got)
        offset += len(got)
        if not got or offset >= total:
            return rows, first, total


def rows_of(answer: Any, name: str) -> list[Mapping[str, Any]]:
    """The rows of a page. Raises ``UnexpectedAnswerError``."""
    rows = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise UnexpectedAnswerError(f"The answer has no list of {name}. Is this address Airflow's API?")
    return rows


def _total(answer: Mapping[str, Any], rows_in: str) -> int:
    total = answer.get("total_entries")
    if not isinstance(total, int):
        raise UnexpectedAnswerError(f"The list of {rows_in} doesn't say how long it is")
    return total
